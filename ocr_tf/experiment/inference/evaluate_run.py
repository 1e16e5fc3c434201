"""A run reads test lines that neither its training nor its validation has seen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import Lines, lines_fingerprint, load_lines
from ocr_tf.decode import parse_search, search_text
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.experiment import unwritable
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.evaluated import (
    TROUBLES,
    Evaluated,
    calibration_of,
    rates_of,
)
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.recognize import Reader, Reading
from ocr_tf.experiment.inference.temperature import set_temperature
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import (
    CheckpointRead,
    EvaluationResults,
    Prediction,
    RateFigures,
)
from ocr_tf.experiment.runs.seen_lines import refuse_seen


def evaluate(config: Evaluate, run_folder: str) -> Evaluated:
    """Lets a run read the test lines; see `ocr_tf.experiment.inference.evaluate.run`."""
    search = parse_search(config.search)
    trained = restore(run_folder, config.checkpoint)
    set_temperature(trained, config.temperature)
    experiment, folder = trained.experiment, trained.folder
    geometry = trained.geometry
    lines = load_lines(open_sources(config.data.test), geometry, keep_bad=True, what="test images")
    seen = {line.pixels: line.role for line in folder.lines()}
    refuse_seen(lines, seen, "--data.test", folder)
    output = folder.path / "evaluations" / config.name
    fingerprint = lines_fingerprint(lines)
    _refuse_other_lines(output, fingerprint)
    if not trained.finished:
        print(f"warning: {run_folder} is not finished; this is what it has so far", file=sys.stderr)
    reader = Reader(trained.model, geometry, config.batch_size, search, symbols=True)
    readings = reader.read(lines, "evaluating")
    for bad in lines.bad[:NAMED]:
        print(f"counted as an error: {bad}", file=sys.stderr)
    read = predictions_of(trained.model.alphabet, lines, readings)
    rates = rates_of(read, config.normalize)
    temperature = trained.model.head.temperature
    tempered = "" if temperature == 1 else f", temperature {temperature:.4g}"
    return Evaluated(
        output=output,
        title=f"{folder.path}, {config.checkpoint} checkpoint (step {trained.step}){tempered}",
        predictions=read,
        rates=rates,
        results=EvaluationResults(
            system=experiment.name,
            test=tuple(config.data.test),
            fingerprint=fingerprint,
            rates=RateFigures.from_rates(rates),
            troubled_lines=troubles(trained, lines, readings),
            run=str(folder.path),
            experiment=experiment.name,
            seed=experiment.train.seed,
            search=search_text(search),
            temperature=temperature,
            checkpoint=CheckpointRead(config.checkpoint, trained.step),
            finished=trained.finished,
            training_seconds=folder.checkpoints.state().elapsed,
            calibration=calibration_of(read, config.normalize),
        ),
    )


def _refuse_other_lines(output: Path, fingerprint: str) -> None:
    """Refuses to overwrite results of other lines."""
    before = predictions.results(output)
    if before is not None and before.fingerprint != fingerprint:
        raise InputError(f"{output} holds results of other test lines; choose another --name")


def predictions_of(
    alphabet: Alphabet, lines: Lines, readings: Sequence[Reading]
) -> list[Prediction]:
    """Puts each reading beside its line's reference."""
    return [
        Prediction(id=line.id, reference=alphabet.canonical(line.text), **reading._asdict())
        for line, reading in zip(lines.samples, readings)
    ]


def troubles(trained: Trained, lines: Lines, readings: Sequence[Reading]) -> dict[str, int]:
    """Counts lines that no model of this kind could get right, and the like, by kind of TROUBLES."""
    alphabet, experiment = trained.model.alphabet, trained.experiment
    counts = {kind: 0 for kind in TROUBLES if kind != "missing"}
    for text, width, reading in zip(lines.texts, lines.widths, readings):
        counts["unreadable"] += not reading.ok
        counts["not_ended"] += reading.ok and not reading.ended
        counts["empty"] += not text
        problem = unwritable(experiment, alphabet, text, int(width))
        kind = problem[0] if problem else ""
        counts["unknown_symbol"] += kind == "symbol"
        counts["unreachable"] += reading.ok and kind == "unreachable"
    return counts
