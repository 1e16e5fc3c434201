"""What reading a set of lines gives, whoever reads them; TensorFlow-free."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ocr_tf.experiment.runs.predictions import Prediction

TROUBLES = {
    "missing": "no prediction; counted as read empty",
    "unreadable": "no usable image; counted as read empty",
    "unknown_symbol": "the reference holds a symbol outside the alphabet",
    "unreachable": "the reference needs more steps than the image gives",
    "empty": "the reference is empty",
    "not_ended": "the search hit its bound before the end of the text",
}


class Evaluated(NamedTuple):
    """A set of lines, read."""

    output: Path  # the folder of the evaluation
    title: str  # for the terminal
    about: dict[str, Any]  # the part of results.json that says who read what
    predictions: list[Prediction]  # with their references
    troubles: dict[str, int]  # lines of each kind of TROUBLES that was looked for
