"""The numbers of plain words: who is ahead, and the best of several trainings."""

import itertools

import numpy as np
import pytest

from ocr_tf.study.comparison import plain
from ocr_tf.study.comparison.plain import ahead, best_of
from ocr_tf.study.comparison.rate_intervals import rate_intervals
from tests.metrics.conditions import outcomes
from tests.study import fake


def condition(name, errors, seeds=None):
    return outcomes(name, np.array(errors)[:, None] * np.ones(2), [10, 10], seeds)


def test_who_is_ahead_seed_by_seed_whatever_their_order():
    a = condition("A", [1, 2, 3, 4], [0, 1, 2, 3])
    b = condition("B", [5, 3, 1, 2], [3, 2, 1, 0])  # 2, 1, 3, 5 by seed
    assert ahead(a, b) == plain.Ahead(a=2, b=1, of=4, by_seed=True)


def test_who_is_ahead_among_all_pairs_where_seeds_differ():
    a, b = condition("A", [1, 2, 3], [0, 1, 2]), condition("B", [2, 4], [7, 8])
    assert ahead(a, b) == plain.Ahead(a=4, b=1, of=6, by_seed=False)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_the_best_of_several_is_the_mean_over_all_choices(seeds):
    rates = np.random.default_rng(seeds).random(seeds)
    expected = [
        np.mean([min(some) for some in itertools.combinations(rates, k)])
        for k in range(1, seeds + 1)
    ]
    assert best_of(rates) == pytest.approx(expected)


def test_every_pair_and_every_rate_is_there():
    grid = fake.grid(lines=40, seeds=3, conditions=("a", "b", "c"))
    found = plain.plain(grid, "wer", systems=["c"])
    assert [(pair.a, pair.b) for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.superiority.withheld is None for pair in found.pairs] == [True, False, False]
    wer = grid.errors("a", "wer").sum(axis=1) / grid.lengths("wer").sum()
    assert found.best_of["a"][0] == pytest.approx(wer.mean())
    assert found.best_of["a"][2] == pytest.approx(wer.min())
    rates = rate_intervals(grid)
    assert rates["a"]["wer"].value == pytest.approx(wer.mean())
    assert rates["a"]["wer"].low < wer.mean() < rates["a"]["wer"].high
    assert set(rates["b"]) == {"cer", "wer", "exact", "one_minus_ned"}
