"""A study with seeds that diverge: it ends, names them, and counts them as they read."""

from __future__ import annotations

import json

import jsonschema
import pytest

from ocr_tf.experiment.config import flags
from ocr_tf.experiment.runs import predictions
from ocr_tf.study import command, scheduler
from ocr_tf.study.report import as_json
from tests.study import tiny
from tests.study.report import parsed


@pytest.mark.slow
def test_seeds_that_diverge_do_not_stop_a_study(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scheduler, "WORKER", "tests.study.diverging_worker")
    # CTC's seed 1 before its first checkpoint, attention's after those of steps 3 to 18.
    monkeypatch.setenv("DIVERGES", "ctc=2,attention=20")
    study = tiny.study("ctc,attention")
    given = flags.parse(study, (), program="p", description="d").config
    command.run(study, given, tmp_path)
    said = capsys.readouterr().out

    failed = [line for line in said.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 2 and "seed 1 (loss not finite at step 2, no checkpoint" in failed[0]
    assert "seed 1 (loss not finite at step 20, " in failed[1]
    assert "last checkpoint of step 18)" in failed[1]
    for name in ("best", "last"):
        folder = tmp_path / "ctc" / "seed-1" / "evaluations" / name
        assert {p.text for _, p in predictions.read(folder / predictions.PREDICTIONS)} == {""}
        assert predictions.results(folder).rates.cer == 1
    read = predictions.results(tmp_path / "attention" / "seed-1" / "evaluations" / "last")
    assert (read.checkpoint.step, read.finished) == (18, True)

    report = json.loads((tmp_path / "report" / "report.json").read_text())
    jsonschema.validate(report, json.loads(as_json.SCHEMA.read_text("utf-8")))
    kinds = {
        one["condition"]: {run["seed"]: run["kind"] for run in one["failed"]}
        for one in report["failures"]
    }
    assert kinds["ctc"][1] == kinds["attention"][1] == "diverged"
    assert [row["figures"]["cer"] for row in report["rates"]["last"]["ctc"]][1] == 1
    assert report["controls"]["batches"]["0"].keys() == {"ctc", "attention"}
    assert report["controls"]["batches"]["1"] == {}  # those that diverged were shown fewer
    shown = parsed.Page((tmp_path / "report" / "report.html").read_text()).text
    assert "Trainings that failed" in shown and "every line counts as read as empty text" in shown

    starts = len(list(tmp_path.glob("*/start-*")))
    command.run(study, given, tmp_path)  # nothing is trained again
    assert len(list(tmp_path.glob("*/start-*"))) == starts == 4
    assert "nothing has changed" in capsys.readouterr().out
