"""The levels of looks: what they add up to, and the rule that they are taken from."""

import itertools

import pytest
from scipy import stats

from ocr_tf.metrics.paired import recipes, spending, verdict
from ocr_tf.metrics.paired.equivalence import equivalence
from ocr_tf.metrics.paired.multiple_comparisons import pairwise
from tests.metrics.conditions import random_pair


def series(looks, seen):
    """The levels of planned looks that are taken at some of the planned numbers of seeds."""
    levels = []
    for seeds in seen:
        levels.append(spending.planned_level(seeds, looks, sum(levels)))
    return levels


def test_what_is_spent_is_the_rule_of_lan_and_demets():
    for share in (0.2, 0.5, 0.9):
        z = stats.norm.ppf(1 - spending.ALPHA / 2) / share**0.5
        assert spending.spent(share) == pytest.approx(2 * (1 - stats.norm.cdf(z)))
    assert spending.spent(1.0) == pytest.approx(spending.ALPHA)
    assert spending.spent(0.3) == pytest.approx(0.00035, abs=5e-6)


@pytest.mark.parametrize(
    "looks",
    [(3,), (3, 5, 10), (2, 100), tuple(range(1, 21)), (3, 999, 1000), tuple(range(981, 1001))],
)
def test_planned_looks_never_spend_more_than_the_level(looks):
    for count in range(1, min(len(looks), 4) + 1):
        for seen in itertools.combinations(looks[:6] + looks[-2:], count):
            if list(seen) == sorted(set(seen)):
                levels = series(looks, seen)
                assert min(levels) > 0 and sum(levels) <= spending.ALPHA * (1 + 1e-12)
    every = series(looks, looks)
    assert sum(every) <= spending.ALPHA * (1 + 1e-12)
    # Rounding down loses little, and the last look has what is left.
    assert sum(every) > 0.98 * spending.ALPHA


def test_any_number_of_unplanned_looks_spends_less_than_what_they_share():
    levels = [spending.unplanned_level(number) for number in range(1, 2000)]
    assert all(high >= low > 0 for high, low in zip(levels, levels[1:]))
    assert 0.9 * spending.EXTRA < sum(levels) < spending.EXTRA
    assert levels[0] == pytest.approx(spending.EXTRA / 2)


@pytest.mark.parametrize("level", [0.00034, 0.0052, 0.044, 0.05])
def test_interval_p_and_verdict_agree_at_every_level(level):
    """Differences of all sizes; alone and among three conditions, and within a margin."""
    for key in range(6):
        a, b = random_pair(key, seeds=5, lines=60, difference=0.012 * key)
        alone = recipes(a, b, 1 - level)
        decided = verdict(alone)
        assert decided.confidence == 1 - level
        assert (decided.better is not None) == (alone.p <= level)
        c = random_pair(key, seeds=5, lines=60, difference=0.1)[0]
        every = [a, b, type(a)("C", c.errors, a.lengths, a.seeds, a.ids, a.signature)]
        for pair in pairwise(every, confidence=1 - level):
            together = verdict(pair.comparison, pair.p_adjusted, pairs=3, confidence=1 - level)
            assert together.confidence == 1 - level
            assert (together.better is not None) == (pair.p_adjusted <= level)
            assert f"{100 * (1 - level):.6g} % interval" in together.sentence
        within = equivalence(alone, 0.05, 1, level)
        lower = recipes(a, b, 1 - 2 * level)
        assert within.equivalent == (max(-lower.low, lower.high) <= 0.05)
