"""How often another training of A would have fewer errors than one of B. `pytest -s` prints the rates."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from ocr_tf.metrics.paired import NotComparable, superiority
from ocr_tf.metrics.paired.outcomes import Outcomes, Signature
from ocr_tf.metrics.paired.superiority import LEAST_SEEDS

LENGTH = 1000.0


def condition(name, rates, **settings):
    """Two lines, with these rates of the seeds."""
    errors = LENGTH * np.asarray(rates, float)[:, None] * np.ones(2)
    signature = Signature("cer", "none", "lines")
    seeds = range(len(errors))
    return Outcomes(name, errors, np.full(2, LENGTH), seeds, ["0", "1"], signature, **settings)


A, B = [0.10, 0.12, 0.11, 0.13], [0.14, 0.12, 0.16, 0.13]


def test_the_interval_is_that_of_the_noncentral_t():
    found = superiority(condition("A", A), condition("B", B))
    one, other = np.array(A), np.array(B)
    variances = one.var(ddof=1), other.var(ddof=1)
    t = (one.mean() - other.mean()) / np.sqrt(sum(variances) / 4)
    assert t == pytest.approx(stats.ttest_ind(A, B, equal_var=False).statistic)
    df = sum(variances) ** 2 / (variances[0] ** 2 / 3 + variances[1] ** 2 / 3)
    for probability, share in ((found.value, 0.5), (found.low, 0.025), (found.high, 0.975)):
        noncentrality = -stats.norm.ppf(probability) * np.sqrt(4)
        assert stats.nct.cdf(t, df, noncentrality) == pytest.approx(share, abs=1e-5)
    assert 0.5 < found.value < 1 and found.low < 0.5 < found.high


def test_the_other_way_round_it_is_the_rest_to_one():
    for paired in (False, True):
        forth = superiority(condition("A", A), condition("B", B), paired)
        back = superiority(condition("B", B), condition("A", A), paired)
        assert forth.within_seeds == paired
        assert [back.value, back.low, back.high] == pytest.approx(
            [1 - forth.value, 1 - forth.high, 1 - forth.low]
        )


def test_within_seeds_it_is_the_differences_that_vary():
    shifts = np.array([0.0, 0.05, 0.1, 0.2])
    a, b = condition("A", 0.1 + shifts), condition("B", 0.11 + shifts + [0, 0.001, 0, 0.001])
    assert superiority(a, b, paired=True).value > 0.99 > superiority(a, b).value
    networks = tuple("wxyz")
    same = [dataclasses.replace(one, networks=networks) for one in (a, b)]
    assert superiority(*same) == dataclasses.replace(superiority(a, b, paired=True))


def test_what_seeds_cannot_say_is_withheld():
    few = superiority(condition("A", A[:2]), condition("B", B))
    assert (few.value, few.low, few.high) == (None, None, None)
    assert few.withheld == f"{LEAST_SEEDS} seeds of each or more can say it"
    alike = superiority(condition("A", [0.1] * 3), condition("B", [0.2] * 3))
    assert alike.value is None and "do not vary" in alike.withheld
    other = superiority(condition("A", A, trained=False), condition("B", B))
    assert other.value is None and "not trained anew" in other.withheld
    with pytest.raises(NotComparable):
        superiority(condition("A", A), condition("B", B[:3]), paired=True)


def coverage(seeds, spreads, gap, replicates, key):
    """The share of intervals that hold the true probability, and the mean estimate beside it."""
    draw = np.random.default_rng([key, *seeds])
    true = ndtr(gap / np.hypot(*spreads))
    held, values = 0, []
    for _ in range(replicates):
        a, b = (
            condition(name, mean + spread * draw.standard_normal(count))
            for name, mean, spread, count in zip("AB", (0.3, 0.3 + gap), spreads, seeds)
        )
        found = superiority(a, b)
        held += found.low <= true <= found.high
        values.append(found.value)
    print(
        f"S = {seeds}, sd {spreads}: {held / replicates:.3f} of {replicates} hold {true:.2f}; "
        f"mean {np.mean(values):.2f}"
    )
    return held / replicates


@pytest.mark.parametrize("seeds, spreads", [((3, 3), (0.02, 0.02)), ((5, 5), (0.01, 0.03))])
def test_intervals_hold_the_truth(seeds, spreads):
    assert coverage(seeds, spreads, 0.02, 300, 40) >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(3, 3), (5, 5), (10, 10), (3, 10)])
def test_intervals_hold_the_truth_in_full(seeds):
    for spreads in ((0.02, 0.02), (0.01, 0.03), (0.002, 0.02), (0.02, 0.002)):
        for gap in (0.0, 0.02, 0.05):
            assert coverage(seeds, spreads, gap, 2000, 41) >= 0.90
