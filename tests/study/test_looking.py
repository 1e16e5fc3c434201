"""A study that is raised from look to look, on runs that nobody trained: what each look cost and said."""

from __future__ import annotations

import json

import jsonschema
import pytest
from markupsafe import Markup

from ocr_tf.data.dataset import open_source
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.runs.predictions import CheckpointRead
from ocr_tf.study import compare, looking, planning
from ocr_tf.study.comparison import inputs
from ocr_tf.study.config import Compare, Study
from ocr_tf.study.report import as_json, svg
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny
from tests.study import told

TEST = "synthetic:digits:count=60:split=test"
CONDITIONS = {head: tiny.experiment(head) for head in tiny.HEADS}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the runs of ten seeds; attention misreads more lines, by more seeds than chance."""
    folder = StudyFolder(tmp_path_factory.mktemp("trained") / "study")
    right = [sample.text for sample in open_source(TEST).samples]
    for head, least in (("ctc", 6), ("attention", 10)):
        for seed in range(10):
            run = told.run(folder.run(head, seed), head, seed)
            run.metrics.truncate(0)
            run.metrics.append({"step": 12, "val/cer": 0.1, "elapsed": 1800.0, "batches": "b"})
            wrong = least + 3 * seed % 7
            read = ["9" + text[1:] if i % 12 * 5 < wrong else text for i, text in enumerate(right)]
            for checkpoint, step in zip(CHECKPOINTS, (8, 12)):
                at = {"run": str(run.path), "checkpoint": CheckpointRead(checkpoint, step)}
                told.evaluate(
                    run.path / "evaluations" / checkpoint, read, TEST, search="greedy", **at
                )
    return folder


@pytest.fixture
def seen(trained, monkeypatch, capsys):
    """Looks at the study; gives report.json, the page and what was printed."""
    monkeypatch.setattr(inputs, "open_inputs", lambda grid: inputs.Inputs())
    monkeypatch.setattr(compare.event_file, "refresh", lambda run: None)
    monkeypatch.setattr(svg, "_svg", lambda figure, name: Markup(" "))  # takes less time
    monkeypatch.setattr(svg, "_png", lambda figure: b"")
    for path in (trained.plan_path, trained.looks_path, trained.path / "study.json"):
        path.unlink(missing_ok=True)

    def look(seeds, **settings):
        study = Study.of("which", CONDITIONS, test=(TEST,), seeds=seeds, **settings)
        written = planning.declare(trained, study, CONDITIONS)
        trained.write("which", CONDITIONS, (TEST,), written.sha256 if written else None)
        capsys.readouterr()
        compare.study(trained, study, CONDITIONS)
        report = json.loads((trained.report_path / "report.json").read_text())
        page = (trained.report_path / "report.html").read_text()
        return (
            report,
            " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split()),
            capsys.readouterr().out,
        )

    return look


def levels(report):
    return [look["level"] for look in report["interim"]["taken"]]


def test_planned_looks_decide_at_their_own_levels(seen):
    for number, (seeds, level) in enumerate(((3, 0.00034), (5, 0.0052), (10, 0.044))):
        report, page, said = seen(seeds, looks="3,5,10")
        jsonschema.validate(report, json.loads(as_json.SCHEMA.read_text("utf-8")))
        assert levels(report)[number] == level and len(levels(report)) == number + 1
        (pair,) = report["comparisons"]["best"]
        decided = pair["verdict"]
        sure = f"{100 * (1 - level):.6g} %"
        # One decision and one level, everywhere.
        assert decided["confidence"] == pytest.approx(1 - level)
        assert (decided["better"] == "ctc") == (decided["p"] <= level) == (decided["high"] < 0)
        assert (
            f"{sure} interval" in page
            and f"{sure} interval" in said
            and "95 % interval" not in said
        )
        assert f"{sure} interval" in decided["sentence"]
        look = report["interim"]["taken"][number]
        assert (look["value"], look["low"], look["p"]) == tuple(
            decided[name] for name in ("value", "low", "p")
        )
        assert look["planned"] and look["said"] in page
        assert "Declared beforehand: " in page and "plan: declared beforehand" in said
        assert f"look {number + 1} (planned, {seeds} seeds)" in said
        if seeds == 5:
            # Twice five seeds of half an hour each.
            assert "The next planned look is at 10 seeds, at a level of 4.4 %." in page
            assert "train for about 5.0 hours in all" in page
            assert pair["more"]["seeds"]["seeds"] == [10, 10]
            assert pair["more"]["seeds"]["confidence"] == pytest.approx(0.956)
    assert sum(levels(report)) <= 0.05
    assert "3 looks at this study" in page and "The 3 looks so far have spent 4.954 %" in page
    assert 'href="#looks"' in page and 'id="looks"' in page


def test_a_look_that_is_repeated_is_no_new_one_and_unplanned_ones_are_charged(seen, monkeypatch):
    first, page, _ = seen(3)
    assert (
        levels(first) == [0.05] and "No look is planned after this; one would be at 6 seeds" in page
    )
    stamps = [look["when"] for look in first["interim"]["taken"]]
    monkeypatch.setattr(looking.plan, "now", lambda: "2031-01-01T00:00:00+00:00")
    again, _, _ = seen(3)
    assert again["interim"] == first["interim"]
    raised, page, said = seen(4)
    assert levels(raised) == [0.05, 0.005]
    assert [look["when"] for look in raised["interim"]["taken"]] == [
        *stamps,
        "2031-01-01T00:00:00+00:00",
    ]
    (pair,) = raised["comparisons"]["best"]
    assert pair["verdict"]["confidence"] == pytest.approx(0.995)
    assert "Changed after the plan: seeds was 3, is 4." in page and "Declared" not in page
    assert "look 2 (not planned, 4 seeds) at a level of 0.5 %" in said
    back, page, _ = seen(3)
    assert back["interim"]["current"] == 0 and levels(back) == [0.05, 0.005]
    one, other = (report["comparisons"]["best"][0]["verdict"] for report in (first, back))
    assert one == other and "Look 1 of 2, planned" in page


def test_another_question_is_answered_and_named_as_a_change(seen):
    seen(3)
    report, page, said = seen(3, metric="wer", margin="0.5")
    changed = "metric was cer, is wer; margin was none, is 0.5 pp"
    assert f"Changed after the plan: {changed}." in page and "Declared" not in page
    assert f"plan: changed after the plan: {changed}; look 2 (not planned" in said
    assert levels(report) == [0.05, 0.005]
    equivalence = report["comparisons"]["best"][0]["verdict"]["equivalence"]
    assert equivalence["equivalent"] == (equivalence["p"] <= 0.005)


def test_a_folder_that_was_begun_without_a_plan_is_exploratory(seen, trained):
    trained.write("which", CONDITIONS, (TEST,))
    report, page, said = seen(3, looks="3,5")
    assert report["declared"] is None and levels(report) == [0.05]
    assert "Exploratory: the study&#39;s folder was begun without a plan" in page
    assert "Declared" not in page and "exploratory, without a plan; look 1 (planned" in said


def test_runs_are_compared_by_a_plan_that_is_given(seen, trained, tmp_path, capsys):
    seen(3)
    paths = [str(trained.run(head, seed)) for head in CONDITIONS for seed in range(3)]

    def compared(**config):
        output = tmp_path / "compared"
        compare.run(Compare(name="best", output=str(output), **config), paths)
        return (output / "report.html").read_text(), capsys.readouterr().out

    page, said = compared()
    assert "Exploratory: no plan was given" in page and "Declared" not in page
    assert "plan: exploratory, without a plan" in said
    page, said = compared(plan=str(trained.plan_path), metric="wer")
    assert "conditions was ctc, attention, is tiny_ctc, tiny_attention" in page
    assert "changed after the plan: metric was cer, is wer; " in said and "Declared" not in page
    named = {f"tiny_{head}": one for head, one in CONDITIONS.items()}
    folder = StudyFolder(tmp_path / "planned")
    folder.make()
    planning.declare(folder, Study.of("which", named, test=(TEST,)), named)
    page, said = compared(plan=str(folder.plan_path))
    # That a plan lies somewhere does not show that it was there before the runs.
    assert "The question is that of the plan of study which, written on" in page
    assert "beforehand" not in page.lower() and "beforehand" not in said
