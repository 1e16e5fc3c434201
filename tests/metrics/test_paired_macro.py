"""The mean over test sets: against its formulas, and against what one set alone gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.metrics.paired import MODELS, NotComparable, models, recipes
from ocr_tf.metrics.paired.macro import macro
from tests.metrics.conditions import random_pair

FIELDS = ("value", "low", "high", "p", "df", "variance", "variance_lines", "rate_a", "rate_b")


@pytest.mark.parametrize("paired", [False, True])
def test_of_one_set_it_is_the_comparison(paired):
    a, b = random_pair()
    found, alone = (
        macro(a, b, ["x"] * 40, paired=paired),
        recipes(a, b, paired=paired),
    )
    for field in FIELDS:
        assert getattr(found, field) == pytest.approx(getattr(alone, field)), field
    assert macro(a, b, ["x"] * 40, MODELS).low == pytest.approx(models(a, b).low)


def test_every_set_counts_alike_and_seeds_are_shared():
    a, b = random_pair(lines=60)
    sets = ["small"] * 10 + ["large"] * 50
    found = macro(a, b, sets)
    parts = [(a.take(mask), b.take(mask)) for mask in (np.arange(60) < 10, np.arange(60) >= 10)]
    alone = [recipes(*part) for part in parts]
    assert found.value == pytest.approx(np.mean([one.value for one in alone]))
    lines = np.array([one.variance_lines for one in alone]) / 4
    assert found.variance_lines == pytest.approx(lines.sum())
    means = [np.mean([part[c].rates for part in parts], axis=0) for c in (0, 1)]
    assert found.variance_seeds == pytest.approx([m.var(ddof=1) / 3 for m in means])
    rest = np.sum([one.variance_residual for one in alone], axis=0) / 4
    assert found.variance_residual == pytest.approx(rest)
    given = macro(a, b, sets, MODELS)
    assert given.df == pytest.approx(lines.sum() ** 2 / (lines**2 / [9, 49]).sum())


def test_it_turns_with_its_conditions_and_not_with_the_order_of_lines():
    a, b = random_pair(lines=30)
    sets = np.array(["x", "y", "z"] * 10)
    one, other = macro(a, b, sets), macro(b, a, sets)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p))
    order = np.random.default_rng(0).permutation(30)
    shuffled = [
        dataclasses.replace(
            c,
            errors=c.errors[:, order],
            lengths=c.lengths[order],
            ids=[c.ids[i] for i in order],
        )
        for c in (a, b)
    ]
    again = macro(*shuffled, sets[order])
    assert (again.low, again.high) == pytest.approx((one.low, one.high))


def test_a_set_of_one_line_is_refused():
    with pytest.raises(NotComparable, match="one test line"):
        macro(*random_pair(), ["x"] * 39 + ["y"])
