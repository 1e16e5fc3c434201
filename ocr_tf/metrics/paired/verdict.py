"""A comparison in one line. Not rejecting is never "equal": it is "tied at this size"."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Optional

from ocr_tf.metrics.paired.comparison import MODELS, RECIPES, Comparison
from ocr_tf.metrics.paired.outcomes import NotComparable, Result
from ocr_tf.metrics.paired.power import smallest_detectable

TARGETS = {RECIPES: "these recipes", MODELS: "these trained models"}

TIED, WITHHELD = "tied at this size", "withheld"


@dataclasses.dataclass(frozen=True)
class Verdict(Result):
    """What a comparison says. Differences are fractions."""

    target: str
    outcome: str  # "NAME better", "tied at this size" or "withheld"
    better: Optional[str]  # the name; None if tied or withheld
    value: float  # D
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]  # that decided
    detectable: Optional[float]  # the smallest difference that .80 of such comparisons find
    sentence: str  # with the numbers, in percent points


def verdict(
    comparison: Comparison,
    p: Optional[float] = None,
    alpha: float = 0.05,
    few: Optional[str] = None,
) -> Verdict:
    """The condition with fewer errors if p <= alpha, otherwise that they are tied at this size.

    Args:
      p: adjusted for several comparisons; by default the comparison's own.
      few: why nothing is said of what it could have seen; see `too_small`.
    """
    p = comparison.p if p is None else p
    detectable = None
    if not few:
        with contextlib.suppress(NotComparable):
            detectable = smallest_detectable(comparison).difference
    better = None
    if p is not None and p <= alpha:
        better = comparison.a if comparison.value < 0 else comparison.b
    outcome = f"{better} better" if better else WITHHELD if p is None else TIED
    return Verdict(
        signature=comparison.signature,
        target=comparison.target,
        outcome=outcome,
        better=better,
        value=comparison.value,
        low=comparison.low,
        high=comparison.high,
        p=p,
        detectable=detectable,
        sentence=f"{outcome}: {_numbers(comparison, p, detectable, few)}",
    )


def _numbers(
    comparison: Comparison, p: Optional[float], detectable: Optional[float], few: Optional[str]
) -> str:
    parts = [f"{comparison.a} - {comparison.b} = {100 * comparison.value:+.2f} pp"]
    if comparison.low is not None and comparison.high is not None:
        ends = f"{100 * comparison.low:+.2f} to {100 * comparison.high:+.2f} pp"
        parts.append(f"{100 * comparison.confidence:.4g} % interval {ends}")
    if p is not None:
        parts.append(f"p = {p:.3f}" if p >= 0.001 else "p < 0.001")
    if detectable is not None:
        parts.append(f"smallest detectable difference {100 * detectable:.2f} pp")
    parts += [reason for reason in (comparison.withheld, few) if reason]
    return f"{', '.join(parts)} ({TARGETS[comparison.target]})"
