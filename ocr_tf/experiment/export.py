"""A run as a SavedModel that needs only TensorFlow: encoded images in, texts out, the search inside."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import tensorflow as tf

from ocr_tf.errors import InputError
from ocr_tf.experiment import preflight
from ocr_tf.experiment.atomic import atomic_write
from ocr_tf.experiment.restore import restore
from ocr_tf.experiment.serving import Serving
from ocr_tf.experiment.tools import Export

ABOUT = Path("assets.extra") / "ocr_tf.json"


def run(config: Export, run_folder: str, output: str) -> None:
    """Writes the SavedModel under a temporary name and renames it.

    Raises:
        InputError: no run, or the output exists.
    """
    target = Path(output)
    if target.exists():
        raise InputError(f"{target} exists; choose another folder or remove it")
    trained = restore(run_folder, config.checkpoint)
    geometry = preflight.geometry(trained.experiment)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        serving = Serving(trained.model, geometry, str(trained.folder.path / "alphabet.txt"))
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        signatures = {"serving_default": serving.read}
        tf.saved_model.save(serving, str(temporary), signatures, options)
        about = {
            "experiment": trained.experiment.name,
            "run": str(trained.folder.path),
            "step": trained.step,
            "geometry": dataclasses.asdict(geometry),
        }
        (temporary / ABOUT).parent.mkdir(exist_ok=True)
        atomic_write(temporary / ABOUT, (json.dumps(about, indent=2) + "\n").encode())
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    print(
        f"{target}: images (encoded, [B]) -> text, log_prob, ok; step {trained.step} of {run_folder}"
    )
