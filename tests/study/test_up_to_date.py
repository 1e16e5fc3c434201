"""A report is kept exactly while nothing that it depends on has changed."""

from __future__ import annotations

import os

import pytest

from ocr_tf import options
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.study import up_to_date
from ocr_tf.study.config import Study
from ocr_tf.study.study_folder import StudyFolder
from ocr_tf.study.up_to_date import kept_lines, remember
from tests.experiment import tiny
from tests.study import told

CONDITIONS: dict[str, Experiment] = {head: tiny.experiment(head) for head in tiny.HEADS}
LINES = ["ctc is better", "report: report.html"]


@pytest.fixture
def made(tmp_path):
    """The folder of a study with its report, and its settings."""
    folder = StudyFolder(tmp_path / "study")
    (tmp_path / "labels.tsv").write_text("a.png\ta\nb.png\tb\n")
    (tmp_path / "a.png").write_bytes(b"a")
    study = Study.of("which", CONDITIONS, seeds=1, test=(str(tmp_path / "labels.tsv"),))
    for head in CONDITIONS:
        run = told.run(folder.run(head, 0), head)
        told.evaluate(run.path / "evaluations" / "best")
    (folder.report_path / "tables").mkdir(parents=True)
    for name in ("report.html", "tables/rates.csv"):
        (folder.report_path / name).write_text("x")
    remember(folder, study, CONDITIONS, LINES)
    return folder, study


def test_nothing_has_changed(made):
    folder, study = made
    assert list(kept_lines(folder, study, CONDITIONS)) == LINES
    (folder.run("ctc", 0) / "events.out.tfevents.1").write_text("made from the rest")
    assert kept_lines(folder, study, CONDITIONS)


def touched(path):
    os.utime(path, ns=(1, 1))


CHANGES = {
    "an evaluation": lambda folder: touched(
        folder.run("ctc", 0) / "evaluations/best/predictions.jsonl"
    ),
    "the metrics": lambda folder: touched(folder.run("attention", 0) / "metrics.jsonl"),
    "a new evaluation": lambda folder: told.evaluate(folder.run("ctc", 0) / "evaluations/last"),
    "a picture": lambda folder: (folder.path.parent / "b.png").write_bytes(b"b"),
    "a table that was deleted": lambda folder: (folder.report_path / "tables/rates.csv").unlink(),
    "the page that was deleted": lambda folder: (folder.report_path / "report.html").unlink(),
    "no memory": lambda folder: (folder.report_path / "inputs.json").unlink(),
    "a damaged memory": lambda folder: (folder.report_path / "inputs.json").write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_it_depends_on_has_changed(change, made):
    folder, study = made
    CHANGES[change](folder)
    assert kept_lines(folder, study, CONDITIONS) is None


def test_other_settings_conditions_or_code(made, monkeypatch):
    folder, study = made
    other = options.replace(study, {"study.normalize": "alphanumeric"})
    assert kept_lines(folder, other, CONDITIONS) is None
    narrow = {**CONDITIONS, "ctc": options.replace(CONDITIONS["ctc"], {"sequence.units": 8})}
    assert kept_lines(folder, study, narrow) is None
    monkeypatch.setattr(up_to_date, "_code", lambda: "changed")
    assert kept_lines(folder, study, CONDITIONS) is None
