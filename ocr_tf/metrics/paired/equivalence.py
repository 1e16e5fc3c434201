"""Equivalence within a margin: two one-sided tests.

Schuirmann 1987, A comparison of the two one-sided tests procedure and the power approach for assessing the
equivalence of average bioavailability: |D| < margin is shown at level alpha where D <= -margin and
D >= margin are both rejected, each at alpha. That is where the interval at 1 - 2 alpha lies within the
margin.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

import numpy as np
from scipy import stats

from ocr_tf.metrics.paired.comparison import Estimate


@dataclasses.dataclass(frozen=True)
class Equivalence:
    """The decision on a difference and a margin, fractions."""

    margin: float  # that does not matter
    p: float  # the greater of both tests, times the comparisons that are decided together
    equivalent: bool
    tests: int  # comparisons that are decided together


def equivalence(
    estimate: Estimate, margin: float, tests: int = 1, alpha: float = 0.05
) -> Optional[Equivalence]:
    """Tests whether a difference is less than a margin in either direction.

    Args:
        estimate: of the difference, with its variance and degrees of freedom.
        margin: a fraction above 0, chosen before the difference was seen.
        tests: comparisons that are decided together (Bonferroni).
        alpha: of all of them together.

    Returns:
        The decision; None where nothing says how sure the difference is.

    Raises:
        ValueError: a margin that is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"margin {margin}, not above 0")
    if not estimate.variance or estimate.df is None:
        return None
    beyond = (margin - abs(estimate.value)) / np.sqrt(estimate.variance)
    p = min(1.0, tests * float(stats.t.sf(beyond, estimate.df)))
    return Equivalence(margin, p, p <= alpha, tests)
