"""Two conditions: the golden, agreement with scipy and statsmodels, invariants, refusals."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from ocr_tf import __version__
from ocr_tf.metrics.failures import NOT_ALIGNED, FailedRun, Failures
from ocr_tf.metrics.paired import (
    NotComparable,
    crossed_bootstrap,
    mcnemar,
    models,
    pairing_threshold,
    permutation,
    rate,
    recipes,
    seed_correlation,
    smallest_detectable,
    verdict,
)
from ocr_tf.metrics.paired.power import expected_power
from tests.metrics.conditions import SIGNATURE, golden, outcomes, random_pair


def reordered(condition, lines, seeds):
    """The same outcomes, told in another order."""
    lines, seeds = np.asarray(lines), np.asarray(seeds)
    return dataclasses.replace(
        condition,
        errors=condition.errors[seeds][:, lines],
        lengths=condition.lengths[lines],
        ids=[condition.ids[i] for i in lines],
        seeds=[condition.seeds[s] for s in seeds],
        groups=None if condition.groups is None else [condition.groups[i] for i in lines],
    )


def everything(a, b, **kwargs):
    """Every result about a pair that is drawn or computed, as JSON."""
    some = {"replicates": 500, "generator_seed": 7}
    headline = recipes(a, b)
    return {
        "recipes": headline.as_dict(),
        "paired": recipes(a, b, paired=True).as_dict(),
        "models": models(a, b).as_dict(),
        "permutation": permutation(a, b, **some).as_dict(),
        "bootstrap": crossed_bootstrap(a, b, **some).as_dict(),
        "detectable": smallest_detectable(headline).as_dict(),
        "verdict": verdict(headline).as_dict(),
        "rate": rate(a).as_dict(),
    }


def test_a_condition_of_which_every_training_failed_withholds_what_its_p_would_decide():
    comparison = recipes(*random_pair(difference=0.3))
    assert verdict(comparison).better == "B"
    runs = FailedRun(1, NOT_ALIGNED, 0.765, 0.9), FailedRun(2, NOT_ALIGNED, 0.8)
    every, some = Failures.of("A", 2, runs), Failures.of("A", 3, runs)
    found = verdict(comparison, failures=[every])
    assert (found.outcome, found.better, found.detectable) == ("withheld", None, None)
    assert (found.p, found.low, found.untrained) == (comparison.p, comparison.low, (every,))
    assert found.sentence.startswith(
        "withheld: A did not align under 2 of 2 seeds: seed 1 (best validation CER 76.50 %, alignment "
        "entropy 0.90 of 1), seed 2 (best validation CER 80.00 %); A - B = "
    )
    # Where one trained, the failed ones count as they read.
    counted = verdict(comparison, failures=[some])
    assert dataclasses.replace(counted, failures=(), sentence="") == dataclasses.replace(
        verdict(comparison), sentence=""
    )
    assert counted.sentence.startswith("B better: A did not align under 2 of 3 seeds: ")


# The golden


def test_golden():
    comparison = recipes(*golden())
    assert f"{100 * comparison.value:.3f}" == "5.000"
    assert f"{comparison.variance_lines:.4e}" == "5.5556e-05"
    assert f"{sum(comparison.variance_seeds):.4e}" == "3.3333e-04"
    assert f"{sum(comparison.variance_residual):.4e}" == "4.1667e-05"
    assert f"{comparison.df:.3f}" == "2.596"
    assert f"{comparison.p:.4f}" == "0.0874"
    # By fractions: D = 1/20, V = 1/2880, df = 25000/9629. The golden's interval, [-1.488, 11.488],
    # is at the df that it prints; at all of its digits the ends are 0.0006 pp further in.
    assert comparison.variance == pytest.approx(1 / 2880, rel=1e-12)
    assert comparison.df == pytest.approx(25000 / 9629, rel=1e-12)
    printed = 100 * stats.t.ppf(0.975, 2.596) * math.sqrt(1 / 2880)
    assert f"{5 - printed:.3f} {5 + printed:.3f}" == "-1.488 11.488"
    half = 100 * stats.t.ppf(0.975, 25000 / 9629) * math.sqrt(1 / 2880)
    assert 100 * comparison.low == pytest.approx(5 - half, abs=1e-9)
    assert 100 * comparison.high == pytest.approx(5 + half, abs=1e-9)
    assert 100 * comparison.low == pytest.approx(-1.488, abs=0.001)
    assert 100 * comparison.high == pytest.approx(11.488, abs=0.001)


def test_golden_beside_the_headline():
    a, b = golden()
    lines = models(a, b)
    assert permutation(a, b).p == 2 / 2**5  # as far only where all are swapped
    assert lines.p == pytest.approx(2 * stats.t.sf(abs(lines.value) / math.sqrt(1 / 18000), 4))
    assert lines.variance == pytest.approx(1 / 18000)
    seen = smallest_detectable(recipes(a, b))
    # s_r^2, s_s^2 and s_CL^2 by hand from the mean squares; no part is clipped, so they add up to V.
    assert seen.residual_variance == pytest.approx(3.125e-4)
    assert seen.seed_variance == pytest.approx(4.375e-4)
    assert seen.line_variance == pytest.approx(6.9444e-5, rel=1e-4)
    assert seen.from_seeds + seen.from_lines + seen.from_residual == pytest.approx(1 / 2880)
    assert seen.low < seen.difference < seen.high
    assert [(t.only_a_right, t.only_b_right, t.p) for t in mcnemar(a, b)] == [(0, 1, 1.0)] * 3


# Where published libraries compute the same


def test_lines_of_one_length_are_a_paired_t_test():
    a, b = (
        dataclasses.replace(c, errors=c.errors[:1], seeds=[0], lengths=np.full(40, 20))
        for c in random_pair()
    )
    other = stats.ttest_rel(a.errors[0] / 20, b.errors[0] / 20)
    ours = models(a, b)
    interval = other.confidence_interval(0.95)
    assert [ours.low, ours.high, ours.df] == pytest.approx([interval.low, interval.high, other.df])


@pytest.mark.parametrize("groups", [None, 7])
def test_lines_of_any_length_are_a_regression_with_robust_errors(groups):
    # A ratio of sums is the slope of d on n through 0, weighted by 1 / n; V_L is its HC1, or with
    # groups its cluster-robust, variance.
    names = None if groups is None else [f"page{i * 7919 % groups}" for i in range(40)]
    a, b = random_pair(groups=names)
    fit = sm.WLS(a.errors.mean(0) - b.errors.mean(0), a.lengths, weights=1 / a.lengths)
    if groups is None:
        fit = fit.fit(cov_type="HC1", use_t=True)
    else:
        codes = {"groups": np.unique(names, return_inverse=True)[1]}
        fit = fit.fit(cov_type="cluster", cov_kwds=codes, use_t=True)
    ours = models(a, b)
    assert ours.value == pytest.approx(fit.params[0])
    assert ours.variance == pytest.approx(fit.bse[0] ** 2)
    assert ours.units == (groups or 40)
    if groups is None:
        assert (ours.low, ours.high) == pytest.approx(tuple(fit.conf_int()[0]))
        return
    sizes = np.bincount(codes["groups"])
    assert ours.effective_units == pytest.approx(sizes.sum() ** 2 / (sizes**2).sum())
    half = stats.t.ppf(0.975, ours.effective_units - 1) * fit.bse[0]
    assert (ours.low, ours.high) == pytest.approx((ours.value - half, ours.value + half))
    apart = sm.WLS(a.errors.mean(0) - b.errors.mean(0), a.lengths, weights=1 / a.lengths)
    alone = apart.fit(cov_type="HC1", use_t=True).bse[0]
    assert ours.design_effect == pytest.approx(fit.bse[0] ** 2 / alone**2)


def constant_lines(pair):
    """Every line of a seed with the same errors."""
    return [
        dataclasses.replace(
            c, errors=np.outer(c.errors.sum(1), np.ones(40)), lengths=np.full(40, 500)
        )
        for c in pair
    ]


@pytest.mark.parametrize("seeds", [(3, 3), (2, 6)])
def test_lines_that_are_alike_leave_welchs_t_test_of_the_seeds(seeds):
    a, b = constant_lines(c for c in random_pair(seeds=6))
    a, b = (
        dataclasses.replace(c, errors=c.errors[:count], seeds=range(count))
        for c, count in zip((a, b), seeds)
    )
    other = stats.ttest_ind(a.rates, b.rates, equal_var=False)
    interval = other.confidence_interval(0.95)
    ours = recipes(a, b)
    assert (ours.p, ours.df) == pytest.approx((other.pvalue, other.df))
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))
    assert ours.variance_lines == 0 and sum(ours.variance_residual) == 0


def test_lines_that_are_alike_leave_the_paired_t_test_of_the_seeds():
    a, b = constant_lines(random_pair(seeds=5))
    other = stats.ttest_rel(a.rates, b.rates)
    ours = recipes(a, b, paired=True)
    assert (ours.p, ours.df) == pytest.approx((other.pvalue, other.df))
    planned = smallest_detectable(ours, seeds=[9])
    assert planned.df == 8


def test_one_conditions_components_are_those_of_a_two_way_analysis_of_variance():
    a, _ = random_pair(seeds=4)
    a = dataclasses.replace(a, lengths=np.full(40, 20))
    seed, line = np.indices(a.errors.shape)
    columns = {"e": a.errors.ravel() / 20, "seed": seed.ravel(), "line": line.ravel()}
    table = pd.DataFrame(columns)
    squares = sm.stats.anova_lm(ols("e ~ C(seed) + C(line)", table).fit())["mean_sq"]
    ours = rate(a)
    assert ours.variance_lines == pytest.approx(squares["C(line)"] / (4 * 40))
    assert ours.variance_seeds[0] == pytest.approx(squares["C(seed)"] / (4 * 40))
    assert ours.variance_residual[0] == pytest.approx(squares["Residual"] / (4 * 40))


def test_all_swaps_as_scipy_counts_them():
    for key in range(5):
        a, b = random_pair(key, lines=12)

        def difference(first, second, axis):
            return (first - second).sum(axis=axis)

        other = stats.permutation_test(
            (a.errors.mean(0), b.errors.mean(0)),
            difference,
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        ours = permutation(a, b)
        assert ours.exact
        assert ours.p == pytest.approx(other.pvalue)


def test_random_swaps_estimate_what_counting_all_gives(monkeypatch):
    a, b = random_pair(lines=16)
    counted = permutation(a, b)
    monkeypatch.setattr("ocr_tf.metrics.paired.resampling.EXACT", 0)
    drawn = permutation(a, b, replicates=20_000)
    assert counted.exact and not drawn.exact
    assert drawn.p == pytest.approx(counted.p, abs=4 * math.sqrt(counted.p / 20_000))
    assert drawn.p == (drawn.as_far + 1) / 20_001


def test_mcnemar_as_statsmodels():
    a, b = random_pair(seeds=4, lines=300, difference=0.03)
    for test, right_a, right_b in zip(mcnemar(a, b), a.errors == 0, b.errors == 0):
        table = [[np.sum((right_a == x) & (right_b == y)) for y in (1, 0)] for x in (1, 0)]
        assert test.p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue)
        assert (test.only_a_right, test.only_b_right) == (table[0][1], table[1][0])


def test_a_bootstrap_over_lines_that_scipy_draws():
    # Where seeds do not vary, only lines are drawn.
    a, b = (
        dataclasses.replace(c, errors=np.tile(c.errors[:1], (3, 1))) for c in random_pair(lines=150)
    )
    other = stats.bootstrap(
        (a.errors[0] - b.errors[0], a.lengths),
        lambda d, n, axis=-1: d.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=9_999,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    ours = crossed_bootstrap(a, b)
    width = other.high - other.low
    assert [ours.low, ours.high] == pytest.approx([other.low, other.high], abs=0.04 * width)


def test_seed_correlation_as_scipy_whatever_the_order_of_seeds():
    a, b = random_pair(seeds=6)
    expected = stats.pearsonr(a.rates, b.rates).statistic
    assert seed_correlation(a, b) == pytest.approx(expected)
    assert seed_correlation(a, reordered(b, range(40), [5, 1, 0, 3, 2, 4])) == pytest.approx(
        expected
    )
    constant = dataclasses.replace(b, errors=np.tile(b.errors[:1], (6, 1)))
    assert seed_correlation(a, constant) is None


def test_the_correlations_above_which_pairing_pays():
    assert [f"{pairing_threshold(seeds):.2f}" for seeds in (3, 5, 10)] == ["0.58", "0.31", "0.14"]


# Invariants

PAIRS = [
    random_pair(0),
    random_pair(1, seeds=5, lines=150),
    random_pair(2, groups=[f"page{i % 9}" for i in range(40)]),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_identical_predictions_differ_by_nothing(pair):
    a = pair[0]
    same = dataclasses.replace(a, name="B")
    for comparison in (recipes(a, same), models(a, same), recipes(a, same, paired=True)):
        assert (comparison.value, comparison.p) == (0, 1)
    assert all(
        (t.only_a_right, t.only_b_right, t.p) == (0, 0, 1)
        for t in (mcnemar(a, same) if a.groups is None else [])
    )
    interval = recipes(a, same)
    assert interval.low == -interval.high < 0  # other seeds would differ


@pytest.mark.parametrize("pair", PAIRS)
def test_swapping_the_conditions_flips_the_sign_and_keeps_p(pair):
    one, other = everything(*pair), everything(*pair[::-1])
    for name in ("recipes", "models", "paired", "bootstrap"):
        assert one[name]["value"] == pytest.approx(-other[name]["value"], abs=1e-15)
        assert one[name]["low"] == pytest.approx(-other[name]["high"])
        assert one[name]["high"] == pytest.approx(-other[name]["low"])
    for name in ("recipes", "models", "paired", "permutation"):
        assert one[name]["p"] == pytest.approx(other[name]["p"], rel=1e-12)
    assert one["verdict"]["better"] == other["verdict"]["better"]
    assert one["detectable"]["difference"] == pytest.approx(other["detectable"]["difference"])


@pytest.mark.parametrize("pair", PAIRS)
def test_neither_the_order_of_lines_nor_of_seeds_matters(pair):
    draw = np.random.default_rng(0)
    lines, seeds = (draw.permutation(n) for n in pair[0].errors.shape[::-1])
    assert everything(*(reordered(c, lines, seeds) for c in pair)) == everything(*pair)


def scaled(condition, factor, lengths=1.0):
    return dataclasses.replace(
        condition, errors=condition.errors * factor, lengths=condition.lengths * lengths
    )


@pytest.mark.parametrize("pair", PAIRS)
def test_scaling_the_errors_scales_the_difference_and_keeps_p(pair):
    once = everything(*pair)
    thrice = everything(*(scaled(c, 1 / 3) for c in pair))
    for name in ("recipes", "paired", "models", "bootstrap", "rate"):
        for field in ("value", "low", "high"):
            assert thrice[name][field] == pytest.approx(once[name][field] / 3)
    for name in ("recipes", "paired", "models", "permutation"):
        assert thrice[name]["p"] == pytest.approx(once[name]["p"])
    assert thrice["detectable"]["difference"] == pytest.approx(once["detectable"]["difference"] / 3)


@pytest.mark.parametrize("pair", PAIRS[:2])
def test_another_unit_of_length_is_another_unit_of_the_rates(pair):
    # Both in halves of symbols: the same rates, to the last bit.
    assert everything(*(scaled(c, 2, 2) for c in pair)) == everything(*pair)


@pytest.mark.parametrize("pair", PAIRS[:2])
def test_groups_of_one_line_are_no_groups(pair):
    count = len(pair[0].ids)
    alone = [
        dataclasses.replace(c, groups=[f"page{i * 7919 % 1009}" for i in range(count)])
        for c in pair
    ]

    def numbers(results):
        ours = "signature", "design_effect"
        return [{k: v for k, v in r.items() if k not in ours} for r in results.values()]

    assert numbers(everything(*alone)) == numbers(everything(*pair))


def test_groups_enter_as_their_sums():
    """Where all are of one size: the degrees of freedom of others are fewer."""
    a, b = random_pair(2, groups=[f"page{i % 8}" for i in range(40)])
    pages = sorted(set(a.groups), key=a.groups.index)
    member = np.array([[g == page for g in a.groups] for page in pages], float)
    sums = [
        outcomes(c.name, c.errors @ member.T, member @ c.lengths, ids=[f"{i}" for i in range(8)])
        for c in (a, b)
    ]
    one, other = everything(a, b), everything(*sums)
    for name in ("recipes", "paired", "models", "permutation", "bootstrap"):
        for field in ("value", "low", "high", "p"):
            if field in one[name]:
                assert one[name][field] == pytest.approx(other[name][field])
    assert one["recipes"]["signature"]["lines"] == 40
    assert one["recipes"]["signature"]["groups"] == one["recipes"]["units"] == 8


@pytest.mark.parametrize("pair", PAIRS[:2])
def test_lines_that_both_read_change_no_test_of_these_models(pair):
    more = 25

    def longer(c):
        return outcomes(
            c.name,
            np.pad(c.errors, ((0, 0), (0, more))),
            np.pad(c.lengths, (0, more), constant_values=10),
        )

    a, b = map(longer, pair)
    one, other = permutation(*pair, replicates=300), permutation(a, b, replicates=300)
    assert (one.p, one.differing) == (other.p, other.differing)
    assert [t.p for t in mcnemar(a, b)] == [t.p for t in mcnemar(*pair)]
    share = pair[0].lengths.sum() / a.lengths.sum()
    assert recipes(a, b).value == pytest.approx(recipes(*pair).value * share)
    # The sum of edits varies hardly more: the interval shrinks nearly with the rate.
    width = recipes(*pair).high - recipes(*pair).low
    assert recipes(a, b).high - recipes(a, b).low == pytest.approx(width * share, rel=0.1)


def test_draws_are_functions_of_the_seed():
    a, b = random_pair(lines=150)
    for draw in (permutation, crossed_bootstrap):
        first, again, other = (draw(a, b, replicates=400, generator_seed=s) for s in (1, 1, 2))
        assert first == again
        assert first.as_dict() != other.as_dict()
        assert first.signature.generator_seed == 1


def test_the_chunks_that_replicates_are_drawn_in_hold_them_all(monkeypatch):
    a, b = random_pair(lines=150)
    whole = permutation(a, b, replicates=1000), crossed_bootstrap(a, b, replicates=1000)
    monkeypatch.setattr("ocr_tf.metrics.paired.resampling.CHUNK", 150 * 64)
    parts = permutation(a, b, replicates=1000), crossed_bootstrap(a, b, replicates=1000)
    assert [r.replicates for r in parts] == [1000, 1000]
    assert parts[0].p == pytest.approx(whole[0].p, abs=0.06)
    assert parts[1].low == pytest.approx(whole[1].low, abs=0.004)


# Planning and verdicts


def test_more_seeds_help_where_seeds_vary_and_more_lines_where_lines_do():
    a, b = random_pair(seeds=5, lines=150)
    comparison = recipes(a, b)
    now = smallest_detectable(comparison)
    assert now.df == comparison.df
    seeds, lines = (
        smallest_detectable(comparison, seeds=[10, 10]),
        smallest_detectable(comparison, units=300),
    )
    assert seeds.from_seeds == pytest.approx(now.from_seeds / 2)
    assert seeds.from_lines == now.from_lines
    assert lines.from_lines == pytest.approx(now.from_lines / 2)
    assert lines.from_seeds == now.from_seeds
    assert seeds.from_residual == pytest.approx(now.from_residual / 2)
    assert seeds.difference < lines.difference < now.difference  # in this pair seeds vary more
    assert smallest_detectable(comparison, seeds=[5, 5], units=150) == now
    # Without end only what is not planned is left.
    endless = smallest_detectable(comparison, units=10**9)
    errors = endless.difference / math.sqrt(now.from_seeds)
    assert expected_power(errors, endless.df, endless.variance_df) == pytest.approx(0.8, abs=1e-4)


def test_a_plan_near_the_size_that_was_is_near_it():
    # df is the interval's own at its size and by its formula elsewhere: no jump between them.
    comparison = recipes(*random_pair(seeds=5, lines=150))
    sizes = [smallest_detectable(comparison, units=units).difference for units in (149, 150, 151)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01) == pytest.approx(sizes[2], rel=0.01)
    assert sizes == sorted(sizes, reverse=True)


def test_each_condition_plans_with_its_own_seeds():
    a, b = random_pair(seeds=10, lines=150)
    comparison = recipes(dataclasses.replace(a, errors=a.errors[:2], seeds=range(2)), b)
    now, twice = (smallest_detectable(comparison, seeds=s) for s in (None, [4, 20]))
    assert now.seeds == (2, 10) and twice.seeds == (4, 20)
    assert twice.from_seeds == pytest.approx(now.from_seeds / 2)
    assert twice.difference < now.difference
    with pytest.raises(ValueError, match="3 numbers of seeds for 2 conditions"):
        smallest_detectable(comparison, seeds=[4, 4, 4])


def test_more_data_never_see_less():
    fell = False
    for key in range(12):
        lines, seeds = (10, 40, 400)[key % 3], range(2 + key % 3)
        a, b = random_pair(seeds=10, lines=lines, key=key)
        some = [dataclasses.replace(c, errors=c.errors[: len(seeds)], seeds=seeds) for c in (a, b)]
        for comparison in (recipes(*some), recipes(some[0], b)):
            now, counts = smallest_detectable(comparison), comparison.seed_counts
            for more in (
                smallest_detectable(comparison, units=2 * lines),
                smallest_detectable(comparison, seeds=[2 * s for s in counts]),
                smallest_detectable(comparison, seeds=[counts[0] + 1, counts[1]]),
            ):
                assert more.df >= now.df and more.difference <= now.difference
                fell |= more.df == now.df
    assert fell  # In some the formula alone would have lowered it.


def test_these_models_plan_with_lines_alone():
    comparison = models(*random_pair())
    seen = smallest_detectable(comparison)
    assert seen.df == 39 >= seen.variance_df
    errors = seen.difference / math.sqrt(comparison.variance_lines)
    assert expected_power(errors, 39, seen.variance_df) == pytest.approx(0.8)
    assert smallest_detectable(comparison, units=400).difference < seen.difference / 3
    with pytest.raises(ValueError, match="units alone"):
        smallest_detectable(comparison, seeds=[5, 5])


def test_verdicts():
    a, b = random_pair(seeds=5, lines=150, difference=0.2)
    clear = verdict(recipes(a, b))
    assert (clear.outcome, clear.better) == ("B better", "B")
    assert "(these recipes)" in clear.sentence
    assert verdict(recipes(b, a)).better == "B"
    tied = verdict(recipes(*golden()))
    assert (tied.outcome, tied.better) == ("tied at this size", None)
    assert tied.detectable == pytest.approx(0.13094, abs=1e-5)
    for part in ("A - B = +5.00 pp", "-1.49 to +11.49 pp", "p = 0.087", "13.09 pp"):
        assert part in tied.sentence
    one = [dataclasses.replace(c, errors=c.errors[:1], seeds=[0]) for c in (a, b)]
    silent = verdict(recipes(*one))
    assert (silent.outcome, silent.p, silent.detectable) == ("withheld", None, None)
    assert "one seed" in silent.sentence
    assert "these trained models" in verdict(models(*one)).sentence
    few = verdict(recipes(*golden()), few="only 2 lines")
    assert few.detectable is None and "only 2 lines" in few.sentence
    assert (few.low, few.p) == (tied.low, tied.p)
    for said in (clear, tied, silent):
        assert "equal" not in said.sentence


def test_the_interval_decides():
    comparison = recipes(*random_pair(seeds=5, lines=150, difference=0.2))
    for low, high, outcome in (
        (-0.3, -0.01, "A better"),
        (-0.3, 0.01, "tied at this size"),
        (0.0, 0.3, "tied at this size"),
        (0.01, 0.3, "B better"),
    ):
        moved = dataclasses.replace(comparison, low=low, high=high, value=(low + high) / 2)
        assert verdict(moved, pairs=3).outcome == outcome
        assert "all 3 pairs together" in verdict(moved, pairs=3).sentence


def test_results_are_json_with_their_signature():
    results = everything(*random_pair())
    for result in results.values():
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert result["signature"]["test_set"] == SIGNATURE.test_set
        assert result["signature"]["version"] == __version__
        assert result["signature"]["lines"] == 40
    assert results["recipes"]["signature"]["seeds"] == [3, 3]
    assert results["recipes"]["signature"]["generator_seed"] is None
    assert results["permutation"]["signature"]["generator_seed"] == 7


# Degenerate and bad input


def test_one_seed_answers_for_these_models_alone():
    a, b = random_pair(seeds=3)
    a = dataclasses.replace(a, errors=a.errors[:1], seeds=[0])
    headline = recipes(a, b)
    assert (headline.low, headline.high, headline.p, headline.df) == (None,) * 4
    assert "A has one seed" in headline.withheld and "these trained models" in headline.withheld
    assert headline.value == models(a, b).value
    assert models(a, b).low < models(a, b).high
    assert "one seed" in crossed_bootstrap(a, b).withheld
    with pytest.raises(NotComparable, match="one seed"):
        smallest_detectable(headline)
    with pytest.raises(NotComparable, match="cannot be paired"):
        recipes(a, b, paired=True)
    assert headline.as_dict()["low"] is None


def test_conditions_may_have_different_numbers_of_seeds():
    a, b = random_pair(seeds=6, lines=150)
    b = dataclasses.replace(b, errors=b.errors[:3], seeds=range(3))
    headline = recipes(a, b)
    assert headline.seed_counts == (6, 3)
    first, second = rate(a), rate(b)
    assert headline.value == pytest.approx(first.value - second.value)
    assert headline.variance_seeds == pytest.approx(first.variance_seeds + second.variance_seeds)
    assert smallest_detectable(headline).seeds == (6, 3)
    assert permutation(a, b).value == pytest.approx(headline.value)


@pytest.mark.parametrize("errors", [0.3, 1 / 7])
def test_nothing_that_varies(errors):
    lengths = np.arange(1, 31)
    a = outcomes("A", np.outer(np.ones(3), errors * lengths), lengths)
    b = outcomes("B", a.errors, lengths)
    same = recipes(a, b)
    assert (same.value, same.p, same.low, same.variance) == (0, 1, None, 0)
    assert "0 on every line" in same.withheld
    assert verdict(same).outcome == "tied at this size"
    worse = recipes(scaled(a, 2), b)
    assert worse.value == pytest.approx(errors)
    assert (worse.p, worse.low, worse.variance) == (None, None, 0)
    assert "neither lines nor seeds vary" in worse.withheld
    assert verdict(worse).outcome == "withheld"
    with pytest.raises(NotComparable, match="neither lines nor seeds vary"):
        smallest_detectable(worse)


def test_no_error_anywhere():
    a, b = (outcomes(name, np.zeros((3, 30))) for name in "AB")
    assert (recipes(a, b).p, models(a, b).p) == (1, 1)
    assert rate(a).value == 0 and rate(a).low is None
    boot = crossed_bootstrap(a, b)
    assert (boot.low, boot.high) == (0, 0)


def test_one_line_is_refused():
    a, b = (outcomes(name, [[1], [2], [0]]) for name in "AB")
    for function in (recipes, models, permutation, crossed_bootstrap, mcnemar):
        with pytest.raises(NotComparable, match="one test line .* give at least 2"):
            function(a, b)
    a, b = (outcomes(name, np.ones((2, 3)), groups=["page"] * 3) for name in "AB")
    with pytest.raises(NotComparable, match="one group of test lines"):
        recipes(a, b)


def test_empty_references_are_refused_when_there_is_nothing_else():
    with pytest.raises(NotComparable, match="every reference is empty"):
        outcomes("A", [[1, 2]], lengths=[0, 0])
    with pytest.raises(NotComparable, match="no line"):
        outcomes("A", np.zeros((2, 0)))
    a, b = (outcomes(name, [[1, 2], [1, 3]], lengths=[0, 5]) for name in "AB")
    assert "empty references" in crossed_bootstrap(a, b).withheld
    assert recipes(a, b).value == 0


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"errors": np.full((3, 40), np.nan)}, "errors must be finite"),
        ({"errors": np.full((3, 40), -1)}, "errors must be finite and not negative"),
        ({"lengths": np.full(40, np.inf)}, "lengths must be finite"),
        ({"errors": np.zeros((3, 39))}, "3 seeds and 40 ids"),
        ({"errors": np.zeros(40)}, "3 seeds and 40 ids"),
        ({"lengths": np.ones(41)}, "3 seeds and 40 ids"),
        ({"seeds": [0, 1, 1]}, "seeds hold one twice"),
        ({"ids": ["a"] * 40}, "ids hold one twice"),
        ({"groups": ["a"] * 39}, "39 groups of 40 lines"),
        ({"seeds": [], "errors": np.zeros((0, 40))}, "no seed"),
    ],
)
def test_outcomes_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(random_pair()[0], **changes)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"ids": [f"other{i}" for i in range(40)]}, "do not share their ids"),
        ({"lengths": np.full(40, 3)}, "do not share their lengths"),
        ({"groups": ["page", "leaf"] * 20}, "do not share their groups"),
        (
            {"signature": dataclasses.replace(SIGNATURE, normalization="alphanumeric")},
            "do not share their signature",
        ),
        ({"name": "A"}, "two conditions of one name"),
    ],
)
def test_conditions_that_do_not_share_what_they_must(changes, message):
    a, b = random_pair()
    with pytest.raises(ValueError, match=message):
        recipes(a, dataclasses.replace(b, **changes))


def test_mcnemar_wants_independent_lines_and_shared_seeds():
    a, b = random_pair(groups=[f"page{i % 5}" for i in range(40)])
    with pytest.raises(NotComparable, match="come in groups"):
        mcnemar(a, b)
    a, b = random_pair()
    with pytest.raises(NotComparable, match=r"A has the seeds \[0, 1, 2\] and B \[0, 1, 7\]"):
        mcnemar(a, dataclasses.replace(b, seeds=[0, 1, 7]))


def test_outcomes_cannot_be_changed_from_outside():
    errors = np.ones((2, 5))
    a = outcomes("A", errors)
    errors[:] = 9
    assert a.rates == pytest.approx([1 / 20, 1 / 20])
    with pytest.raises(ValueError, match="read-only"):
        a.errors[0, 0] = 3


@pytest.mark.parametrize("seeds, units", [([1, 2], None), (None, 1)])
def test_a_plan_needs_two_of_each(seeds, units):
    with pytest.raises(ValueError, match="plan with 2 or more"):
        smallest_detectable(recipes(*golden()), seeds=seeds, units=units)


def test_every_small_table_is_answered_or_refused():
    # All 0/1 tables of 2 seeds and 2 lines: no warning, no NaN, p in [0, 1].
    tables = [np.reshape(t, (2, 2)) for t in itertools.product((0, 1), repeat=4)]
    for first, second in itertools.product(tables, tables):
        a, b = outcomes("A", first, [1, 2]), outcomes("B", second, [1, 2])
        for comparison in (recipes(a, b), recipes(a, b, paired=True), models(a, b)):
            comparison.as_dict()
            assert comparison.p is None or 0 <= comparison.p <= 1
            assert (comparison.low is None) == (comparison.withheld is not None)
            verdict(comparison).as_dict()
