"""Several conditions and several slices: what is adjusted, what is withheld."""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

from ocr_tf.metrics.paired import (
    MODELS,
    RECIPES,
    NotComparable,
    models,
    pairwise,
    recipes,
    slices,
    smallest_detectable,
    studentized_range,
    too_small,
)
from tests.metrics.conditions import outcomes, random_pair


def conditions(count=4, seeds=4, lines=120, key=0):
    draw = np.random.default_rng(key)
    lengths = draw.integers(5, 40, lines)
    line = draw.beta(2, 18, lines)
    return [
        outcomes(
            f"condition{c}",
            draw.binomial(lengths, line + 0.02 * c + np.abs(draw.normal(0, 0.01, (seeds, 1)))),
            lengths,
        )
        for c in range(count)
    ]


@pytest.mark.parametrize("target", ["recipes", "models"])
def test_intervals_and_p_of_all_pairs_together(target):
    some = conditions()
    pairs = pairwise(some, target)
    names = [(p.comparison.a[-1], p.comparison.b[-1]) for p in pairs]
    assert names == [("0", "1"), ("0", "2"), ("0", "3"), ("1", "2"), ("1", "3"), ("2", "3")]
    alone = recipes(*some[:2]) if target == "recipes" else models(*some[:2])
    first = pairs[0].comparison
    assert (first.value, first.p) == (alone.value, alone.p)
    assert first.df <= alone.df
    half = stats.studentized_range.ppf(0.95, 4, first.df) * math.sqrt(first.variance / 2)
    assert (first.low, first.high) == pytest.approx((first.value - half, first.value + half))
    assert first.high - first.low > alone.high - alone.low and pairs[0].p_adjusted > alone.p
    assert smallest_detectable(first).difference > smallest_detectable(alone).difference
    # At its own confidence the t interval of the pair is the same.
    t = stats.t.ppf((1 + first.confidence) / 2, first.df)
    assert t * math.sqrt(first.variance) == pytest.approx(half)


@pytest.mark.parametrize("df", [1.3, 4, 39, 1000])
@pytest.mark.parametrize("conditions", [2, 3, 6])
def test_the_studentized_range_as_scipy(conditions, df):
    q = studentized_range.quantile(0.95, conditions, df)
    other = stats.studentized_range
    assert other.sf(q, conditions, df) == pytest.approx(0.05, abs=1e-6)
    for beyond in (0.0, 1.0, 3 * q):
        ours = studentized_range.survival(beyond, conditions, df)
        assert ours == pytest.approx(other.sf(beyond, conditions, df), abs=1e-6)


@pytest.mark.parametrize("target", ["recipes", "models"])
def test_the_p_of_all_pairs_agrees_with_their_intervals(target):
    told = set()
    for key in range(6):
        for pair in pairwise(conditions(3, seeds=3, lines=60, key=key), target):
            excluded = pair.comparison.low > 0 or pair.comparison.high < 0
            assert (pair.p_adjusted <= 0.05) == excluded
            told.add(excluded)
    assert told == {True, False}


def test_lines_that_are_alike_leave_tukeys_test_of_the_seeds():
    """Equal variances of the seeds, the lines all alike: the test of all pairs that scipy has."""
    rates = np.array([[20, 24, 28, 32], [32, 36, 40, 44], [30, 34, 38, 42]])
    some = [
        outcomes(f"condition{c}", np.outer(own, np.ones(200)), np.full(200, 500))
        for c, own in enumerate(rates)
    ]
    for pair, (i, j) in zip(pairwise(some), [(0, 1), (0, 2), (1, 2)]):
        found = pair.comparison
        assert found.df == pytest.approx(3)  # of one condition's seeds, and not of all
        seen = abs(found.value) / math.sqrt(found.variance / 2)
        assert pair.p_adjusted == pytest.approx(stats.studentized_range.sf(seen, 3, 3))
        # With the degrees of freedom of all three conditions it is Tukey's test.
        tukey = stats.tukey_hsd(*rates).pvalue[i, j]
        assert stats.studentized_range.sf(seen, 3, 9) == pytest.approx(tukey)


def test_two_conditions_are_one_pair_with_nothing_to_adjust():
    a, b = random_pair()
    (pair,) = pairwise([a, b])
    assert pair.comparison == recipes(a, b) and pair.p_adjusted == pair.comparison.p
    assert pairwise([a]) == []


