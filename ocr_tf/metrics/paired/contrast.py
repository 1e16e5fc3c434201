"""Differences of differences: does what tells two conditions apart change from one setting to another?

That one pair's interval excludes 0 and another's does not is no answer: the difference between a
difference that is significant and one that is not need not be (Gelman and Stern 2006).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Optional

from statsmodels.stats.multitest import multipletests

from ocr_tf.metrics.paired.comparison import RECIPES, Estimate, estimate
from ocr_tf.metrics.paired.outcomes import Outcomes, joined, one_seed, same_seeds, signed
from ocr_tf.metrics.paired.variance_components import components, effects

Named = tuple[tuple[str, str], tuple[str, str]]  # ((a, b), (c, d))


@dataclasses.dataclass(frozen=True)
class Contrast(Estimate):
    """(R_a - R_b) - (R_c - R_d), one of m; its interval is simultaneous, at t_{1 - .05 / (2 m)}."""

    name: str
    pairs: Named
    differences: tuple[float, float]  # R_a - R_b and R_c - R_d
    p_holm: Optional[float]  # None where there is no p
    paired: bool  # by seed


def contrasts(
    conditions: Sequence[Outcomes],
    declared: Mapping[str, Named],
    confidence: float = 0.95,
    paired: bool = False,
) -> list[Contrast]:
    """Estimates declared contrasts over seeds and lines, by `variance_components` of four conditions.

    p by Holm 1979, intervals by Bonferroni. A contrast without a p counts among the m as one of 1.

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
    if not estimated:
        return []
    adjusted = multipletests([1.0 if c.p is None else c.p for c in estimated], method="holm")[1]
    return [
        dataclasses.replace(c, p_holm=None if c.p is None else float(p))
        for c, p in zip(estimated, adjusted)
    ]


def _contrast(
    name: str, pairs: Named, conditions: Sequence[Outcomes], confidence: float, paired: bool
) -> Contrast:
    a, b, c, d = (effects(*units) for units in joined(*conditions))
    if paired:
        for other in conditions[1:]:
            same_seeds(conditions[0], other)
        parts = components([(a - b) - (c - d)])
    else:
        parts = components([a, d], [b, c])
        order = [0, 2, 3, 1]  # back to a, b, c, d
        parts = dataclasses.replace(
            parts,
            seeds=parts.seeds[order],
            residual=parts.residual[order],
            seed_counts=tuple(parts.seed_counts[i] for i in order),
        )
    return Contrast(
        signature=signed(*conditions),
        name=name,
        pairs=pairs,
        differences=(
            float(a.rates.mean() - b.rates.mean()),
            float(c.rates.mean() - d.rates.mean()),
        ),
        p_holm=None,
        paired=paired,
        **estimate(parts, RECIPES, confidence, one_seed(*conditions), paired),
    )
