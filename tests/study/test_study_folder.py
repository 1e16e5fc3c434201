from __future__ import annotations

import dataclasses

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.study.shared_lines import pin
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny

CONDITIONS = {head: tiny.experiment(head) for head in tiny.HEADS}
TEST = ("synthetic:digits:count=5:split=test",)


@pytest.fixture
def folder(tmp_path):
    return StudyFolder(tmp_path)


def test_the_same_study_goes_on_and_may_grow_or_shrink(folder):
    assert folder.check("which", CONDITIONS, TEST) == []
    folder.write("which", CONDITIONS, TEST)
    assert folder.check("which", CONDITIONS, TEST) == ["ctc", "attention"]
    more = {**CONDITIONS, "slow": options.replace(CONDITIONS["ctc"], {"train.learning_rate": 1e-5})}
    assert folder.check("which", more, TEST) == ["ctc", "attention"]
    folder.write("which", {"slow": more["slow"]}, TEST)
    assert folder.check("which", CONDITIONS, TEST) == ["ctc", "attention", "slow"]


def test_another_study_and_other_flags_are_refused_by_name(folder):
    folder.write("which", CONDITIONS, TEST)
    with pytest.raises(InputError, match="holds study which; choose another --workdir"):
        folder.check("whither", CONDITIONS, TEST)
    with pytest.raises(InputError, match="--data.test=synthetic:digits:count=5:split=test"):
        folder.check("which", CONDITIONS, ("other.tsv",))
    changed = {n: options.replace(e, {"train.steps": 99}) for n, e in CONDITIONS.items()}
    with pytest.raises(InputError, match="condition ctc was started with --train.steps=12, not 99"):
        folder.check("which", changed, TEST)
    swapped = {"ctc": dataclasses.replace(CONDITIONS["attention"], name="ctc")}
    with pytest.raises(InputError, match="started with head ctc, not attention"):
        folder.check("which", swapped, TEST)


def test_foreign_and_damaged_folders_are_refused(folder):
    (folder.path / "holiday.jpg").write_text("x")
    with pytest.raises(InputError, match=r"holds no study \(holiday.jpg"):
        folder.check("which", CONDITIONS, TEST)
    for content in ('{"name": "which", "cond', "[]", "{}", "", '{"conditions": {"ctc": 1}}'):
        (folder.path / "study.json").write_text(content)
        with pytest.raises(InputError, match="study.json: damaged"):
            folder.check("which", CONDITIONS, TEST)


def test_conditions_share_the_lines_that_all_can_use_and_one_alphabet(folder, tmp_path):
    # Six symbols over a digit's width: CTC cannot spell repeats in so few steps, attention can.
    few_steps = {"data.train": ("synthetic:digits:count=120",), "data.max_skipped": 1.0}
    narrow = {
        name: options.replace(e, {**few_steps, "data.width": 24}) for name, e in CONDITIONS.items()
    }
    pinned = pin(folder, narrow, [], TEST)
    lines = folder.lines_path.read_text().split()
    assert 0 < len(lines) < 100
    for name, experiment in pinned.items():
        from ocr_tf.experiment.training import splits

        roles = splits.prepare(experiment)
        assert sorted(d.tobytes().hex() for d in roles.train.digests) == lines, name
        assert experiment.data.alphabet == str(folder.alphabet_path)
    skipped = [line.split("\t") for line in folder.skipped_path.read_text().splitlines()]
    left = {head: {place for name, place, *_ in skipped if name == head} for head in CONDITIONS}
    assert left["attention"] < left["ctc"] and {row[2] for row in skipped} == {"unreachable"}
    before = folder.lines_path.read_bytes()
    assert pin(folder, narrow, ["ctc", "attention"], TEST) == pinned
    assert folder.lines_path.read_bytes() == before
    worse = {"narrow": options.replace(narrow["ctc"], {"data.width": 16})}
    with pytest.raises(InputError, match="condition narrow can use .* of the"):
        pin(folder, worse, ["ctc", "attention"], TEST)


def test_test_lines_are_looked_at_before_training(folder):
    with pytest.raises(InputError, match="44 images that are among the training or validation"):
        pin(folder, CONDITIONS, [], CONDITIONS["ctc"].data.train)
    assert not folder.lines_path.exists()


def test_what_was_pinned_and_is_lost_is_not_pinned_anew(folder):
    pinned = pin(folder, CONDITIONS, [], TEST)
    for lost in (folder.lines_path, folder.alphabet_path):
        content = lost.read_bytes()
        lost.unlink()
        with pytest.raises(InputError, match=f"{lost.name}: missing; restore it"):
            pin(folder, CONDITIONS, list(CONDITIONS), TEST)
        lost.write_bytes(content)
    assert pin(folder, CONDITIONS, list(CONDITIONS), TEST) == pinned
