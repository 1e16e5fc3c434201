"""A run that diverged before its first checkpoint: every test line counts as read as empty text."""

from __future__ import annotations

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import lines_fingerprint, load_lines
from ocr_tf.decode import parse_search, search_text
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.evaluate_run import predictions_of
from ocr_tf.experiment.inference.evaluated import rates_of
from ocr_tf.experiment.inference.recognize import Reading
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import (
    NO_CHECKPOINT,
    CheckpointRead,
    EvaluationResults,
    RateFigures,
)
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.seen_lines import refuse_seen


def run(config: Evaluate, run_folder: str) -> EvaluationResults:
    """Writes the evaluation of a run that has no network to read with; returns its results.

    Raises:
        InputError: there is no run, or the test data are bad or were trained or selected on.
    """
    folder = RunFolder.open(run_folder)
    experiment = folder.experiment
    lines = load_lines(
        open_sources(config.data.test), experiment.geometry, keep_bad=True, what="test images"
    )
    refuse_seen(lines, {line.pixels: line.role for line in folder.lines()}, "--data.test", folder)
    nothing = [Reading("", None, None, ended=True, ok=False)] * len(lines.samples)
    read = predictions_of(folder.alphabet, lines, nothing)
    results = EvaluationResults(
        system=experiment.name,
        test=tuple(config.data.test),
        fingerprint=lines_fingerprint(lines),
        rates=RateFigures.from_rates(rates_of(read, config.normalize)),
        run=str(folder.path),
        experiment=experiment.name,
        seed=experiment.train.seed,
        search=search_text(parse_search(config.search)),
        checkpoint=CheckpointRead(NO_CHECKPOINT, 0),
        finished=True,
    )
    predictions.write(folder.evaluations_path / config.name, results, read)
    return results
