"""METRICS: what a line's error is, by the name of the metric; TensorFlow-free.

Every metric divides errors summed over lines by lengths summed over lines. A metric that is a mean over
lines has lengths of 1. A new metric is one entry here, or
`ocr_tf.register("metric", NAME)(Metric(...))` in a file of one's own; evaluations, studies and reports
then have it.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Optional

from rapidfuzz.distance import Levenshtein

from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.registry import Registry


@dataclasses.dataclass(frozen=True)
class Metric:
    """A rate of errors, and the figure that it is shown as.

    Both functions take NFC texts to which the normalization has been applied.
    """

    title: str  # of the figure as it is usually shown: "CER", "1-NED"
    errors_title: str  # of the rate of errors: "CER", "NED"
    description: str  # what the figure is, to follow "the figure is"
    errors: Callable[[str, str], float]  # of a line's (reference, hypothesis), not negative
    length: Callable[[str], float]  # what a line's errors are divided by, of its reference
    higher_is_better: bool = False  # the figure is 1 - the rate of errors
    errors_in: str = (
        ""  # of "42 errors in 1,000 characters"; empty where errors cannot be counted so
    )

    def figure(self, errors: float, length: float) -> Optional[float]:
        """Returns the figure of summed errors and lengths, a fraction; None without a length."""
        if not length:
            return None
        return (length - errors if self.higher_is_better else errors) / length

    def error_rate(self, figure: Optional[float]) -> Optional[float]:
        """Returns the rate of errors of a figure; None of None."""
        return 1 - figure if self.higher_is_better and figure is not None else figure


def _one(reference: str) -> float:
    return 1


def _distance(reference: str, hypothesis: str) -> float:
    return Levenshtein.distance(reference, hypothesis)


def _word_distance(reference: str, hypothesis: str) -> float:
    return Levenshtein.distance(reference.split(), hypothesis.split())


def _words(reference: str) -> float:
    return len(reference.split())


def _differs(reference: str, hypothesis: str) -> float:
    return reference != hypothesis


def _normalized_distance(reference: str, hypothesis: str) -> float:
    """Returns the distance as a share of the longer text, 0 for two empty ones."""
    longer = max(len(reference), len(hypothesis))
    return Levenshtein.distance(reference, hypothesis) / longer if longer else 0


METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "cer": Metric(
            "CER",
            "CER",
            "edits per symbol of the reference",
            _distance,
            len,
            errors_in="characters",
        ),
        "wer": Metric(
            "WER",
            "WER",
            "word edits per word of the reference",
            _word_distance,
            _words,
            errors_in="words",
        ),
        "exact": Metric(
            "exact",
            "lines misread",
            "the share of lines read without an error",
            _differs,
            _one,
            higher_is_better=True,
            errors_in="lines",
        ),
        "one_minus_ned": Metric(
            "1-NED",
            "NED",
            "1 minus the mean over lines of the edits per symbol of the longer text",
            _normalized_distance,
            _one,
            higher_is_better=True,
        ),
    },
    module_of=lambda metric: metric.errors.__module__,
)


def metric_of(name: str) -> Metric:
    """Looks a metric up.

    Raises:
        InputError: there is none of that name.
    """
    if name not in METRICS:
        raise InputError(
            f"metric {name!r}: the metrics are {', '.join(METRICS)}; name one of them"
            f"{did_you_mean(name, METRICS)}"
        )
    return METRICS[name]
