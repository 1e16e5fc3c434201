"""Calibration: does a line's confidence p = exp(log p(text | image)) say how often it is read right?

A line is right (y = 1) or not (y = 0), usually by exact match. Of one trained model; figures of
several seeds stand side by side.

    ECE   = sum_b (N_b / N) |mean_b y - mean_b p|    expected calibration error (Guo et al. 2017), over
                                                     bins of equal mass (Nguyen and O'Connor 2015)
    Brier = mean (p - y)^2                           (Brier 1950)
    NLL   = -mean (y log p + (1 - y) log(1 - p))     nats a line
    risk at coverage k / N                           share of wrong lines among the k surest
    AURC  = mean over k = 1..N of that risk          area under the risk-coverage curve
                                                     (Geifman and El-Yaniv 2017)

ECE is 0 for a calibrated model only in the limit: of few lines a bin's share is noise, which adds to
it. No figure depends on the order of lines: a bin never parts lines of one confidence, and risk within
them is that of a random order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ocr_tf.metrics.wilson import wilson
from ocr_tf.types import Array

# Log probabilities are sums of float32: a certain line may end a little above 0, and any p within half
# a float32's step of 1 may stand for it.
ABOVE = 1e-3
LEAST_DOUBT = 2.0**-24
COVERAGES = (0.5, 0.8, 0.9)  # at which the risk is told

Floats = Union[Sequence[float], Array]


class Bin(NamedTuple):
    """Lines of neighboring confidences: one point of the reliability curve."""

    lines: int
    confidence: float  # mean p
    accuracy: float  # mean y
    low: float  # Wilson's interval of the accuracy
    high: float


class Risk(NamedTuple):
    """A point of the risk-coverage curve."""

    coverage: float  # share of the lines that are kept, the surest
    risk: float  # share of wrong ones among these


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The figures of the module's docstring; `calibration` makes it."""

    lines: int
    accuracy: float  # mean y
    confidence: float  # mean p; above the accuracy the model is overconfident
    ece: float
    brier: float
    nll: float
    aurc: float
    least_aurc: float  # of an order that puts every right line before every wrong one
    bins: tuple[Bin, ...]  # by rising confidence
    risks: tuple[Risk, ...]  # at COVERAGES, of the fewest lines that are so many

    def as_dict(self) -> dict[str, Any]:
        """Returns JSON values."""
        fields = dataclasses.asdict(self)
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in ("bins", "risks")}
        return {**fields, **rows}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """Reads what `as_dict` gives.

        Raises:
            TypeError, KeyError: it is something else.
        """
        bins = tuple(Bin(**row) for row in values["bins"])
        risks = tuple(Risk(**row) for row in values["risks"])
        return cls(**{**values, "bins": bins, "risks": risks})

    def table(self) -> str:
        """Returns the figures and the risks for a terminal; no line end behind the last row."""
        wrong = ", ".join(f"{r.risk:.2%} of the surest {r.coverage:.0%}" for r in self.risks)
        return (
            f"confidence: {self.confidence:.2%} on average, {self.accuracy:.2%} are right; "
            f"ECE {self.ece:.2%} ({len(self.bins)} bins), Brier {self.brier:.4f}, AURC {self.aurc:.4f}\n"
            f"wrong lines: {wrong}, {1 - self.accuracy:.2%} of all"
        )


def calibration(
    log_probs: Floats, right: Union[Sequence[bool], Array], bins: int = 15, level: float = 0.95
) -> Calibration:
    """Measures how well log probabilities [N] (natural) foretell which readings are right [N].

    Args:
        log_probs: [N], minus infinity for a line without a reading.
        right: [N] bool.
        bins: at most so many, of N / bins lines each where confidences differ (15 as in Guo et al.).
        level: of the bins' intervals.

    Raises:
        ValueError: no lines; lengths that differ; what is no log probability; a line that is right
          at probability 0; or no bin.
    """
    logs, hits = _checked(log_probs, right)
    if bins < 1:
        raise ValueError(f"{bins} bins; give 1 or more")
    p = np.exp(logs)
    # log(1 - p) without the cancellation at p near 1; 0 * log 0 is 0.
    doubts = np.log(np.maximum(-np.expm1(logs), LEAST_DOUBT))
    curve = tuple(_bins(p, hits, bins, level))
    coverage, risk = risk_coverage(logs, hits)
    _, least = risk_coverage(np.where(hits, 0.0, -1.0), hits)
    return Calibration(
        lines=len(p),
        accuracy=float(hits.mean()),
        confidence=float(p.mean()),
        ece=sum(b.lines * abs(b.accuracy - b.confidence) for b in curve) / len(p),
        brier=float(np.square(p - hits).mean()),
        nll=float(abs(np.where(hits, logs, doubts).mean())),
        aurc=float(risk.mean()),
        least_aurc=float(least.mean()),
        bins=curve,
        risks=tuple(
            Risk(wanted, float(risk[np.searchsorted(coverage, wanted - 1e-9)]))
            for wanted in COVERAGES
        ),
    )


def risk_coverage(log_probs: Floats, right: Union[Sequence[bool], Array]) -> tuple[Array, Array]:
    """Computes coverage k / N [N] and the share of wrong lines [N] among the k that are surest.

    Raises: as `calibration`.
    """
    logs, hits = _checked(log_probs, right)
    order = np.argsort(-logs, kind="stable")
    _, begin, size = np.unique(-logs[order], return_index=True, return_counts=True)
    # Lines of one confidence come in any order: each counts with their mean.
    wrong = np.repeat(np.add.reduceat(~hits[order], begin, dtype=float) / size, size)
    taken = np.arange(1, len(logs) + 1)
    return taken / len(logs), np.cumsum(wrong) / taken


def _checked(log_probs: Floats, right: Union[Sequence[bool], Array]) -> tuple[Array, Array]:
    logs, hits = np.asarray(log_probs, np.float64), np.asarray(right, bool)
    if logs.ndim != 1 or logs.shape != hits.shape or not len(logs):
        raise ValueError(f"log probabilities {logs.shape} of lines {hits.shape}")
    if not (logs <= ABOVE).all():  # also NaN
        raise ValueError("a log probability is above 0 or no number")
    if np.isneginf(logs[hits]).any():
        raise ValueError("a line is right that has probability 0")
    return np.minimum(logs, 0.0), hits


def _bins(p: Array, hits: Array, bins: int, level: float) -> list[Bin]:
    """Neighbors of about equal number; a cut within one confidence moves to its end."""
    order = np.argsort(p, kind="stable")
    p, hits = p[order], hits[order]
    cuts = np.arange(1, bins) * len(p) // bins
    ends = np.searchsorted(p, p[np.maximum(cuts - 1, 0)], side="right")
    filled = []
    for part in np.split(np.arange(len(p)), np.unique(ends[cuts > 0])):
        if len(part):
            count = int(hits[part].sum())
            low, high = wilson(count, len(part), level)
            mean = float(p[part].mean())
            filled.append(Bin(len(part), mean, count / len(part), low, high))
    return filled
