"""Several runs read test lines as one; none of them has seen the lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import lines_fingerprint, load_lines
from ocr_tf.decode import parse_search, search_text
from ocr_tf.ensemble import Ensemble
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.evaluate_run import predictions_of, troubles
from ocr_tf.experiment.inference.evaluated import Evaluated, calibration_of, rates_of
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.recognize import Reader
from ocr_tf.experiment.inference.temperature import set_temperature
from ocr_tf.experiment.runs.predictions import EvaluationResults, RateFigures, refuse_other_results
from ocr_tf.experiment.runs.seen_lines import refuse_seen


def evaluate(config: Evaluate, run_folder: str) -> Evaluated:
    """Lets a run and those of --ensemble read the test lines together; see `evaluate.run`."""
    search = parse_search(config.search)
    members = [restore(path, config.checkpoint) for path in (run_folder, *config.ensemble)]
    _refuse_other_images(members)
    for trained in members:
        set_temperature(trained, config.temperature)
        if not trained.finished:
            print(
                f"warning: {trained.folder.path} is not finished; this is what it has so far",
                file=sys.stderr,
            )
    model = Ensemble([trained.model for trained in members], config.ensemble_by)
    first, output = members[0], Path(config.output)
    lines = load_lines(
        open_sources(config.data.test), first.geometry, keep_bad=True, what="test images"
    )
    for trained in members:
        seen = {line.pixels: line.role for line in trained.folder.lines()}
        refuse_seen(lines, seen, "--data.test", trained.folder)
    reader = Reader(model, first.geometry, config.batch_size, search, symbols=True)
    readings = reader.read(lines, "evaluating")
    for bad in lines.bad[:NAMED]:
        print(f"counted as an error: {bad}", file=sys.stderr)
    read = predictions_of(model.alphabet, lines, readings)
    rates = rates_of(read, config.normalize)
    folders = tuple(str(trained.folder.path) for trained in members)
    results = EvaluationResults(
        system=config.system or output.resolve().name,
        test=tuple(config.data.test),
        fingerprint=lines_fingerprint(lines),
        rates=RateFigures.from_rates(rates),
        troubled_lines=troubles(first, lines, readings),
        ensemble=folders,
        search=search_text(search),
        calibration=calibration_of(read, config.normalize),
    )
    refuse_other_results(output, results)
    title = f"{len(members)} runs by {config.ensemble_by}: {', '.join(folders)}"
    return Evaluated(output, title, read, rates, results)


def _refuse_other_images(members: Sequence[Trained]) -> None:
    for other in members[1:]:
        if other.geometry != members[0].geometry:
            raise InputError(
                f"--ensemble: {other.folder.path} and {members[0].folder.path} bring images to different "
                "sizes (--data.height, width, rotate); name runs that see the same"
            )