def test_a_pair_without_p_counts_among_the_others():
    some = conditions(3)
    some[2] = dataclasses.replace(some[2], errors=some[2].errors[:1], seeds=[0])
    pairs = pairwise(some)
    assert [p.p_adjusted is None for p in pairs] == [False, True, True]
    assert pairs[0] == pairwise(conditions(3))[0]
    assert "condition2 has one seed" in pairs[1].comparison.withheld
    for pair in pairs:
        assert json.loads(json.dumps(pair.as_dict(), allow_nan=False)) == pair.as_dict()


def test_a_pair_with_another_system_is_about_these_models():
    *runs, system = conditions(count=3)
    system = dataclasses.replace(system, errors=system.errors[:1], seeds=[0], trained=False)
    pairs = pairwise([*runs, system])
    assert [p.comparison.target for p in pairs] == [RECIPES, MODELS, MODELS]
    own = [recipes(*runs), *(models(run, system) for run in runs)]
    for pair, alone in zip(pairs, own):
        assert (pair.comparison.value, pair.comparison.p) == (alone.value, alone.p)
        assert pair.p_adjusted > alone.p
    for run in runs:
        alone = recipes(run, system)
        assert alone.p is None and f"{system.name} has one set of readings" in alone.withheld
        short = dataclasses.replace(run, errors=run.errors[:1], seeds=[0])
        assert recipes(short, system).withheld == alone.withheld


def test_an_unknown_target():
    with pytest.raises(ValueError, match="target 'lines', not recipes or models"):
        pairwise(conditions(2), "lines")
    a, b = random_pair()
    with pytest.raises(ValueError, match="target 'lines', not recipes or models"):
        slices(a, b, {"all": np.ones(40, bool)}, "lines")


# Slices


def pair(lines=300, **kwargs):
    return random_pair(5, seeds=4, lines=lines, **kwargs)


def members(lines=300):
    number = np.arange(lines)
    return {"first": number < 100, "odd": number % 2 == 1, "fifth": number % 5 == 0}


@pytest.mark.parametrize("target", ["recipes", "models"])
def test_a_slice_is_compared_on_its_own_lines_and_against_the_rest(target):
    a, b = pair()
    found = slices(a, b, members(), target)
    assert [s.name for s in found] == ["first", "odd", "fifth"]
    for some, mask in zip(found, members().values()):
        inside, rest = (
            (recipes if target == "recipes" else models)(a.take(m), b.take(m))
            for m in (mask, ~mask)
        )
        assert some.units == mask.sum() == some.signature.lines
        assert (some.rate_a, some.rate_b) == pytest.approx((inside.rate_a, inside.rate_b))
        assert (some.inside.low, some.inside.high) == pytest.approx((inside.low, inside.high))
        contrast = some.against_rest
        assert contrast.value == pytest.approx(inside.value - rest.value)
        # Lines are drawn apart, so their parts add up, but for N / (N - 1).
        together = inside.variance_lines + rest.variance_lines
        assert contrast.variance_lines == pytest.approx(together, rel=0.03)
        assert contrast.units == min(inside.units, rest.units)
    p = [s.against_rest.p for s in found]
    assert [s.p_adjusted for s in found] == pytest.approx(stats.false_discovery_control(p))


def test_a_seed_that_is_bad_everywhere_is_no_difference_between_slices():
    draw = np.random.default_rng(0)
    lengths = np.full(300, 20)
    worse = np.array([0, 2, 5, 1])[:, None]
    a, b = (
        outcomes(n, draw.binomial(20, 0.1, 300) + worse * k, lengths)
        for n, k in (("A", 1), ("B", 0))
    )
    (found,) = slices(a, b, {"first": np.arange(300) < 100})
    assert found.inside.variance_seeds[0] > 1e-3
    assert found.against_rest.variance_seeds == (0, 0)
    assert recipes(a, b).p > 0.05 and found.against_rest.value != 0


