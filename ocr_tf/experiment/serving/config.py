"""Options of export and predict; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import (
    batch_size_option,
    checkpoint_option,
    search_option,
    temperature_option,
)
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Export:
    """Writes a SavedModel or, if OUTPUT ends in .tflite, a TensorFlow Lite file.

    The SavedModel takes encoded images (PNG, JPEG) and gives texts, log-probabilities and ok.
    """

    checkpoint: str = checkpoint_option()
    search: str = search_option()
    temperature: str = temperature_option()
    n_best: int = option(
        5,
        "How many texts of a line the SavedModel's signature n_best gives, found as --search says, or by a "
        "beam where that is greedy; 0: without this signature.",
        minimum=0,
    )
    beam: int = option(
        8, "Width of the beam of the signature n_best, where --search is greedy.", minimum=1
    )


@dataclasses.dataclass(frozen=True)
class Predict:
    r"""Reads images: path, text and confidence, separated by tabs, one image a line.

    The confidence is p(text | image). With --n_best, log p follows, and a line is a text.

    Images are PNG, JPEG, GIF, BMP, TIFF, WebP, PNM or JPEG 2000 files. Control characters are printed as
    \t, \n, \x1b and the like, and backslashes of a path as \\.
    """

    checkpoint: str = checkpoint_option()
    batch_size: int = batch_size_option()
    search: str = search_option()
    temperature: str = temperature_option()
    symbols: bool = option(
        False,
        "Add a column with the confidence of each symbol, separated by spaces, in the order of the image.",
    )
    n_best: int = option(
        0,
        "Print this many texts of each image, best first, found as --search says, or by a beam where that "
        "is greedy. 0: one text.",
        minimum=0,
    )
