"""The smallest detectable difference: its formulas, and what it is worth where it is printed.

`pytest -s` prints the rates.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.interpolate import RegularGridInterpolator
from statsmodels.stats.power import TTestPower

from ocr_tf.metrics.paired import models, recipes, smallest_detectable
from ocr_tf.metrics.paired.power import _errors_detected, expected_power, power
from ocr_tf.metrics.paired.variance_components import cautious_df, components
from tests.metrics.conditions import outcomes
from tests.metrics.simulated import Model

SPREADS = 0.0, 0.2, 0.5  # standard deviations of seeds on the logit scale


@pytest.mark.parametrize("df", [1, 3, 12.5, 200, 10_000])
def test_power_as_statsmodels(df):
    for effect in (0.1, 0.25, 0.4):
        other = TTestPower().power(effect, 100, 0.05, df=df)
        assert power(10 * effect, df) == pytest.approx(other, abs=1e-6)
        assert power(-10 * effect, df) == pytest.approx(other, abs=1e-6)
    assert power(0.0, df, 0.99) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize("df, variance_df", [(2, 2), (4, 2), (60, 5), (300, 300)])
def test_expected_power_as_drawn(df, variance_df):
    draw = np.random.default_rng([1, df, variance_df])
    planned, new = (np.sqrt(draw.chisquare(n, 400_000) / n) for n in (variance_df, df))
    t = (draw.standard_normal(400_000) + 3.5 * planned) / new
    found = (np.abs(t) > stats.t.ppf(0.975, df)).mean()
    assert expected_power(3.5, df, variance_df) == pytest.approx(found, abs=0.004)


def comparison(replicate=0, seeds=3, lines=100, spread=0.2):
    draws = Model(seed=spread).draw([30], replicate + 1, seeds, lines)
    return recipes(
        *(
            outcomes(name, errors[replicate], draws.lengths[replicate])
            for name, errors in (("A", draws.a), ("B", draws.b))
        )
    )


def test_the_value_has_the_power_that_is_asked_for():
    found = comparison()
    error = np.sqrt(found.variance)
    for aim in (0.5, 0.8, 0.9):
        seen = smallest_detectable(found, power=aim)
        assert seen.df == found.df and seen.variance_df < found.df
        errors = seen.difference / error
        assert expected_power(errors, seen.df, seen.variance_df) == pytest.approx(aim)
        assert seen.low < seen.difference < seen.high
    assert smallest_detectable(found).difference < smallest_detectable(found, power=0.9).difference


def test_lines_that_few_errors_are_on_say_less_of_their_variance():
    lengths, even = np.full(60, 20), np.tile([[0, 1, 2]], (2, 20))
    rare = np.zeros((2, 60))
    rare[:, :3] = 19
    pairs = [
        models(outcomes("A", errors, lengths), outcomes("B", 0 * errors, lengths))
        for errors in (even, rare)
    ]
    assert [pair.df for pair in pairs] == [59, 59]
    assert pairs[0].lines_df == 59 > 10 > pairs[1].lines_df
    narrow, wide = map(smallest_detectable, pairs)
    assert wide.high / wide.low > 2 * narrow.high / narrow.low


GRID = np.geomspace(
    0.9, 2e4, 20
)  # of degrees of freedom, between which the tables are interpolated


@functools.cache
def tables():
    """log c by the df of the comparison and of the estimate, and log c where the variance is known."""
    known = [_errors_detected(0.8, df, None, 0.95) for df in GRID]
    every = [[_errors_detected(0.8, df, other, 0.95) for other in GRID] for df in GRID]
    axes = np.log(GRID), np.log(GRID)
    return RegularGridInterpolator(axes, np.log(every)), np.log(known)


def printed(parts):
    """What `smallest_detectable` prints, and the ends of its interval, each [R]."""
    seeds, residual = parts.seeds, parts.residual
    own = cautious_df(parts.lines, seeds, residual, parts.seed_counts, parts.lines_df + 1)
    df, error = parts.df, np.sqrt(parts.variance)
    every, known = tables()
    value = error * np.exp(every(np.log(np.stack([df, own], axis=-1))))
    c = error * np.exp(np.interp(np.log(df), np.log(GRID), known))
    low, high = (c * np.sqrt(own / stats.chi2.ppf(share, own)) for share in (0.975, 0.025))
    return value, low, high


def test_degrees_of_freedom_below_one_are_taken_for_one():
    # Lines and seeds that cancel leave an interval with next to none.
    found = dataclasses.replace(comparison(), df=0.01)
    seen = smallest_detectable(found)
    assert seen.df == 1 and np.isfinite([seen.difference, seen.low, seen.high]).all()


class Calibrated(NamedTuple):
    power: (
        float  # of comparisons drawn anew, at the printed value: the mean over all that is printed
    )
    plain: float  # at the value that takes the variances for the true ones
    covered: float  # the share of intervals that hold the difference that 80 % find


def calibrated(seeds, lines, spread, replicates, key=31):
    """Simulates comparisons without a difference; one that is added is found as if it were there."""
    found = []
    for i in range(replicates // 250):
        pair = Model(seed=spread).draw([key, i], 250, seeds, lines).effects()
        parts = components(*([own] for own in pair))
        error = np.sqrt(parts.variance)
        half = stats.t.ppf(0.975, parts.df) * error
        plain = (stats.t.ppf(0.975, parts.df) + stats.t.ppf(0.8, parts.df)) * error
        found.append([parts.value, half, plain, *printed(parts)])
    value, half, plain, seen, low, high = np.concatenate(found, axis=-1)

    def power_at(differences):
        return np.array([(np.abs(value + d) > half).mean() for d in differences])

    ends = [0.0, 1.0]
    for _ in range(30):
        middle = sum(ends) / 2
        ends[int(power_at([middle])[0] >= 0.8)] = middle
    true = ends[1]
    held = ((low <= true) & (true <= high)).mean()
    return Calibrated(power_at(seen).mean(), power_at(plain).mean(), held)


def test_simulations_judge_what_is_printed():
    draws = Model(seed=0.2).draw([32], 10, 3, 100)
    every = np.transpose(printed(components(*([own] for own in draws.effects()))))
    for replicate, expected in enumerate(every):
        conditions = (
            outcomes(name, errors[replicate], draws.lengths[replicate])
            for name, errors in (("A", draws.a), ("B", draws.b))
        )
        seen = smallest_detectable(recipes(*conditions))
        assert [seen.difference, seen.low, seen.high] == pytest.approx(list(expected), rel=0.05)


def check(sizes, replicates):
    """Prints the calibration at sizes (S, N), and holds it to what the report says of it."""
    print(
        f"\n{replicates} replicates: power at the printed value, at the plain one; intervals that hold"
    )
    for seeds, lines in sizes:
        for spread in SPREADS:
            found = calibrated(seeds, lines, spread, replicates)
            print(
                f"S = {seeds}, {lines} lines, seed sd {spread}: {found.power:.3f}, {found.plain:.3f}; "
                f"{found.covered:.3f}"
            )
            assert (0.70 if seeds == 2 else 0.77) <= found.power <= 0.85
            assert found.covered >= (0.65 if seeds == 2 else 0.85)


def test_the_printed_value_is_found_about_as_often_as_is_said():
    check([(2, 100), (3, 100), (5, 100)], replicates=500)


@pytest.mark.slow
def test_the_printed_value_in_full():
    check([(s, n) for s in (2, 3, 5, 10) for n in (100, 300, 1000)], replicates=2000)
