"""A classical recognizer reads test lines that its training has not seen; TensorFlow-free."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ocr_tf.classical.guided import check_search, guided
from ocr_tf.classical.images import pixels_key, read_line
from ocr_tf.classical.model_file import Model, load
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import fingerprint_of, image_digests
from ocr_tf.data.source import Source
from ocr_tf.decode import Search, parse_search, search_text
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.evaluated import Evaluated, calibration_of, rates_of
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.predictions import (
    EvaluationResults,
    Prediction,
    RateFigures,
    refuse_other_results,
)
from ocr_tf.progress import Progress


def evaluate(config: Evaluate, path: str) -> Evaluated:
    """Lets a classical recognizer read the test lines; see `evaluate.run`.

    Raises:
        InputError: no --output, a search that it does not have, a file that is none, or test lines that
            it was trained on.
    """
    if not config.output:
        raise InputError(
            "--output is missing: with a classical recognizer, the folder for results.json and "
            "predictions.jsonl"
        )
    output = Path(config.output)
    check_writable(output, f"--output={output}", parents=True)
    search = parse_search(config.search)
    check_search(search, f"--search={config.search}")
    model = load(path)
    source = open_sources(config.data.test)
    read, seconds = read_lines(model, source, search)
    digests, _ = image_digests(source, "test images")
    rates = rates_of(read, config.normalize)
    milliseconds = 1000 * seconds / max(1, len(read))
    results = EvaluationResults(
        system=config.system or output.resolve().name,
        test=tuple(config.data.test),
        fingerprint=fingerprint_of(source.ids, source.texts, digests),
        rates=RateFigures.from_rates(rates),
        troubled_lines={
            "unreadable": sum(not p.ok for p in read),
            "unknown_symbol": sum(
                bool(model.recognizer.alphabet.unknown(p.reference or "")) for p in read
            ),
            "empty": sum(not p.reference for p in read),
        },
        classical=path,
        milliseconds=milliseconds,
        search=search_text(search),
        training_seconds=model.seconds,
        calibration=calibration_of(read, config.normalize),
    )
    refuse_other_results(output, results)
    title = f"{path}, classical recognizer ({model.classifier}), {milliseconds:.1f} ms a line"
    return Evaluated(output, title, read, rates, results)


def read_lines(
    model: Model, source: Source, search: Search, flag: str = "--data.test"
) -> tuple[list[Prediction], float]:
    """Reads all lines: predictions with their references, and the seconds that decoded images took.

    Raises:
        InputError: the recognizer was trained on some of the lines that `flag` has named.
    """
    recognizer, how = model.recognizer, guided(search, model.recognizer.alphabet)
    seen = set(model.seen.tolist())
    read: list[Prediction] = []
    again, bad, seconds = [], [], 0.0
    progress = Progress("evaluating", len(source))
    for i, sample in enumerate(source.samples):
        image = read_line(source, i)
        reference = recognizer.alphabet.canonical(sample.text)
        if image.trouble:
            bad.append(image.trouble)
            read.append(Prediction(sample.id, "", reference, ok=False))
            continue
        if pixels_key(image.pixels) in seen:
            again.append(sample.place)
        began = time.perf_counter()
        (text,) = recognizer.recognize([image.pixels], how.guide, how.width)
        seconds += time.perf_counter() - began
        read.append(
            Prediction(
                sample.id, text.text, reference, log_prob=text.log_prob, objective=text.objective
            )
        )
        progress.show(i + 1)
    progress.clear()
    if again:
        raise InputError(
            f"{flag} holds {len(again)} images that the recognizer was trained on: "
            f"{', '.join(again[:NAMED])}{', ...' if len(again) > NAMED else ''}; take them out"
        )
    for trouble in bad[:NAMED]:
        print(f"counted as an error: {trouble}", file=sys.stderr)
    return read, seconds