def test_a_planted_slice_is_found_and_the_others_are_not():
    a, b = pair(lines=600)
    lengths = a.lengths
    first = np.arange(600) < 150
    a = dataclasses.replace(a, errors=a.errors + np.round(0.2 * lengths) * first)
    masks = {f"every{k}": np.arange(600) % k == 1 for k in (2, 3, 5)}
    found = slices(a, b, {"first": first, **masks})
    assert found[0].p_adjusted < 1e-6
    assert all(s.p_adjusted > 0.05 for s in found[1:])


@pytest.mark.parametrize("groups", [True, False])
def test_small_slices_are_withheld_with_the_reason(groups):
    names = [f"page{i // 3}" for i in range(300)] if groups else None
    a, b = pair(groups=names)
    clean = np.arange(300) >= 200
    a, b = (dataclasses.replace(c, errors=c.errors * ~clean) for c in (a, b))
    kind, each = ("groups", 3) if groups else ("lines", 1)
    number = np.arange(300)
    found = slices(
        a,
        b,
        {
            "few": number < 29 * each,
            "enough": number < 30 * each,
            "clean": clean,
            "all but few": number >= 29 * each,
            "all": number >= 0,
            "none": number < 0,
        },
    )
    few, enough, no_errors, rest, everything = found  # and no "none"
    assert few.withheld == f"29 {kind}, fewer than 30"
    assert (few.inside, few.against_rest, few.p_adjusted) == (None, None, None)
    assert enough.withheld is None and enough.p_adjusted is not None
    count = no_errors.units
    assert no_errors.withheld == f"none of {count} {kind} has an error in any run"
    assert (no_errors.rate_a, no_errors.inside) == (0, None)
    assert rest.withheld == f"not tested against the rest: 29 {kind}, fewer than 30"
    assert rest.inside is not None and rest.against_rest is None
    assert everything.withheld == "not tested against the rest: no other lines"
    if not groups:
        assert everything.inside.low == pytest.approx(recipes(a, b).low)
    # One test alone has nothing to be adjusted for.
    assert enough.p_adjusted == pytest.approx(enough.against_rest.p)
    for some in found:
        assert json.loads(json.dumps(some.as_dict(), allow_nan=False)) == some.as_dict()


def test_lines_with_errors_count_under_any_seed_of_either():
    errors = np.zeros((3, 40))
    errors[[0, 1, 2, 0], [3, 5, 8, 9]] = 1
    a, b = outcomes("A", errors), outcomes("B", np.zeros((3, 40)))
    assert too_small(a, b) == "only 4 of 40 lines have an error in any run"
    more = np.zeros((3, 40))
    more[1, 20] = 1
    assert too_small(a, outcomes("B", more)) is None


def test_groups_with_lines_in_both_sets_count_once():
    # Every page has one line in the slice and one beside it, with the same errors: no contrast
    # varies, however much pages do.
    draw = np.random.default_rng(0)
    pages = draw.binomial(20, 0.2, (3, 50))
    errors = np.repeat(pages, 2, axis=1)
    names = [f"page{i // 2}" for i in range(100)]
    a = outcomes("A", errors, groups=names)
    b = outcomes("B", np.zeros((3, 100)), groups=names)
    (found,) = slices(a, b, {"upper": np.arange(100) % 2 == 0})
    assert found.units == 50 and found.inside.variance_lines > 0
    assert (found.against_rest.value, found.against_rest.variance, found.against_rest.p) == (
        0,
        0,
        1,
    )


def test_one_seed_has_slices_of_these_models():
    a, b = (dataclasses.replace(c, errors=c.errors[:1], seeds=[0]) for c in pair())
    assert all(s.p_adjusted is None and s.inside.withheld for s in slices(a, b, members()))
    assert all(s.p_adjusted is not None for s in slices(a, b, members(), "models"))


def test_slices_of_empty_references_have_no_rate():
    a, b = (dataclasses.replace(c, lengths=c.lengths * (np.arange(300) >= 40)) for c in pair())
    empty = np.arange(300) < 40
    (rest,) = slices(a, b, {"empty": empty, "rest": ~empty})
    assert rest.name == "rest" and "no other lines" in rest.withheld


def test_a_mask_of_another_size():
    a, b = pair()
    with pytest.raises(ValueError, match="slice short: a mask .* of 300 lines"):
        slices(a, b, {"short": np.ones(299, bool)})
    with pytest.raises(NotComparable):
        a.take(np.zeros(300, bool))
