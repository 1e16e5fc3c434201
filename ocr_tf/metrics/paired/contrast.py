"""Differences of differences: does what tells two conditions apart change from one setting to another?

That one pair's interval excludes 0 and another's does not is no answer: the difference between a
difference that is significant and one that is not need not be (Gelman and Stern 2006).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Optional

from ocr_tf.metrics.paired.comparison import RECIPES, Estimate, estimate, within_seeds
from ocr_tf.metrics.paired.outcomes import Outcomes, joined, one_seed, signed
from ocr_tf.metrics.paired.variance_components import Effects, components, effects

Named = tuple[tuple[str, str], tuple[str, str]]  # ((a, b), (c, d))
SIGNS = (1, -1, -1, 1)  # of a, b, c and d


@dataclasses.dataclass(frozen=True)
class Contrast(Estimate):
    """(R_a - R_b) - (R_c - R_d), one of m; its interval is simultaneous, at t_{1 - alpha / (2 m)}."""

    name: str
    pairs: Named
    differences: tuple[float, float]  # R_a - R_b and R_c - R_d
    p_adjusted: Optional[
        float
    ]  # min(1, m p), which agrees with the interval; None where there is no p
    paired: bool  # all four by seed


def contrasts(
    conditions: Sequence[Outcomes],
    declared: Mapping[str, Named],
    confidence: float = 0.95,
    paired: bool = False,
) -> list[Contrast]:
    """Estimates declared contrasts over seeds and lines, by `variance_components` of four conditions.

    p and intervals by Bonferroni, so that the two agree.
    Conditions that are readings of the same networks enter as their sum within seeds.

    Args:
        conditions: all that the contrasts name.
        declared: ((a, b), (c, d)), four of the conditions, by the contrast's name.
        confidence: of all intervals together.
        paired: by seed, as in `recipes`.

    Raises:
        NotComparable: as `recipes`.
        ValueError: as `recipes`, or a contrast names a condition twice.
    """
    by_name = {condition.name: condition for condition in conditions}
    each = 1 - (1 - confidence) / max(len(declared), 1)
    estimated = [
        _contrast(name, pairs, [by_name[c] for pair in pairs for c in pair], each, paired)
        for name, pairs in declared.items()
    ]
    return [
        c if c.p is None else dataclasses.replace(c, p_adjusted=min(1.0, len(declared) * c.p))
        for c in estimated
    ]


def _contrast(
    name: str, pairs: Named, conditions: Sequence[Outcomes], confidence: float, paired: bool
) -> Contrast:
    each = [effects(*units) for units in joined(*conditions)]
    terms = _terms(conditions, each, paired)
    a, b, c, d = (float(one.rates.mean()) for one in each)
    return Contrast(
        signature=signed(*conditions),
        name=name,
        pairs=pairs,
        differences=(a - b, c - d),
        p_adjusted=None,
        paired=len(terms) == 1,
        **estimate(components(terms), RECIPES, confidence, one_seed(*conditions)),
    )


def _terms(conditions: Sequence[Outcomes], each: Sequence[Effects], paired: bool) -> list[Effects]:
    """Sums the signed effects of the conditions that are compared within seeds; the rest stand alone."""
    firsts: list[Outcomes] = []  # of each term
    terms: list[Effects] = []
    for sign, condition, own in zip(SIGNS, conditions, each):
        signed_effects = own if sign > 0 else -own
        shared = [i for i, first in enumerate(firsts) if within_seeds(first, condition, paired)]
        if shared:
            terms[shared[0]] += signed_effects
        else:
            firsts.append(condition)
            terms.append(signed_effects)
    return terms
