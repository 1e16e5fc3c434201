"""A run as one TensorFlow Lite file of built-in operations: a prepared line in, its text's ids out.

What the converter refuses: more than one line at a time, because the loops' arrays must have elements of
a known shape, and bfloat16, so that a run trained in it is converted in float32.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained, assign, build, variables
from ocr_tf.graphs import graph
from ocr_tf.types import Images


def convert(trained: Trained, about: bytes) -> bytes:
    """The file: a model whose only signature takes pixels [1, H, W, 1] and widths [1].

    It gives ids [1, L], lengths [1] and log_prob [1]. The file is a ZIP archive too, as TensorFlow Lite's
    associated files are, with `alphabet.txt` and `ocr_tf.json`.

    Raises:
        InputError: the converter refuses the network.
    """
    experiment = options.replace(trained.experiment, {"train.bfloat16": "false"})
    model = build(experiment, trained.model.alphabet)
    model.head.temperature = trained.model.head.temperature
    weights = {path: value.numpy() for path, value in variables(trained.model).items()}
    assign(variables(model), weights, str(trained.folder.path))
    geometry = trained.geometry

    def read(pixels: tf.Tensor, widths: tf.Tensor) -> dict[str, tf.Tensor]:
        best = model.recognize(Images(pixels, widths))
        return {
            "ids": best.ids[:, 0],
            "lengths": best.lengths[:, 0],
            "log_prob": best.log_probs[:, 0],
        }

    signature = [
        tf.TensorSpec([1, geometry.height, geometry.width or None, 1], tf.float32, "pixels"),
        tf.TensorSpec([1], tf.int32, "widths"),
    ]
    function = graph(read, signature)
    archive = io.BytesIO(_converted(function, model))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("alphabet.txt", model.alphabet.dumps())
        file.writestr("ocr_tf.json", about)
    return archive.getvalue()


def _converted(function: Any, model: tf.Module) -> bytes:
    concrete = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    try:
        with _silence():
            return converter.convert()
    except ConverterError as error:
        refused = re.search(r"'tf\.\w+' op .*", str(error))
        reason = refused.group(0) if refused else str(error).strip().split("\n")[0]
        raise InputError(f"TensorFlow Lite cannot hold this network: {reason}") from None


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """The converter's own statistics and traces go around Python to standard error."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
