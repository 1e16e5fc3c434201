"""Differences of differences: by hand, by brute force, and how often they are false alarms."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from ocr_tf.metrics.paired import (
    FALLS,
    RISES,
    TIED,
    WITHHELD,
    NotComparable,
    change,
    contrasts,
    recipes,
    smallest_detectable,
)
from ocr_tf.metrics.paired.variance_components import (
    components,
    degrees_of_freedom,
    effects,
    t_interval,
)
from tests.metrics.conditions import golden, outcomes, random_pair
from tests.metrics.simulated import alarms

DECLARED = {"gain": (("A", "B"), ("C", "D"))}


def named(condition, name):
    return dataclasses.replace(condition, name=name)


def four(key=0, **kwargs):
    a, b = random_pair(key, **kwargs)
    draw = np.random.default_rng([99, key])
    c, d = (
        dataclasses.replace(one, name=name, errors=draw.permutation(one.errors, axis=1))
        for one, name in ((b, "C"), (a, "D"))
    )
    return [a, b, c, d]


def contrast(conditions, declared=None):
    (found,) = contrasts(conditions, declared or DECLARED)
    return found


def test_golden():
    """A - B as in the golden pair; C has one error under every seed, D none: worked by hand."""
    a, b = golden()
    c = outcomes("C", [[1, 0, 0, 0, 0]] * 3)
    d = outcomes("D", [[0, 0, 0, 0, 0]] * 3)
    found = contrast([a, b, c, d])
    assert found.differences == pytest.approx((0.05, 0.01)) and found.value == pytest.approx(0.04)
    # A line's mean difference less D n_i: 1, -1, 0, -1, 1 thirds of A - B; 4, -1, -1, -1, -1 fifths of
    # C - D. One less the other in fifteenths is -7, -2, 3, -2, 8, whose squares sum to 130.
    assert found.variance_lines == pytest.approx(130 / 225 / 400 / 20)
    assert sum(found.variance_seeds) == pytest.approx(3.3333e-4, rel=1e-4)
    assert sum(found.variance_residual) == pytest.approx(4.1667e-5, rel=1e-4)
    assert found.variance_seeds[2:] == found.variance_residual[2:] == (0, 0)


def test_paired_by_seed_it_goes_by_the_contrasts_within_seeds():
    conditions = four(seeds=5)
    (found,) = contrasts(conditions, DECLARED, paired=True)
    a, b, c, d = (condition.rates for condition in conditions)
    within = (a - b) - (c - d)
    assert (found.paired, found.seed_counts) == (True, (5,))
    parts = found.variance_lines, found.variance_seeds, found.variance_residual
    expected = degrees_of_freedom(*map(np.array, parts), found.seed_counts, found.units)
    assert found.df == pytest.approx(expected)
    assert found.value == pytest.approx(within.mean())
    assert found.variance_seeds == pytest.approx([within.var(ddof=1) / 5])
    assert found.variance_lines == pytest.approx(contrast(conditions).variance_lines)
    assert smallest_detectable(found).seeds == (5,)
    other = dataclasses.replace(conditions[3], seeds=range(1, 6))
    with pytest.raises(NotComparable, match="cannot be paired"):
        contrasts([*conditions[:3], other], DECLARED, paired=True)


def brute_force(conditions):
    """V and df from loops over the definitions; signs +, -, -, + of a, b, c, d."""
    lengths = conditions[0].lengths
    total, lines = lengths.sum(), len(lengths)
    adds, per_seed, residual, value = np.zeros(lines), [], [], 0.0
    for sign, condition in zip((1, -1, -1, 1), conditions):
        seeds = len(condition.errors)
        rates = [row.sum() / total for row in condition.errors]
        z = [(row - r * lengths) * lines / total for row, r in zip(condition.errors, rates)]
        mean = sum(z) / seeds
        adds += sign * mean
        value += sign * sum(rates) / seeds
        per_seed.append((np.var(rates, ddof=1) / seeds, seeds - 1))
        squares = sum(float(((one - mean) ** 2).sum()) for one in z)
        dof = (seeds - 1) * (lines - 1)
        residual.append((squares / dof / (seeds * lines), dof))
    v_lines = (adds**2).sum() / (lines * (lines - 1))
    v_seeds, v_residual = (sum(v for v, _ in of) for of in (per_seed, residual))
    variance = max(v_lines + v_seeds - v_residual, v_lines, v_seeds)
    spread = v_lines**2 / (lines - 1) + sum(v**2 / f for v, f in per_seed + residual)
    return value, variance, variance**2 / spread


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_brute_force(seeds):
    conditions = four(seeds, seeds=seeds)
    found = contrast(conditions)
    value, variance, df = brute_force(conditions)
    assert (found.value, found.variance, found.df) == pytest.approx((value, variance, df))
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((value - half, value + half))
    assert (
        found.p == found.p_adjusted == pytest.approx(2 * stats.t.sf(abs(value) / variance**0.5, df))
    )
    assert found.seed_counts == (seeds,) * 4


def test_conditions_may_have_other_numbers_of_seeds():
    a, b, c, d = four(seeds=5)
    c = dataclasses.replace(c, errors=c.errors[:2], seeds=[0, 1])
    found = contrast([a, b, c, d])
    assert (found.value, found.variance, found.df) == pytest.approx(brute_force([a, b, c, d]))
    assert found.seed_counts == found.signature.seeds == (5, 5, 2, 5)
    own = [recipes(*pair).variance_seeds for pair in ((a, b), (c, d))]
    assert found.variance_seeds == pytest.approx(own[0] + own[1])
    one = dataclasses.replace(c, errors=c.errors[:1], seeds=[0])
    found = contrast([a, b, one, d])
    assert found.low is found.p is found.p_adjusted is None and "C has one seed" in found.withheld


def test_against_two_that_never_err_it_is_the_pair():
    a, b = random_pair()
    perfect = [dataclasses.replace(a, name=name, errors=np.zeros_like(a.errors)) for name in "CD"]
    found, pair = contrast([a, b, *perfect]), recipes(a, b)
    for field in ("value", "low", "high", "p", "df", "variance", "units"):
        assert getattr(found, field) == pytest.approx(getattr(pair, field))


def test_swaps_change_the_sign_and_nothing_else():
    conditions = four(3)
    found = contrast(conditions)
    turned = {
        -1: [(("C", "D"), ("A", "B")), (("B", "A"), ("D", "C"))],
        1: [(("A", "C"), ("B", "D")), (("D", "C"), ("B", "A"))],
    }
    for sign, every in turned.items():
        for pairs in every:
            other = contrast(conditions, {"gain": pairs})
            assert other.value == pytest.approx(sign * found.value)
            ends = sorted([sign * found.low, sign * found.high])
            assert [other.low, other.high] == pytest.approx(ends)
            assert (other.p, other.df) == pytest.approx((found.p, found.df))


def test_one_difference_twice_is_no_change():
    a, b = random_pair()
    found = contrast([a, b, named(a, "C"), named(b, "D")])
    assert found.value == 0 and found.variance_lines == 0
    assert found.p == 1 and found.low == -found.high < 0  # seeds of the four could have been others
    same = [outcomes(name, [[1, 0, 2]] * 2) for name in "ABCD"]
    assert contrast(same).p == 1 and contrast(same).low is None


def test_several_are_corrected_together():
    conditions = four(1)
    swapped = (("A", "C"), ("D", "B"))
    first, second = contrasts(conditions, {**DECLARED, "other": swapped})
    alone = contrast(conditions), contrast(conditions, {"other": swapped})
    smaller, larger = sorted([first, second], key=lambda c: c.p)
    for one in (smaller, larger):
        assert one.p_adjusted == pytest.approx(min(1, 2 * one.p))
    for found, single in zip((first, second), alone):
        assert found.p == single.p and found.confidence == 0.975
        wider = stats.t.ppf(0.9875, found.df) / stats.t.ppf(0.975, found.df)
        assert found.high - found.low == pytest.approx((single.high - single.low) * wider)
    assert contrasts(conditions, {}) == []


def test_a_gain_falls_or_rises_by_the_interval():
    found = dataclasses.replace(contrast(four(seeds=4, lines=150)), value=0.1, low=0.01, high=0.19)
    assert change(found).outcome == FALLS
    turned = dataclasses.replace(found, value=-0.1, low=-0.19, high=-0.01)
    assert change(turned).outcome == RISES
    assert change(dataclasses.replace(found, low=-0.01)).outcome == TIED
    silent = dataclasses.replace(found, p=None, p_adjusted=None, low=None, high=None)
    assert change(silent).outcome == WITHHELD
    assert change(found).detectable == smallest_detectable(found)
    few = change(found, "3 lines")
    assert few.detectable is None and few.too_small == "3 lines" and few.outcome == FALLS


def test_a_condition_twice_is_refused():
    with pytest.raises(ValueError, match="two conditions of one name"):
        contrasts(four(), {"gain": (("A", "B"), ("B", "C"))})


def test_what_it_could_have_seen_is_made_of_all_four():
    found = contrast(four(2, seeds=4))
    seen = smallest_detectable(found)
    assert seen.seeds == (4,) * 4 and seen.units == found.units
    assert seen.from_seeds == pytest.approx(seen.seed_variance * 4 / 4)
    assert seen.from_residual == pytest.approx(seen.residual_variance * 4 / 4 / found.units)
    assert smallest_detectable(found, seeds=[8] * 4).from_seeds == pytest.approx(
        seen.from_seeds / 2
    )
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False)) == found.as_dict()


@pytest.mark.parametrize("seeds, spread", [(3, 0.0), (3, 0.4), (5, 0.4)])
def test_false_alarms_where_the_gain_stays_as_it_is(seeds, spread):
    replicates, lines = 1000, 100
    draw = np.random.default_rng([21, seeds, round(10 * spread)])
    lengths = draw.integers(5, 41, (replicates, lines))
    line = draw.normal(-2.5, 0.5, (replicates, 1, lines))
    found = []
    gain = 0.5 if spread else 0.2
    for shift in (gain, 0.0, gain, 0.0):  # of A, B, C, D
        logits = line + shift + draw.normal(0, 0.6, (replicates, 1, lines))
        logits = logits + draw.normal(0, spread, (replicates, seeds, 1))
        logits += draw.normal(0, 0.3, (replicates, seeds, lines))
        found.append(effects(draw.binomial(lengths[:, None], expit(logits)), lengths))
    a, b, c, d = found

    def p(plus, minus):
        parts = components(plus, minus)
        return t_interval(parts.value, parts.variance, parts.df, 0.95)[2]

    rate = alarms(p([a, d], [b, c]))
    read_off = ((p([a], [b]) <= 0.05) != (p([c], [d]) <= 0.05)).mean()
    print(f"S = {seeds}, seed sd {spread}: {rate:.3f}; by which pair is significant {read_off:.3f}")
    assert 0.01 <= rate <= 0.06
    assert read_off > 0.2
