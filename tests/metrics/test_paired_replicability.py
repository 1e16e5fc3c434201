"""On how many sets a difference holds: against the definition over all subsets, and false alarms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ocr_tf.metrics.paired.replicability import one_sided, replicability


def by_definition(p_values, combine, alpha):
    """The greatest u of which every choice of K - u + 1 sets rejects that none of them differs."""
    sets, count = len(p_values), 0
    for u in range(1, sets + 1):
        chosen = itertools.combinations(p_values, sets - u + 1)
        if max(combine(list(part)) for part in chosen) > alpha:
            break
        count = u
    return count


@pytest.mark.parametrize("key", range(12))
def test_it_counts_as_the_definition_does(key):
    draw = np.random.default_rng(key)
    p_values = draw.beta(0.25, 1.5, draw.integers(1, 7))
    found = replicability(p_values, independent=True, alpha=0.05)

    def fisher(part):
        return stats.combine_pvalues(part).pvalue

    def bonferroni(part):
        return min(1, len(part) * min(part))

    assert found.independent == by_definition(p_values, fisher, 0.05)
    assert found.dependent == by_definition(p_values, bonferroni, 0.05)
    held, *_ = multipletests(p_values, 0.05, method="holm")
    assert list(found.which) == np.flatnonzero(held).tolist()


def test_a_p_of_zero_counts():
    found = replicability([0.0, 0.0, 0.7], independent=True)
    assert (found.independent, found.dependent, found.which) == (2, 2, (0, 1))


def test_sets_that_share_networks_are_not_taken_as_independent():
    assert replicability([0.001, 0.001], independent=False).independent is None


@pytest.mark.parametrize("p_values", [[], [1.2], [float("nan")]])
def test_what_is_no_p_value_is_refused(p_values):
    with pytest.raises(ValueError, match="p-values"):
        replicability(p_values, independent=True)


@pytest.mark.parametrize("value", [-1.3, 0.4])
def test_one_sided_p_of_a_t(value):
    two_sided = 2 * stats.t.sf(abs(value), 5)
    assert one_sided(value, two_sided) == pytest.approx(stats.t.cdf(value, 5))


def test_it_overcounts_in_at_most_the_share_it_may():
    """Two of five sets differ, much; counting three is the error."""
    draw = np.random.default_rng(0)
    three = []
    for _ in range(1000):
        p_values = np.r_[1e-9, 1e-9, draw.uniform(size=3)]
        found = replicability(p_values, independent=True, alpha=0.05)
        three.append((found.independent > 2, found.dependent > 2))
    assert (np.mean(three, axis=0) <= 0.07).all() and (np.mean(three, axis=0) >= 0.03).all()
