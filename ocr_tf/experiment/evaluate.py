"""Measures a run on test lines: rates with their counts, and a prediction for every line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ocr_tf.data import pipeline
from ocr_tf.data.source import open_sources
from ocr_tf.errors import InputError
from ocr_tf.experiment import preflight
from ocr_tf.experiment.atomic import atomic_write
from ocr_tf.experiment.reading import Reader, Reading
from ocr_tf.experiment.restore import Trained, restore
from ocr_tf.experiment.tools import Evaluate
from ocr_tf.metrics.rates import Rates, measure


def run(config: Evaluate, run_folder: str, quiet: bool = False) -> dict[str, Any]:
    """Writes RUN/evaluations/NAME/{results.json,predictions.jsonl}, prints and returns the results.

    Raises:
        InputError: no run, bad test data, or test lines that the run was trained or selected on.
    """
    if "/" in config.name or config.name in ("", ".", ".."):
        raise InputError(f"--name={config.name}: one folder name, without slashes")
    trained = restore(run_folder, config.checkpoint)
    geometry = preflight.geometry(trained.experiment)
    lines = pipeline.load(
        open_sources(config.data.test), geometry, keep_bad=True, what="test images"
    )
    seen = {digest: role for role, digest, _ in trained.folder.lines()}
    preflight.refuse_seen(lines, seen, "--data.test", trained.folder)
    output = trained.folder.path / "evaluations" / config.name
    fingerprint = pipeline.fingerprint(lines)
    _refuse_other_lines(output, fingerprint)
    if not trained.finished:
        print(f"warning: {run_folder} is not finished; this is what it has so far", file=sys.stderr)
    reader = Reader(trained.model, geometry, config.batch_size)
    readings = reader.read(lines, "evaluating")
    rates = measure(
        ((line.text, reading.text) for line, reading in zip(lines.samples, readings)),
        config.normalise,
    )
    results = {
        "run": str(trained.folder.path),
        "experiment": trained.experiment.name,
        "seed": trained.experiment.train.seed,
        "checkpoint": {"which": config.checkpoint, "step": trained.step},
        "test": list(config.data.test),
        "finished": trained.finished,
        "training_seconds": trained.folder.load_checkpoint("last").state["elapsed"],
        "fingerprint": fingerprint,
        "rates": rates.as_dict(),
        "troubled_lines": _troubles(trained, lines, readings),
    }
    output.mkdir(parents=True, exist_ok=True)
    records = (_record(line, reading) for line, reading in zip(lines.samples, readings))
    predictions = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    atomic_write(output / "predictions.jsonl", predictions.encode())
    text = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    atomic_write(output / "results.json", text.encode())
    if not quiet:
        _print(results, rates, lines, output)
    return results


def _refuse_other_lines(output: Path, fingerprint: str) -> None:
    """Results of other lines are not overwritten."""
    try:
        before = json.loads((output / "results.json").read_bytes())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if before != fingerprint:
        raise InputError(f"{output} holds results of other test lines; choose another --name")


def _print(results: dict[str, Any], rates: Rates, lines: pipeline.Lines, output: Path) -> None:
    for bad in lines.bad[: preflight.NAMED]:
        print(f"counted as an error: {bad}", file=sys.stderr)
    print(
        f"{results['run']}, {results['checkpoint']['which']} checkpoint (step "
        f"{results['checkpoint']['step']}), {len(lines)} lines"
    )
    print(rates.table())
    for kind, number in results["troubled_lines"].items():
        if number:
            print(f"{number} of {len(lines)} lines: {TROUBLES[kind]}")
    print(f"written to {output}")


TROUBLES = {
    "unreadable": "no usable image; counted as read empty",
    "unknown_symbol": "the reference holds a symbol outside the alphabet",
    "unreachable": "the reference needs more steps than the image gives",
    "empty": "the reference is empty",
    "not_ended": "the search hit its bound before the end of the text",
}


def _troubles(trained: Trained, lines: pipeline.Lines, readings: list[Reading]) -> dict[str, int]:
    """Lines that no model of this kind could get right, and the like: they stay, and are counted."""
    alphabet, experiment = trained.model.alphabet, trained.experiment
    counts = dict.fromkeys(TROUBLES, 0)
    for text, width, reading in zip(lines.texts, lines.widths, readings):
        counts["unreadable"] += not reading.ok
        counts["not_ended"] += reading.ok and not reading.ended
        counts["empty"] += not text
        if alphabet.unknown(text):
            counts["unknown_symbol"] += 1
        elif reading.ok:
            needed = experiment.head.needed_steps(alphabet.encode(text))
            counts["unreachable"] += needed > experiment.encoder.steps(int(width))
    return counts


def _record(line: Any, reading: Reading) -> dict[str, Any]:
    return {
        "id": line.id,
        "text": reading.text,
        "reference": line.text,
        "log_prob": reading.log_prob,
        "reference_log_prob": reading.reference_log_prob,
        "ended": reading.ended,
        "ok": reading.ok,
    }
