"""The plan in a study's folder: written before the first run, and refused where it is not the folder's."""

from __future__ import annotations

import json

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.study import command, planning, scheduler
from ocr_tf.study.comparison import interim_looks
from ocr_tf.study.config import Study
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny
from tests.study import tiny as tiny_study

CONDITIONS = {head: tiny.experiment(head) for head in tiny.HEADS}
TEST = ("synthetic:digits:count=5:split=test",)
STUDY = Study.of("which", CONDITIONS, test=TEST)


@pytest.fixture
def folder(tmp_path):
    """A folder whose study was begun with a plan."""
    return begun(StudyFolder(tmp_path / "study"))


def begun(folder, study=STUDY):
    folder.make()
    written = planning.declare(folder, study, CONDITIONS)
    folder.write(study.name, CONDITIONS, TEST, written.sha256)
    return folder


def test_the_plan_stays_what_it_was_when_the_study_goes_on(folder):
    content = folder.plan_path.read_bytes()
    other = options.replace(STUDY, {"study.metric": "wer", "study.seeds": 5})
    planning.check(folder, other)
    begun(folder, other)
    assert folder.plan_path.read_bytes() == content
    found = planning.declare(folder, other, CONDITIONS)
    assert (found.plan.metric, found.plan.seeds) == ("cer", 3)


def test_it_is_there_before_the_first_run(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(scheduler, "run", lambda *_: seen.append((tmp_path / "plan.json").exists()))
    monkeypatch.setattr(command.up_to_date, "kept_lines", lambda *_: [])
    study = tiny_study.study("ctc,attention")
    command.run(study, study, tmp_path)
    assert seen == [True] and not list(tmp_path.glob("*/seed-0"))
    told = json.loads((tmp_path / "study.json").read_bytes())["plan"]
    assert told == json.loads((tmp_path / "plan.json").read_bytes())["sha256"]


def test_a_study_that_was_killed_before_it_was_one_plans_anew(tmp_path):
    folder = StudyFolder(tmp_path)
    planning.declare(folder, STUDY, CONDITIONS)
    folder.check("which", CONDITIONS, TEST)
    other = options.replace(STUDY, {"study.metric": "wer"})
    assert planning.declare(folder, other, CONDITIONS).plan.metric == "wer"


def test_a_plan_that_is_not_the_folders_is_refused(folder, tmp_path):
    text = folder.plan_path.read_text()

    def refused(said):
        with pytest.raises(InputError, match=said) as error:
            planning.check(folder, STUDY)
        assert "\n" not in str(error.value) and str(folder.plan_path) in str(error.value)

    folder.plan_path.write_text(text.replace('"cer"', '"wer"'))
    refused("the plan was edited after it was written; restore it, or choose another --workdir")
    folder.plan_path.unlink()
    refused("cannot read the plan: No such file .*; restore it, or")
    other = options.replace(STUDY, {"study.metric": "wer"})
    same_name = begun(StudyFolder(tmp_path / "other"), other)
    folder.plan_path.write_text(same_name.plan_path.read_text())
    refused("not the plan that the study was begun with; restore it, or")
    renamed = begun(StudyFolder(tmp_path / "renamed"), Study.of("whither", CONDITIONS, test=TEST))
    folder.plan_path.write_text(renamed.plan_path.read_text())
    refused("the plan of study whither, not which; restore it, or")
    folder.plan_path.write_text(text)
    planning.check(folder, STUDY)


def test_a_folder_that_was_begun_without_a_plan_has_none(tmp_path):
    folder = StudyFolder(tmp_path)
    folder.write("which", CONDITIONS, TEST)
    assert planning.declare(folder, STUDY, CONDITIONS) is None
    assert not folder.plan_path.exists()
    planning.check(folder, STUDY)
    folder.plan_path.write_text("{}")
    with pytest.raises(
        InputError, match="begun without a plan, so that this is none of its; delete"
    ):
        planning.check(folder, STUDY)


@pytest.mark.parametrize(
    "looks, seeds, said",
    [
        ("5,3", 3, "--study.looks: up to 20 numbers of seeds that go up, as 3,5,10, not 5,3"),
        ("3,3", 3, "that go up, as 3,5,10, not 3,3"),
        ("0,3", 3, "that go up, as 3,5,10, not 0,3"),
        ("3,x", 3, "that go up, as 3,5,10, not 3,x"),
        (",".join(map(str, range(3, 30))), 3, "up to 20 numbers of seeds"),
        ("3,5", 4, "--study.seeds=4 is none of --study.looks=3,5: give one of them"),
    ],
)
def test_looks_that_are_no_series_are_refused(looks, seeds, said):
    with pytest.raises(ValueError, match=said):
        options.replace(STUDY, {"study.looks": looks, "study.seeds": seeds})


def test_a_planned_look_at_fewer_seeds_than_were_seen_is_refused(folder):
    look = interim_looks.InterimLook("2026-12-01T00:00:00+00:00", 5, 5, "cer", True, 0.05, "a", "b")
    interim_looks.append(folder.looks_path, look)
    planning.check(folder, STUDY)  # no looks are planned
    late = options.replace(STUDY, {"study.looks": "3,5,10"})
    with pytest.raises(InputError, match="--study.seeds=3: the study was looked at with 5 seeds"):
        planning.check(folder, late)
    planning.check(folder, options.replace(late, {"study.seeds": 10}))
