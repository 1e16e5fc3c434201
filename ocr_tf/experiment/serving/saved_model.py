"""A run as what serves: a SavedModel that needs only TensorFlow, or a TensorFlow Lite file."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Optional

import tensorflow as tf

from ocr_tf.decode import Beam, Search
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.runs.atomic import atomic_write
from ocr_tf.experiment.serving import tflite, warmup
from ocr_tf.experiment.serving.config import Export
from ocr_tf.experiment.serving.signatures import Serving

EXTRA = Path("assets.extra")
ABOUT = EXTRA / "ocr_tf.json"


def run(config: Export, run_folder: str, output: str) -> None:
    """Writes a folder, or a file if its name ends in .tflite, under a temporary name and renames it.

    Raises:
        InputError: no run, the output exists, or flags that do not go together.
    """
    target = Path(output)
    if target.exists():
        raise InputError(f"{target} exists; choose another name or remove it")
    if config.n_best > config.beam:
        raise InputError(
            f"--n_best={config.n_best}: at most --beam={config.beam}; give a wider one"
        )
    trained = restore(run_folder, config.checkpoint)
    if not trained.finished:
        print(f"warning: {run_folder} is not finished; this is what it has so far", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".tflite":
        atomic_write(target, tflite.convert(trained, about(trained)))
        takes = "pixels, widths (one line) -> ids, lengths, log_prob"
    else:
        beam = Beam(config.beam, config.n_best) if config.n_best else None
        takes = ", ".join(_save(trained, beam, target))
    print(f"{target}: {takes}; step {trained.step} of {run_folder}")


def about(trained: Trained) -> bytes:
    """What an export says of itself, as JSON."""
    content = {
        "experiment": trained.experiment.name,
        "run": str(trained.folder.path),
        "step": trained.step,
        "geometry": dataclasses.asdict(trained.experiment.geometry),
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _save(trained: Trained, n_best_search: Optional[Search], target: Path) -> list[str]:
    """Writes the SavedModel and what belongs beside it; the names of its signatures."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        serving = Serving(trained, n_best_search)
        signatures = serving.signatures()
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(serving, str(temporary), signatures, options)
        (temporary / EXTRA).mkdir(exist_ok=True)
        atomic_write(temporary / ABOUT, about(trained))
        warmup.write(temporary / EXTRA / warmup.NAME, list(signatures), serving.geometry)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return list(signatures)
