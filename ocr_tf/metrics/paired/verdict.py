"""The verdict on a comparison, decided here once; a report only words it.

The interval decides: somebody is better where it excludes 0. Among several pairs it is the one that holds
for all of them together, and the p beside it is adjusted by the same procedure, so that the two agree.
Not rejecting is never "equal": it is "tied at this size", or "equivalent" within a margin that was named.
Failed trainings count as they read. A condition of which every training failed is not compared: what rests on
it is withheld, whatever the p.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Optional

from ocr_tf.metrics.failures import Failures
from ocr_tf.metrics.paired.comparison import MODELS, RECIPES, Comparison, Estimate
from ocr_tf.metrics.paired.contrast import Contrast
from ocr_tf.metrics.paired.equivalence import Equivalence
from ocr_tf.metrics.paired.outcomes import NotComparable, Result
from ocr_tf.metrics.paired.power import Detectable, smallest_detectable

TARGETS = {RECIPES: "these recipes", MODELS: "these trained models"}

TIED, WITHHELD = "tied at this size", "withheld"
FALLS, RISES = "falls", "rises"  # of a contrast: a gain becomes smaller, or larger

ALPHA = 0.05


@dataclasses.dataclass(frozen=True)
class Verdict(Result):
    """The decision on a pair of conditions A and B. Differences are fractions, D = R_A - R_B."""

    a: str
    b: str
    target: str  # that it is about: "recipes" or "models"
    outcome: str  # "NAME better", "tied at this size", "equivalent within 0.5 pp" or "withheld"
    better: Optional[str]  # the name; None if tied or withheld
    value: float  # D
    confidence: float  # of the intervals of all pairs together
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]  # of the same procedure as the interval
    pairs: int  # that are decided together
    detectable: Optional[float]  # the smallest detectable difference: see `power.Detectable`
    withheld: Optional[str]  # why there is no interval
    sentence: str  # with the numbers, in percent points
    failures: tuple[Failures, ...] = ()  # of the two, where some of the trainings failed
    equivalence: Optional[Equivalence] = None  # None without a margin, or where nothing can be said

    @property
    def tied(self) -> bool:
        """Tells whether the interval holds 0, which is no sign of equality without a margin."""
        return self.better is None and self.p is not None and not self.untrained

    @property
    def untrained(self) -> tuple[Failures, ...]:
        """Those of the two of which every training failed: with one, the outcome is withheld."""
        return untrained(self.failures)


def verdict(
    comparison: Comparison,
    p: Optional[float] = None,
    few: Optional[str] = None,
    pairs: int = 1,
    failures: Sequence[Failures] = (),
    equivalence: Optional[Equivalence] = None,
    confidence: float = 1 - ALPHA,
) -> Verdict:
    """Decides for the condition with fewer errors if the interval excludes 0, else for a tie at this size.

    Nothing is decided, and nothing said of what could have been seen, where every training of one failed.

    Args:
        comparison: with the interval that decides; see `multiple_comparisons.pairwise`.
        p: adjusted for several comparisons; by default the comparison's own.
        few: why nothing is said of what it could have seen; see `too_small`.
        pairs: how many comparisons are decided together.
        failures: of those of the two conditions that have failed trainings.
        equivalence: within the margin that was named, if one was.
        confidence: of the intervals of all pairs together, where there are several.
    """
    confidence = comparison.confidence if pairs == 1 else confidence
    p = comparison.p if p is None else p
    detectable, hopeless = None, untrained(failures)
    if not few and not hopeless:
        with contextlib.suppress(NotComparable):
            detectable = smallest_detectable(comparison).difference
    better = None
    if excludes_zero(comparison) and not hopeless:
        better = comparison.a if comparison.value < 0 else comparison.b
    if few or hopeless:
        equivalence = None
    outcome = f"{better} better" if better else WITHHELD if p is None or hopeless else TIED
    if outcome == TIED and equivalence is not None and equivalence.equivalent:
        outcome = f"equivalent within {100 * equivalence.margin:.4g} pp"
    said = [one.sentence for one in failures] + [
        _numbers(comparison, p, pairs, detectable, few, confidence)
    ]
    return Verdict(
        signature=comparison.signature,
        a=comparison.a,
        b=comparison.b,
        target=comparison.target,
        outcome=outcome,
        better=better,
        value=comparison.value,
        confidence=confidence,
        low=comparison.low,
        high=comparison.high,
        p=p,
        pairs=pairs,
        detectable=detectable,
        withheld=comparison.withheld,
        sentence=f"{outcome}: {'; '.join(said)}",
        failures=tuple(failures),
        equivalence=equivalence,
    )


@dataclasses.dataclass(frozen=True)
class Change:
    """A contrast with the decision on it, and what it could have seen."""

    contrast: Contrast
    outcome: str  # "falls", "rises", "tied at this size" or "withheld", by the interval
    too_small: Optional[str]  # why the interval rests on too few lines
    detectable: Optional[Detectable]
    failures: tuple[Failures, ...] = ()  # of the four, where some of the trainings failed

    @property
    def untrained(self) -> tuple[Failures, ...]:
        """Those of the four of which every training failed: with one, the outcome is withheld."""
        return untrained(self.failures)


def change(
    contrast: Contrast,
    few: Optional[str] = None,
    failures: Sequence[Failures] = (),
) -> Change:
    """Decides whether a gain falls or rises from a contrast's first pair to its second.

    Args:
        contrast: (R_a - R_b) - (R_c - R_d); the gain is what b has fewer errors than a, then d than c.
        few: why nothing is said of what it could have seen; see `too_small`.
        failures: of those of the four conditions that have failed trainings.
    """
    hopeless = untrained(failures)
    if contrast.p_adjusted is None or hopeless:
        outcome = WITHHELD
    elif excludes_zero(contrast):
        outcome = FALLS if contrast.value > 0 else RISES
    else:
        outcome = TIED
    detectable = None
    if contrast.variance and not few and not hopeless:
        detectable = smallest_detectable(contrast)
    return Change(contrast, outcome, few, detectable, tuple(failures))


def untrained(failures: Iterable[Failures]) -> tuple[Failures, ...]:
    """Picks the conditions of which every training failed."""
    return tuple(one for one in failures if one.total)


def excludes_zero(estimate: Estimate) -> bool:
    """Tells whether there is an interval, and 0 is not in it."""
    return (
        estimate.low is not None
        and estimate.high is not None
        and not (estimate.low <= 0 <= estimate.high)
    )


def _numbers(
    comparison: Comparison,
    p: Optional[float],
    pairs: int,
    detectable: Optional[float],
    few: Optional[str],
    confidence: float,
) -> str:
    parts = [f"{comparison.a} - {comparison.b} = {100 * comparison.value:+.2f} pp"]
    if comparison.low is not None and comparison.high is not None:
        ends = f"{100 * comparison.low:+.2f} to {100 * comparison.high:+.2f} pp"
        together = f", all {pairs} pairs together" if pairs > 1 else ""
        parts.append(f"{100 * confidence:.6g} % interval {ends}{together}")
    if p is not None:
        parts.append(f"p = {p:.3f}" if p >= 0.001 else "p < 0.001")
    if detectable is not None:
        parts.append(f"smallest detectable difference {100 * detectable:.2f} pp, estimated")
    parts += [reason for reason in (comparison.withheld, few) if reason]
    return f"{', '.join(parts)} ({TARGETS[comparison.target]})"
