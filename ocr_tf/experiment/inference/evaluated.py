"""A set of lines as a run, or any other system, has read it; TensorFlow-free."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction
from ocr_tf.metrics.calibration import Calibration, calibration
from ocr_tf.metrics.error_rates import Rates, measure
from ocr_tf.normalization import normalize

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


def calibration_of(predictions: Sequence[Prediction], normalization: str) -> Optional[Calibration]:
    """Measures what exp(log_prob) says of lines being right, which is an exact match.

    A line that could not be read is wrong, at confidence 0. None where a line was read without a
    log_prob, or there is none at all.
    """
    read = [p.log_prob for p in predictions if p.ok]
    if not read or None in read:
        return None
    log_probs = [-math.inf if p.log_prob is None else p.log_prob for p in predictions]
    right = [
        p.ok and normalize(p.text, normalization) == normalize(p.reference or "", normalization)
        for p in predictions
    ]
    return calibration(log_probs, right)


def rates_of(predictions: Iterable[Prediction], normalization: str) -> Rates:
    """Measures predictions that have their references."""
    return measure(((p.reference or "", p.text) for p in predictions), normalization)
