"""The rates of a system on a set of lines, with their intervals; TensorFlow-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.experiment.inference.evaluated import rates_of
from ocr_tf.experiment.runs.predictions import Prediction, RateFigures
from ocr_tf.metrics import paired
from ocr_tf.metrics.registry import METRICS
from ocr_tf.metrics.wilson import wilson
from ocr_tf.normalization import normalize

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """The ends of an interval, as fractions."""

    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a system reads of a set. Intervals are of this trained system: only the lines could be others."""

    rates: RateFigures
    exact: Interval  # of the share of lines without an error, by Wilson
    cer: Optional[Interval]  # of a ratio of sums over lines; None where its lines do not vary


def measure(read: Sequence[Prediction], normalization: str, name: str) -> Measured:
    """Measures a system's readings, with their references; lines are independent.

    The interval of the CER is that of `paired.rate` for the target MODELS: t with N - 1 degrees of freedom on
    the linearized ratio (Cochran 1977, chapter 6).

    Raises:
        NotComparable: no reference has a symbol.
    """
    rates = rates_of(read, normalization)
    metric = METRICS["cer"]
    texts = [
        (normalize(one.reference or "", normalization), normalize(one.text, normalization))
        for one in read
    ]
    outcomes = paired.Outcomes(
        name=name,
        errors=np.array([[metric.errors(*line) for line in texts]]),
        lengths=np.array([metric.length(reference) for reference, _ in texts]),
        seeds=(0,),
        ids=[one.id for one in read],
        signature=paired.Signature("cer", normalization, ""),
    )
    cer = paired.rate(outcomes, paired.MODELS, CONFIDENCE)
    return Measured(
        RateFigures.from_rates(rates),
        Interval(*wilson(rates.exact_lines, rates.lines, CONFIDENCE)),
        None if cer.low is None or cer.high is None else Interval(max(0.0, cer.low), cer.high),
    )
