"""Several runs evaluated as one: what they read and where it is written, and runs that cannot be joined."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.run_folder import SeenLine
from tests.experiment import untrained

HEADS = ("ctc", "attention")
CONFIG = Evaluate(data=TestData((untrained.SOURCE,)))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[str]:
    """Two runs that have seen none of the lines."""
    folder = tmp_path_factory.mktemp("runs")
    for head in HEADS:
        run = untrained.write(folder / head, head)
        run.folder.remember_lines([SeenLine("train", bytes([1] * 32), 1, "elsewhere/1")])
    return [str(folder / head) for head in HEADS]


def read(path) -> list[predictions.Prediction]:
    return [placed.prediction for placed in predictions.read(path / "predictions.jsonl")]


def test_runs_read_as_one_system(runs, tmp_path):
    output = tmp_path / "both"
    config = dataclasses.replace(CONFIG, ensemble=(runs[1],), output=str(output))
    results = evaluate.run(config, runs[0])
    assert results.ensemble == tuple(runs) and results.run is None and results.system == "both"
    assert predictions.results(output) == results
    assert evaluate.run(config, runs[0]).fingerprint == results.fingerprint  # once more, in place
    alone = []
    for run in runs:
        evaluate.run(CONFIG, run, quiet=True)
        alone.append(read(untrained.Path(run) / "evaluations" / "test"))
    for both, *each in zip(read(output), *alone):
        assert both.text in {one.text for one in each}
        references = [one.reference_log_prob for one in each]
        if None not in references:
            expected = np.log(np.mean(np.exp(references)))
            assert both.reference_log_prob == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({}, "--output is missing: with --ensemble"),
        ({"output": "out", "name": "x"}, "--name=x belongs to a single RUN"),
        ({"output": "out", "ensemble_by": "average"}, "all heads are CTC's"),
        ({"output": "out", "ensemble": ("none",)}, "none: no such run folder"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(runs, settings, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(CONFIG, **{"ensemble": (runs[1],), **settings})
    with pytest.raises(InputError, match=said):
        evaluate.run(config, runs[0])
    assert not list(tmp_path.iterdir())


def test_a_run_named_twice_is_told(runs, tmp_path):
    config = dataclasses.replace(CONFIG, ensemble=(runs[0],), output=str(tmp_path / "out"))
    with pytest.raises(InputError, match="named twice"):
        evaluate.run(config, runs[0])


def test_flags_of_ensembles_do_nothing_without_one(runs):
    for settings in ({"output": "out"}, {"ensemble_by": "average"}):
        with pytest.raises(InputError, match="belongs to"):
            evaluate.run(dataclasses.replace(CONFIG, **settings), runs[0])
