"""How often reports of several conditions name a difference that is none, and whether their intervals hold.

`pytest -s --slow` prints the rates. Every draw is keyed: a rate is the same in every run.
"""

import itertools

import numpy as np
import pytest

from ocr_tf.metrics.paired import pairwise, studentized_range
from ocr_tf.metrics.paired.variance_components import cautious_df, components
from tests.metrics.conditions import outcomes
from tests.metrics.simulated import Model

GRID = np.concatenate([np.linspace(1, 6, 26), [7, 8, 10, 12, 15, 20, 30, 50, 100, 300, 1000]])


def together(found):
    """Simultaneous ends [pairs, 2, R] as `pairwise` gives them, the quantile interpolated in 1 / df."""
    quantiles = [studentized_range.quantile(0.95, len(found), df) for df in GRID]
    ends = []
    for a, b in itertools.combinations(found, 2):
        parts = components([a], [b])
        each = parts.lines, parts.seeds, parts.residual, parts.seed_counts, parts.units
        quantile = np.interp(1 / cautious_df(*each), 1 / GRID[::-1], quantiles[::-1])
        half = quantile * np.sqrt(parts.variance / 2)
        ends.append((parts.value - half, parts.value + half))
    return np.array(ends)


def differing(truth):
    """Returns D of every pair."""
    return np.array([a - b for a, b in itertools.combinations(truth, 2)])[:, None]


def test_simulations_judge_what_is_reported():
    errors, lengths = Model(seed=0.5).several([11], 5, 3, 50, (0.0, 0.3, 0.6))
    ends = together(Model.effects_of(errors, lengths))
    for r in range(5):
        every = [outcomes(f"c{c}", own[r], lengths[r]) for c, own in enumerate(errors)]
        for pair, (low, high) in zip(pairwise(every), ends[:, :, r]):
            found = pair.comparison.low, pair.comparison.high
            assert found == pytest.approx((low, high), rel=1e-3, abs=1e-6)
            assert (pair.p_adjusted <= 0.05) == (low > 0 or high < 0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 4, 6])
def test_alarms_of_any_pair(count):
    print(f"\n{count} conditions, 2000 replicates, 100 lines: any pair told apart, of equal ones")
    for spread in (0.0, 0.5):
        for seeds in (2, 3, 5, 10):
            drawn = Model(seed=spread).several([12], 2000, seeds, 100, (0.0,) * count)
            low, high = np.moveaxis(together(Model.effects_of(*drawn)), 1, 0)
            rate = ((low > 0) | (high < 0)).any(axis=0).mean()
            print(f"seed sd {spread}, S = {seeds}: {rate:.3f}")
            if (
                seeds > 2 and count < 6
            ):  # Fewer seeds, or more conditions, alarm more; the page says so.
                assert 0.01 <= rate <= 0.06, (spread, seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_all_intervals_hold_together_where_conditions_differ(seeds):
    drawn = Model(seed=0.2, condition_line=0.6).several([13], 2000, seeds, 300, (0.0, 0.4, 0.8))
    found = Model.effects_of(*drawn)
    truth = differing([one.rates.mean() for one in found])
    low, high = np.moveaxis(together(found), 1, 0)
    coverage = ((low <= truth) & (truth <= high)).all(axis=0).mean()
    power = ((low > 0) | (high < 0)).mean()
    print(
        f"\nS = {seeds}: all three intervals hold {coverage:.3f}, a pair is told apart {power:.3f}"
    )
    assert 0.94 <= coverage <= 0.99
