"""Measures the readings of a run, or of any other system: rates with counts, a prediction a line.

TensorFlow is loaded for a run only: predictions that come in a file are scored without it, and a classical
recognizer reads without it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ocr_tf import options
from ocr_tf.classical.model_file import is_model
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import fingerprint_of, image_digests
from ocr_tf.decode import parse_search
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import evaluate_classical
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.evaluated import (
    TROUBLES,
    Evaluated,
    calibration_of,
    rates_of,
)
from ocr_tf.experiment.inference.join import join
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.predictions import (
    EvaluationResults,
    RateFigures,
    refuse_other_results,
)
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.temperature import parse_temperature
from ocr_tf.experiment.tensorboard import event_file
from ocr_tf.library_lines import without_library_lines

# Flags that mean something to one of the two kinds of evaluation alone.
OF_A_RUN = ("checkpoint", "batch_size", "search", "temperature", "name", "ensemble", "ensemble_by")
OF_PREDICTIONS = ("missing",)
OF_OTHERS = ("output", "system")  # of what is no single run
OF_NETWORKS = tuple(name for name in OF_A_RUN if name != "search")
OF_ENSEMBLES = ("ensemble_by",)


def run(config: Evaluate, run_folder: str = "", quiet: bool = False) -> EvaluationResults:
    """Measures readings; prints, writes and returns the results.

    They are results.json and predictions.jsonl, in RUN/evaluations/NAME or in --output.

    Raises:
        InputError: not exactly one of a run and --predictions; no run, bad test data, or test lines
            that the run was trained or selected on; predictions that do not fit the test lines.
    """
    if config.predictions and run_folder:
        raise InputError(
            f"{run_folder} and --predictions={config.predictions}: one at a time; leave one out"
        )
    if config.predictions:
        _refuse_changed(config, OF_A_RUN, "a RUN")
        evaluated = _of_predictions(config)
    elif is_model(run_folder):
        _refuse_changed(config, (*OF_NETWORKS, *OF_PREDICTIONS), "a run or --predictions")
        evaluated = evaluate_classical.evaluate(config, run_folder)
    elif run_folder:
        _refuse_changed(config, OF_PREDICTIONS, "--predictions")
        if not config.ensemble:
            _refuse_changed(
                config, OF_OTHERS, "--predictions, --ensemble or a classical recognizer"
            )
            _refuse_changed(config, OF_ENSEMBLES, "--ensemble")
        parse_search(config.search)  # What is wrong is told before TensorFlow is loaded.
        parse_temperature(config.temperature)
        _check_run(config, run_folder)
        # Here, because they load TensorFlow.
        from ocr_tf.experiment.inference import evaluate_ensemble, evaluate_run

        how = evaluate_ensemble if config.ensemble else evaluate_run
        with without_library_lines():
            evaluated = how.evaluate(config, run_folder)
    else:
        raise InputError("RUN is missing: name a run folder, or another system's --predictions")
    predictions.write(evaluated.output, evaluated.results, evaluated.predictions)
    if run_folder and not is_model(run_folder) and not config.ensemble:
        event_file.refresh(RunFolder(run_folder))
    if not quiet:
        _print(evaluated)
    return evaluated.results


def _refuse_changed(config: Evaluate, names: tuple[str, ...], owner: str) -> None:
    """Refuses a flag that would do nothing."""
    defaults = {leaf.name: leaf.value for leaf in options.leaves(Evaluate())}
    for leaf in options.leaves(config):
        if leaf.name in names and leaf.value != defaults[leaf.name]:
            raise InputError(f"--{leaf.name}={leaf.value} belongs to {owner}; leave it out")


def _check_run(config: Evaluate, run_folder: str) -> None:
    """Refuses wrong paths before TensorFlow, which takes seconds to load, is needed."""
    if "/" in config.name or config.name in ("", ".", ".."):
        raise InputError(f"--name={config.name}: one folder name, without slashes")
    folder = RunFolder.open(run_folder)
    open_sources(config.data.test)
    if config.ensemble:
        _check_ensemble(config, folder)
        return
    check_writable(folder.path / "evaluations" / config.name, run_folder, parents=True)


def _check_ensemble(config: Evaluate, first: RunFolder) -> None:
    _refuse_changed(config, ("name",), "a single RUN")
    if not config.output:
        raise InputError(
            "--output is missing: with --ensemble, the folder for results.json and predictions.jsonl"
        )
    known = {first.path.resolve()}
    for path in config.ensemble:
        folder = RunFolder.open(path).path.resolve()
        if folder in known:
            raise InputError(f"--ensemble={path}: named twice; name each run once")
        known.add(folder)
    check_writable(Path(config.output), f"--output={config.output}", parents=True)


def _print(evaluated: Evaluated) -> None:
    rates = evaluated.rates
    print(f"{evaluated.title}, {rates.lines} lines")
    print(rates.table())
    if evaluated.results.calibration is not None:
        print(evaluated.results.calibration.table())
    for kind, number in evaluated.results.troubled_lines.items():
        if number:
            print(f"{number} of {rates.lines} lines: {TROUBLES[kind]}")
    print(f"written to {evaluated.output}")


# Predictions that come in a file


def _of_predictions(config: Evaluate) -> Evaluated:
    if not config.output:
        raise InputError(
            "--output is missing: with --predictions, the folder for results.json and "
            "predictions.jsonl"
        )
    output = Path(config.output)
    check_writable(output, f"--output={output}", parents=True)
    system = config.system or output.resolve().name
    source = open_sources(config.data.test)
    placed = predictions.read(config.predictions)
    joined, missing = join(
        placed,
        source.samples,
        file=config.predictions,
        test=config.data.test,
        way_out=""
        if config.missing == "empty"
        else "or count them as read empty with --missing=empty",
    )
    images, bad = image_digests(source, "test images")
    rates = rates_of(joined, config.normalize)
    evaluation = EvaluationResults(
        system=system,
        test=tuple(config.data.test),
        fingerprint=fingerprint_of(source.ids, source.texts, images),
        rates=RateFigures.from_rates(rates),
        troubled_lines={
            "missing": missing,
            "unreadable": sum(not p.ok for p in joined) - missing,
            "empty": sum(not p.reference for p in joined),
            "not_ended": sum(p.ok and not p.ended for p in joined),
        },
        predictions=config.predictions,
        calibration=calibration_of(joined, config.normalize),
    )
    refuse_other_results(output, evaluation)
    if bad:
        print(f"warning: {len(bad)} images cannot be read; the first: {bad[0]}", file=sys.stderr)
    return Evaluated(output, system, joined, rates, evaluation)
