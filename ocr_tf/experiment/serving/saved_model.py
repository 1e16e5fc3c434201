"""Exports a run: a SavedModel that needs only TensorFlow, or a TensorFlow Lite file.

TensorFlow-free until the run is loaded, so that wrong paths and flags are told at once.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_tf.atomic import atomic_write
from ocr_tf.decode import Search, parse_search, search_text, several
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.temperature import parse_temperature
from ocr_tf.experiment.serving.config import Export
from ocr_tf.experiment.serving.export_folder import ABOUT, EXTRA
from ocr_tf.heads import CTCAttention

if TYPE_CHECKING:
    from ocr_tf.experiment.inference.load import Trained


def run(config: Export, run_folder: str, output: str) -> None:
    """Writes a folder, or a file if its name ends in .tflite, under a temporary name and renames it.

    Raises:
        InputError: no run, the output exists, or flags that do not go together.
    """
    target = Path(output)
    lite = target.suffix == ".tflite"
    search = _check(config, run_folder, target, lite)
    from ocr_tf.experiment.inference.load import restore  # Here: it loads TensorFlow.
    from ocr_tf.experiment.inference.temperature import set_temperature

    trained = restore(run_folder, config.checkpoint)
    set_temperature(trained, config.temperature)
    if not trained.finished:
        print(f"warning: {run_folder} is not finished; this is what it has so far", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    if lite:
        from ocr_tf.experiment.serving import tflite

        atomic_write(target, tflite.convert(trained, about(trained, search)))
        takes = "pixels, widths (one line) -> ids, lengths, log_prob"
    else:
        takes = ", ".join(_save(trained, config, search, target))
    print(f"{target}: {takes}; step {trained.step} of {run_folder}")


def _check(config: Export, run_folder: str, target: Path, lite: bool) -> Search:
    """Refuses what could not be written, and flags that go together badly; gives the search."""
    search = parse_search(config.search)
    parse_temperature(config.temperature)
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists; choose another name or remove it")
    default = Export()
    if lite and search != parse_search(default.search):
        raise InputError(
            f"--search={config.search}: a TensorFlow Lite file searches greedily; leave it out"
        )
    if search.best > 1:
        raise InputError(
            f"--search={config.search}: the signatures of one text give the best; for more use "
            f"--n_best={search.best}"
        )
    if lite and config.n_best not in (0, default.n_best):
        raise InputError(
            f"--n_best={config.n_best}: a TensorFlow Lite file gives one text; leave it out"
        )
    if config.beam != default.beam and (lite or not config.n_best):
        owner = "a TensorFlow Lite file searches greedily" if lite else "--n_best=0 needs no beam"
        raise InputError(f"--beam={config.beam}: {owner}; leave it out")
    greedy = search == parse_search(default.search)
    if config.beam != default.beam and not greedy:
        raise InputError(
            f"--beam={config.beam}: n_best searches as --search={config.search} says; leave it out"
        )
    if greedy and config.n_best > config.beam:
        raise InputError(
            f"--n_best={config.n_best}: at most --beam={config.beam}; give a wider one"
        )
    if config.n_best:
        _n_best_search(config, search)
    experiment = RunFolder.open(run_folder).experiment
    if lite and isinstance(experiment.head, CTCAttention):
        raise InputError(
            f"{target}: a TensorFlow Lite file cannot hold the head {experiment.head_name}; "
            "export a SavedModel, under a name without .tflite"
        )
    check_writable(target, str(target), parents=True)
    return search


def _n_best_search(config: Export, search: Search) -> Search:
    """Makes the search of the signature n_best; it gives fewer than usual where the search keeps fewer."""
    count = config.n_best
    if count == Export().n_best and search != parse_search(Export().search):
        count = min(count, search.widest().best)
    return several(search, count, config.beam)


def about(trained: Trained, search: Search) -> bytes:
    """Describes an export, as JSON."""
    content = {
        "experiment": trained.experiment.name,
        "run": str(trained.folder.path),
        "step": trained.step,
        "search": search_text(search),
        "temperature": trained.model.head.temperature,
        "geometry": dataclasses.asdict(trained.geometry),
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _save(trained: Trained, config: Export, search: Search, target: Path) -> list[str]:
    """Writes the SavedModel and what belongs beside it; gives the names of its signatures."""
    import tensorflow as tf

    from ocr_tf.experiment.serving import warmup
    from ocr_tf.experiment.serving.signatures import Serving

    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        n_best_search = _n_best_search(config, search) if config.n_best else None
        serving = Serving(trained, n_best_search, search)
        signatures = serving.signatures()
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(serving, str(temporary), signatures, options)
        (temporary / EXTRA).mkdir(exist_ok=True)
        atomic_write(temporary / ABOUT, about(trained, search))
        warmup.write(temporary / EXTRA / warmup.NAME, list(signatures), serving.geometry)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return list(signatures)
