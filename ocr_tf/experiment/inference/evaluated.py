"""A set of lines as a run, or any other system, has read it; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction
from ocr_tf.metrics.error_rates import Rates, measure

TROUBLES = {
    "missing": "no prediction; counted as read empty",
    "unreadable": "no usable image; counted as read empty",
    "unknown_symbol": "the reference holds a symbol outside the alphabet",
    "unreachable": "the reference needs more steps than the image gives",
    "empty": "the reference is empty",
    "not_ended": "the search hit its bound before the end of the text",
}


class Evaluated(NamedTuple):
    """A set of lines, read and measured."""

    output: Path  # the folder of the evaluation
    title: str  # for the terminal
    predictions: list[Prediction]  # with their references
    rates: Rates
    results: EvaluationResults


def rates_of(predictions: Iterable[Prediction], normalization: str) -> Rates:
    """Measures predictions that have their references."""
    return measure(((p.reference or "", p.text) for p in predictions), normalization)
