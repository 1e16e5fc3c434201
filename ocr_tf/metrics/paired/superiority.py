"""The probability that another training of A has fewer errors than one of B, on the same lines.

Seeds' rates are taken as normal, with a variance for each condition. Then P(R_A < R_B) = Phi(-delta),
delta = (mu_A - mu_B) / sqrt(s_A^2 + s_B^2), and

    t = D sqrt(m) / sqrt(s_A^2 + s_B^2),   m = (s_A^2 + s_B^2) / (s_A^2 / S_A + s_B^2 / S_B)

is about noncentral t by delta sqrt(m), with Satterthwaite's degrees of freedom (Reiser and Guttman 1986,
Statistical inference for Pr(Y < X): the normal case). The estimate is the delta of which t is the median,
and the ends of the interval those of which it is an outer quantile. Within seeds s^2 is the variance of the
differences, m = S and df = S - 1.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

import numpy as np
from scipy import optimize, special

from ocr_tf.metrics.paired import estimated_deviation
from ocr_tf.metrics.paired.comparison import within_seeds
from ocr_tf.metrics.paired.outcomes import Outcomes, Result, signed
from ocr_tf.metrics.paired.variance_components import ROUNDING

LEAST_SEEDS = 3  # of each condition; fewer leave the interval nearly everything from 0 to 1


@dataclasses.dataclass(frozen=True)
class Superiority(Result):
    """P(another training of A has fewer errors than one of B); None where the seeds cannot say it."""

    a: str
    b: str
    within_seeds: bool  # of one seed, or of the same networks
    value: Optional[float]
    confidence: float  # of the interval, of this pair alone
    low: Optional[float]
    high: Optional[float]
    withheld: Optional[str]  # why there is no value


def superiority(
    a: Outcomes, b: Outcomes, paired: bool = False, confidence: float = 0.95
) -> Superiority:
    """Estimates the probability from the rates of the seeds; see the module's docstring.

    Args:
        a: one condition.
        b: the other, on the same lines.
        paired: by seed, as in `recipes`.
        confidence: of the interval.

    Raises:
        NotComparable: they are to be paired and have not the same seeds.
    """
    within = within_seeds(a, b, paired)
    value = low = high = withheld = None
    fewest = min(len(a.seeds), len(b.seeds))
    if not (a.trained and b.trained):
        withheld = "one of the two is a system that is not trained anew"
    elif fewest < LEAST_SEEDS:
        withheld = f"{LEAST_SEEDS} seeds of each or more can say it"
    else:
        found = _t(a, b, within)
        if found is None:
            withheld = "the rates do not vary between seeds"
        else:
            t, df, m = found
            tails = 0.5, (1 + confidence) / 2, (1 - confidence) / 2
            value, low, high = (
                float(special.ndtr(-_noncentrality(t, df, 1 - tail) / np.sqrt(m))) for tail in tails
            )
    return Superiority(
        signature=signed(a, b),
        a=a.name,
        b=b.name,
        within_seeds=within,
        value=value,
        confidence=confidence,
        low=low,
        high=high,
        withheld=withheld,
    )


def _t(a: Outcomes, b: Outcomes, within: bool) -> Optional[tuple[float, float, float]]:
    """Returns t, df and m; None where nothing varies."""
    one, other = (condition.rates[np.argsort(condition.seeds)] for condition in (a, b))
    samples = [one - other] if within else [one, other]
    variances = np.array([sample.var(ddof=1) for sample in samples])
    counts = np.array([len(sample) for sample in samples])
    if variances.sum() <= (ROUNDING * max(one.max(), other.max())) ** 2:
        return None
    df = variances.sum() ** 2 / (variances**2 / (counts - 1)).sum()
    m = variances.sum() / (variances / counts).sum()
    t = (one.mean() - other.mean()) * np.sqrt(m / variances.sum())
    return float(t), float(df), float(m)


def _noncentrality(t: float, df: float, share: float) -> float:
    """Returns the noncentrality under which so large a share of all t' is below t."""
    s, weights = estimated_deviation.values(df)

    def beyond(noncentrality: float) -> float:
        return float((weights * special.ndtr(t * s - noncentrality)).sum()) - share

    reach = 10.0
    while beyond(-reach) < 0 or beyond(reach) > 0:
        reach *= 2
    return float(optimize.brentq(beyond, -reach, reach, xtol=1e-10))
