"""The mean over several test sets of a difference, every set counting alike, with an interval of its own.

    D = mean_k D_k                      of the sets k = 1..K, which the same networks read
    V_L = sum_k V_L,k / K^2             V_R,c = sum_k V_R,ck / K^2      lines are drawn within each set
    V_S,c = var_s(mean_k R_cks) / S_c                                   a seed is one for all sets

V, df and the interval follow as in `variance_components`, where V_L^2 / (N - 1) is
sum_k (V_L,k / K^2)^2 / (N_k - 1). The sets are these and no sample: see `meta_analysis` for others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ocr_tf.metrics.paired.comparison import (
    RECIPES,
    Comparison,
    apart,
    estimate,
    within_seeds,
)
from ocr_tf.metrics.paired.outcomes import Outcomes, joined, one_seed, signed
from ocr_tf.metrics.paired.variance_components import Components, Effects, effects


def macro(
    a: Outcomes,
    b: Outcomes,
    sets: Sequence[str],
    target: str = RECIPES,
    confidence: float = 0.95,
    paired: bool = False,
) -> Comparison:
    """Estimates the mean over test sets of D = R_A - R_B; see the formulas above.

    Args:
        a: one condition.
        b: the other, on the same lines.
        sets: [N] the set of each line.
        target: recipes, or these models.
        confidence: of the interval.
        paired: by seed, as of `recipes`.

    Raises:
        NotComparable: as `recipes`, for any of the sets.
    """
    within = within_seeds(a, b, paired)
    of = np.array(sets)
    pairs = [_effects(a.take(of == name), b.take(of == name)) for name in dict.fromkeys(sets)]
    count = len(pairs)
    parts = [apart(first, second, within) for first, second in pairs]
    rates = [np.mean([pair[c].rates for pair in pairs], axis=0) for c in (0, 1)]
    lines = [float(one.lines) / count**2 for one in parts]
    spread = sum(v**2 / (one.effective - 1) for v, one in zip(lines, parts))
    total = sum(lines)
    terms = [rates[0] - rates[1]] if within else rates
    units = sum(one.units for one in parts)
    components = Components(
        value=np.stack([one.value for one in parts]).mean(axis=0),
        lines=np.array(total),
        seeds=np.array([t.var(ddof=1) / len(t) if len(t) > 1 else 0.0 for t in terms]),
        residual=np.sum([one.residual for one in parts], axis=0) / count**2,
        seed_counts=parts[0].seed_counts,
        units=units,
        effective=1 + total**2 / spread if spread else float(units),
        kurtosis=np.zeros_like(total),  # for detectable differences, which are not asked of sets
    )
    return Comparison(
        signature=signed(a, b),
        a=a.name,
        b=b.name,
        rate_a=float(rates[0].mean()),
        rate_b=float(rates[1].mean()),
        paired=within,
        **estimate(components, target, confidence, one_seed(a, b)),
    )


def _effects(a: Outcomes, b: Outcomes) -> tuple[Effects, Effects]:
    first, second = (effects(*units) for units in joined(a, b))
    return first, second
