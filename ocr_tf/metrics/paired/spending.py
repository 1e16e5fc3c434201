"""The levels of several looks at one growing study: alpha spending.

A study that is looked at after every few seeds asks its question several times. Each look gets a level of its
own, and the levels add up to that of the whole study:

- Planned looks share ALPHA. After S of S_max seeds 2 - 2 Phi(z_{1 - ALPHA / 2} / sqrt(S / S_max)) is spent,
  a rule of Lan and DeMets 1983 that resembles the bounds of O'Brien and Fleming 1979.
- Unplanned looks share EXTRA more, however many there are: the j-th gets EXTRA / (j (j + 1)).

Where no looks are planned, the first is the planned one, and has all of ALPHA. A look's level is what it adds
to what the looks before it have spent. So the bound is Bonferroni's: it holds however the looks depend on one
another, for several pairs together and for contrasts. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from scipy import stats

from ocr_tf.metrics.paired.verdict import ALPHA

EXTRA = 0.01  # of all looks that were not planned
LEAST = 0.0001  # of a planned look: below it an interval says nothing


@dataclasses.dataclass(frozen=True)
class NextLook:
    """A look that may follow."""

    seeds: int  # of each condition
    level: float
    planned: bool


def spent(share: float) -> float:
    """Returns how much of ALPHA is spent when a share of the seeds, above 0, is there."""
    bound = stats.norm.isf(ALPHA / 2)
    return float(2 * stats.norm.sf(bound / math.sqrt(min(share, 1.0))))


def planned_level(seeds: int, looks: Sequence[int], before: float = 0.0) -> float:
    """Returns the level of a planned look, rounded down to two figures.

    Args:
        seeds: at this look.
        looks: seeds at each planned look, in order; the last is S_max. Empty: one look has all of ALPHA.
        before: what earlier planned looks have spent.
    """
    now = spent(seeds / looks[-1]) if looks else ALPHA
    return _rounded_down(min(max(now - before, LEAST), ALPHA - before))


def unplanned_level(number: int) -> float:
    """Returns the level of the unplanned look of a number, from 1, rounded down to two figures."""
    return _rounded_down(EXTRA / (number * (number + 1)))


def _rounded_down(level: float) -> float:
    """Keeps two significant figures: .00567 -> .0056."""
    unit = 10.0 ** (math.floor(math.log10(level)) - 1)
    return float(f"{math.floor(level / unit * (1 + 1e-9)) * unit:.1e}")
