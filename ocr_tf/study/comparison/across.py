"""One difference on several sets of lines: a summary by random effects, and on how many sets it holds.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional

from ocr_tf.metrics.paired import ALPHA, Comparison
from ocr_tf.metrics.paired.meta_analysis import RandomEffects, random_effects
from ocr_tf.metrics.paired.replicability import Replicability, one_sided, replicability


@dataclasses.dataclass(frozen=True)
class SetDifference:
    """D = R_A - R_B on one set of lines, fractions."""

    name: str
    comparison: Comparison
    left_out: Optional[str]  # of the summary, and why; None: it is in it


@dataclasses.dataclass(frozen=True)
class Across:
    """Conditions A and B on several sets.

    A set that is left out of the summary counts among those on which nothing was shown.
    """

    a: str
    b: str
    sets: tuple[SetDifference, ...]
    summary: Optional[
        RandomEffects
    ]  # None: fewer than two sets are in it, or sets that are not independent
    a_better: Replicability
    b_better: Replicability

    @property
    def summarized(self) -> tuple[SetDifference, ...]:
        """The sets that the summary is of."""
        return tuple(one for one in self.sets if one.left_out is None)


def across(
    sets: Sequence[SetDifference], independent: bool, confidence: float = 1 - ALPHA
) -> Across:
    """Summarizes a difference on several sets.

    Args:
        sets: with comparisons of the same two conditions.
        independent: whether the sets share neither lines nor trained networks.
        confidence: of the summary's intervals, and of both counts together.
    """
    kept = [one.comparison for one in sets if one.left_out is None]
    summary = None
    if independent and len(kept) > 1:
        variances = [one.variance or 0.0 for one in kept]
        summary = random_effects([one.value for one in kept], variances, confidence)
    shown = [None if one.left_out else one.comparison.p for one in sets]
    ahead = [
        replicability(
            [
                1.0 if p is None else one_sided(sign * one.comparison.value, p)
                for one, p in zip(sets, shown)
            ],
            independent,
            (1 - confidence) / 2,
        )
        for sign in (1, -1)
    ]
    return Across(
        a=sets[0].comparison.a,
        b=sets[0].comparison.b,
        sets=tuple(sets),
        summary=summary,
        a_better=ahead[0],
        b_better=ahead[1],
    )


def left_out(comparison: Comparison, untrained: str = "") -> Optional[str]:
    """Says why a set cannot be in a summary; None if it can.

    Args:
        comparison: on the set.
        untrained: names the conditions of which every training failed; empty: there is none.
    """
    return untrained or comparison.withheld
