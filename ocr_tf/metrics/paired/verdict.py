"""The verdict on a comparison, decided here once; a report only words it.

The interval decides: somebody is better where it excludes 0. Among several pairs it is the one that holds
for all of them together, and the p beside it is adjusted by the same procedure, so that the two agree.
Not rejecting is never "equal": it is "tied at this size", or "equivalent" within a margin that was named. A
training that got stuck is not compared: what rests on one is withheld, whatever the p.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Optional

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
class StuckRun:
    """The best validation of a run whose alignment never formed."""

    seed: int
    cer: float  # a fraction
    entropy: Optional[
        float
    ]  # of the alignment, 0 to 1: spread evenly over the line; None: not measured

    def __str__(self) -> str:
        """Seed 2 (best validation CER 76.00 %, alignment entropy 0.93 of 1)."""
        entropy = "" if self.entropy is None else f", alignment entropy {self.entropy:.2f} of 1"
        return f"seed {self.seed} (best validation CER {100 * self.cer:.2f} %{entropy})"


@dataclasses.dataclass(frozen=True)
class NotAligned:
    """A condition with runs whose alignment never formed: their errors are not its head's."""

    condition: str
    stuck: tuple[StuckRun, ...]
    runs: int  # of the condition, those among them

    @property
    def sentence(self) -> str:
        """Names the runs: attention did not align under 1 of 3 seeds: seed 2 (...)."""
        seeds = "seed" if self.runs == 1 else "seeds"
        named = ", ".join(map(str, self.stuck))
        return f"{did_not_align([self])} under {len(self.stuck)} of {self.runs} {seeds}: {named}"


def did_not_align(conditions: Sequence[NotAligned]) -> str:
    """Names conditions that got stuck: ctc and attention did not align."""
    *first, last = (one.condition for one in conditions)
    return f"{', '.join(first)} and {last} did not align" if first else f"{last} did not align"


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
    not_aligned: tuple[NotAligned, ...] = ()  # of the two; where one is, the outcome is withheld
    equivalence: Optional[Equivalence] = None  # None without a margin, or where nothing can be said

    @property
    def tied(self) -> bool:
        """Tells whether the interval holds 0, which is no sign of equality without a margin."""
        return self.better is None and self.p is not None and not self.not_aligned


def verdict(
    comparison: Comparison,
    p: Optional[float] = None,
    few: Optional[str] = None,
    pairs: int = 1,
    not_aligned: Sequence[NotAligned] = (),
    equivalence: Optional[Equivalence] = None,
    confidence: float = 1 - ALPHA,
) -> Verdict:
    """Decides for the condition with fewer errors if the interval excludes 0, else for a tie at this size.

    Nothing is decided, and nothing said of what could have been seen, where a training got stuck.

    Args:
        comparison: with the interval that decides; see `multiple_comparisons.pairwise`.
        p: adjusted for several comparisons; by default the comparison's own.
        few: why nothing is said of what it could have seen; see `too_small`.
        pairs: how many comparisons are decided together.
        not_aligned: those of the two conditions that have runs whose alignment never formed.
        equivalence: within the margin that was named, if one was.
        confidence: of the intervals of all pairs together, where there are several.
    """
    confidence = comparison.confidence if pairs == 1 else confidence
    p = comparison.p if p is None else p
    detectable = None
    if not few and not not_aligned:
        with contextlib.suppress(NotComparable):
            detectable = smallest_detectable(comparison).difference
    better = None
    if excludes_zero(comparison) and not not_aligned:
        better = comparison.a if comparison.value < 0 else comparison.b
    if few or not_aligned:
        equivalence = None
    outcome = f"{better} better" if better else WITHHELD if p is None or not_aligned else TIED
    if outcome == TIED and equivalence is not None and equivalence.equivalent:
        outcome = f"equivalent within {100 * equivalence.margin:.4g} pp"
    said = [one.sentence for one in not_aligned] + [
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
        not_aligned=tuple(not_aligned),
        equivalence=equivalence,
    )


@dataclasses.dataclass(frozen=True)
class Change:
    """A contrast with the decision on it, and what it could have seen."""

    contrast: Contrast
    outcome: str  # "falls", "rises", "tied at this size" or "withheld", by the interval
    too_small: Optional[str]  # why the interval rests on too few lines
    detectable: Optional[Detectable]
    not_aligned: tuple[NotAligned, ...] = ()  # of the four; where one is, the outcome is withheld


def change(
    contrast: Contrast,
    few: Optional[str] = None,
    not_aligned: Sequence[NotAligned] = (),
) -> Change:
    """Decides whether a gain falls or rises from a contrast's first pair to its second.

    Args:
        contrast: (R_a - R_b) - (R_c - R_d); the gain is what b has fewer errors than a, then d than c.
        few: why nothing is said of what it could have seen; see `too_small`.
        not_aligned: those of the four conditions that have runs whose alignment never formed.
    """
    if contrast.p_adjusted is None or not_aligned:
        outcome = WITHHELD
    elif excludes_zero(contrast):
        outcome = FALLS if contrast.value > 0 else RISES
    else:
        outcome = TIED
    detectable = None
    if contrast.variance and not few and not not_aligned:
        detectable = smallest_detectable(contrast)
    return Change(contrast, outcome, few, detectable, tuple(not_aligned))


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
