"""Random effects over data sets: against the estimating equation, a published example, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from ocr_tf.metrics.paired.meta_analysis import random_effects


def excess(tau2: float, values: np.ndarray, variances: np.ndarray) -> float:
    """Paule and Mandel's equation; 0 at the estimate."""
    weights = 1 / (variances + tau2)
    mean = np.average(values, weights=weights)
    return float((weights * (values - mean) ** 2).sum() - (len(values) - 1))


@pytest.mark.parametrize("key", range(8))
@pytest.mark.parametrize("spread", [0.0, 0.003, 0.1])
def test_it_solves_the_estimating_equation(key, spread):
    """On the scale of differences of error rates, where an absolute tolerance would not do."""
    draw = np.random.default_rng([key, int(1000 * spread)])
    variances = 10 ** draw.uniform(-7, -4, 5)
    values = draw.normal(0.01, np.sqrt(variances + spread**2))
    found = random_effects(values, variances)
    tau2 = 0.0
    if excess(0, values, variances) > 0:
        tau2 = optimize.brentq(excess, 0, 1, args=(values, variances), xtol=1e-15)
    weights = 1 / (variances + tau2)
    mean, error = np.average(values, weights=weights), 1 / np.sqrt(weights.sum())
    assert found.tau == pytest.approx(np.sqrt(tau2), rel=1e-3, abs=1e-9)
    assert found.value == pytest.approx(mean, rel=1e-3)
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 4) * error, rel=1e-3)
    new = stats.t.ppf(0.975, 3) * np.sqrt(tau2 + error**2)
    assert found.new_high - found.value == pytest.approx(new, rel=1e-3)


def test_equal_variances_give_a_t_test_over_sets():
    """Where sets differ by more than their variances explain, these no longer matter."""
    values = [0.031, -0.012, 0.055, 0.02]
    found = random_effects(values, [1e-6] * 4)
    tested = stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(tested.pvalue, rel=1e-4)
    assert (found.low, found.high) == pytest.approx(tuple(tested.confidence_interval()), rel=1e-4)


def test_sets_that_agree_too_well_do_not_narrow_the_interval():
    same = random_effects([0.01] * 3, [4e-4] * 3)
    assert (same.tau, same.i2, same.q) == (0, 0, pytest.approx(0, abs=1e-12))
    half = stats.t.ppf(0.975, 2) * 0.02 / np.sqrt(3)
    assert same.high - same.low == pytest.approx(2 * half)


def test_turning_the_sign_turns_the_summary():
    values, variances = [0.031, -0.012, 0.055], [1e-4, 2e-4, 5e-5]
    one, other = random_effects(values, variances), random_effects(np.negative(values), variances)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p))


def test_two_sets_say_nothing_of_a_third():
    two = random_effects([0.01, 0.03], [1e-4, 1e-4])
    assert two.new_low is None and two.new_high is None and two.low < 0.02 < two.high


@pytest.mark.parametrize(
    "values, variances", [([0.1], [1.0]), ([0.1, 0.2], [1.0, 0.0]), ([0.1, 0.2], [1.0])]
)
def test_what_cannot_be_summarized_is_refused(values, variances):
    with pytest.raises(ValueError, match="differences with the variances"):
        random_effects(values, variances)


@pytest.mark.slow
@pytest.mark.parametrize("sets", [3, 5])
@pytest.mark.parametrize("tau", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("df", [4, 50])
def test_coverage_with_few_sets(sets, tau, df):
    """Each V_k is itself estimated, with so many degrees of freedom; sets vary in size sixteenfold."""
    draw = np.random.default_rng([sets, int(1000 * tau), df])
    mean_in = new_in = 0
    replicates = 2000
    for _ in range(replicates):
        variances = 1e-4 * 4.0 ** draw.uniform(-1, 1, sets)
        values = draw.normal(0.02, np.sqrt(variances + tau**2))
        found = random_effects(values, variances * draw.chisquare(df, sets) / df)
        mean_in += found.low <= 0.02 <= found.high
        new_in += found.new_low <= draw.normal(0.02, tau) <= found.new_high
    coverage, new = mean_in / replicates, new_in / replicates
    print(f"{sets} sets, tau {tau}, df {df}: mean in {coverage:.3f}, a new set in {new:.3f}")
    assert coverage >= 0.92 and new >= 0.90
