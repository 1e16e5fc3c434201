"""On how many of several data sets one condition is better: partial conjunction.

That a difference holds on u or more of K sets has, with the p-values in ascending order, the p

    independent    P(chi2_{2(K-u+1)} >= -2 sum_{i=u..K} log p_(i))      Fisher
    dependent      min(1, (K-u+1) p_(u))                                Bonferroni

each at least that for u - 1. The greatest u whose p is at most alpha bounds the number of sets from below:
it is more than the true number in at most a share alpha of studies. The Bonferroni p are those of Holm's
procedure, which tells the sets too.

Benjamini and Heller 2008, Screening for partial conjunction hypotheses; Dror et al. 2017, Replicability
analysis for natural language processing: testing significance with multiple datasets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional

import numpy as np
from scipy import stats

from ocr_tf.types import Array


@dataclasses.dataclass(frozen=True)
class Replicability:
    """On how many data sets, at least, one condition has fewer errors than the other."""

    sets: int  # K
    independent: Optional[int]  # by Fisher; None where the sets are not independent
    dependent: int  # by Bonferroni, which holds for all sets
    alpha: float
    which: tuple[int, ...]  # the sets of `dependent`, by position: Holm's procedure tells them


def replicability(
    p_values: Sequence[float], independent: bool, alpha: float = 0.025
) -> Replicability:
    """Counts the data sets on which one-sided p-values show a difference.

    Args:
        p_values: [K] one-sided, in the direction that is asked for.
        independent: whether the sets share neither lines nor trained networks.
        alpha: one-sided: half of what both directions have.

    Raises:
        ValueError: there is no p-value, or one is none.
    """
    given = np.array(p_values, float)
    if not len(given) or not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"p-values {list(p_values)}")
    order = np.argsort(given, kind="stable")
    ascending = given[order]
    bonferroni = _bonferroni(ascending)
    held = _count(bonferroni, alpha)
    return Replicability(
        sets=len(given),
        independent=_count(_fisher(ascending), alpha) if independent else None,
        dependent=held,
        alpha=alpha,
        which=tuple(sorted(order[:held].tolist())),
    )


def one_sided(value: float, p: float) -> float:
    """Makes the one-sided p of a difference below 0 from the two-sided one of a symmetric statistic."""
    return p / 2 if value < 0 else 1 - p / 2


def _fisher(ascending: Array) -> Array:
    """Combines the K - u + 1 largest p-values, [K] for u = 1..K."""
    logs = np.log(np.maximum(ascending, np.finfo(float).tiny))
    statistics = -2 * np.cumsum(logs[::-1])[::-1]
    return stats.chi2.sf(statistics, 2 * np.arange(len(ascending), 0, -1))


def _bonferroni(ascending: Array) -> Array:
    return np.minimum(1.0, np.arange(len(ascending), 0, -1) * ascending)


def _count(p_values: Array, alpha: float) -> int:
    return int(np.sum(np.maximum.accumulate(p_values) <= alpha))
