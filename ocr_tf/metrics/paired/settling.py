"""Estimates how many more seeds or lines would tell apart what a comparison left tied."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Optional

from ocr_tf.metrics.paired.outcomes import Result
from ocr_tf.metrics.paired.power import Compared, smallest_detectable

MOST_SEEDS = 100  # of a condition: nobody trains more
MOST_TIMES = 1000  # as many lines as there were


@dataclasses.dataclass(frozen=True)
class Settling(Result):
    """The sizes at which the difference seen would be the smallest detectable one.

    Either is None where even the largest size tried would not do: what varies is then not what more of
    it averages out.
    """

    difference: float  # |D|, a fraction
    seeds: Optional[int]  # of every condition, with the lines that there are
    units: Optional[int]  # lines, or groups of lines, with the seeds that there are


def settling(comparison: Compared) -> Settling:
    """Finds the fewest seeds, and the fewest lines, whose smallest detectable difference is |D|.

    The variances are those of the comparison at hand. Few seeds estimate them badly, and a true
    difference smaller than the one seen needs more: both numbers are orders of magnitude, not promises.

    Args:
        comparison: over seeds and lines, with a variance and a difference that is not 0.

    Raises:
        NotComparable: the comparison has no variance to go by.
        ValueError: the difference is 0, which no size detects.
    """
    difference = abs(comparison.value)
    if not difference:
        raise ValueError("a difference of 0 is detected by no number of seeds or lines")
    conditions, units = len(comparison.seed_counts), comparison.units

    def seen_with_seeds(count: int) -> bool:
        planned = smallest_detectable(comparison, seeds=[count] * conditions)
        return planned.difference <= difference

    def seen_with_units(count: int) -> bool:
        return smallest_detectable(comparison, units=count).difference <= difference

    return Settling(
        signature=comparison.signature,
        difference=difference,
        seeds=_fewest(seen_with_seeds, max(2, *comparison.seed_counts), MOST_SEEDS),
        units=_fewest(seen_with_units, units, MOST_TIMES * units),
    )


def _fewest(is_enough: Callable[[int], bool], least: int, most: int) -> Optional[int]:
    """Searches least..most for the first size that is enough, given that larger ones are too."""
    if not is_enough(most):
        return None
    low, high = least - 1, most  # not enough or untried; enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
