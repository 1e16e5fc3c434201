"""The smallest difference that a comparison could detect, and that more seeds or lines would let it.

It rests on variances that are themselves estimated, often from few seeds. Taken for the true ones, as is
usual, they give a value that is too small: where they come out low by chance, so does the value. Here it
is the difference found with a given probability when both the comparison and the estimate are drawn anew
(Julious and Owen 2006, Sample size calculations for clinical studies allowing for uncertainty about the
variance; Browne 1995 takes an upper bound of the variance instead). Beside it stands the interval of the
value that the true variances would give.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Optional, Union

import numpy as np
from scipy import optimize, special, stats

from ocr_tf.metrics.paired import estimated_deviation
from ocr_tf.metrics.paired.comparison import MODELS, Comparison
from ocr_tf.metrics.paired.contrast import Contrast
from ocr_tf.metrics.paired.outcomes import NotComparable, Result
from ocr_tf.metrics.paired.variance_components import cautious_df, degrees_of_freedom
from ocr_tf.types import Array

Compared = Union[Comparison, Contrast]

SURE = 0.95  # of the value's own interval


@dataclasses.dataclass(frozen=True)
class Detectable(Result):
    """The smallest difference found with a given power, a fraction, and what it is made of.

    The three parts add up to the variance of D: the largest says what would help.
    """

    target: str
    difference: float
    low: float  # of the 95 % interval of what the true variances would give in its place
    high: float
    power: float  # aimed at, on average over what the variances may be estimated as
    confidence: float  # of the interval that finds the difference
    seeds: tuple[int, ...]  # S_c, once if paired by seed
    units: int  # N: lines, or groups of lines
    df: float
    variance_df: float  # of this estimate of its variance
    seed_variance: float  # s_s^2, of one seed's rate; squared fractions, as all variances here
    line_variance: float  # s_CL^2, of one line's difference
    residual_variance: float  # s_r^2, of one line under one seed
    from_seeds: float  # 2 s_s^2 / S
    from_lines: float  # s_CL^2 / N
    from_residual: float  # 2 s_r^2 / (S N)


def smallest_detectable(
    comparison: Compared,
    seeds: Optional[Sequence[int]] = None,
    units: Optional[int] = None,
    power: float = 0.80,
) -> Detectable:
    """Computes the smallest detectable difference.

    It is c sqrt(2 s_s^2 / S + s_CL^2 / N + 2 s_r^2 / (S N)), with s_r^2 the residual mean square,
    s_s^2 = var_s R_cs - s_r^2 / N and s_CL^2 = N V_L - 2 s_r^2 / S, each clipped at 0. The mean squares
    are the conditions', weighted by S_c - 1; 2 / S stands for sum_c 1 / S_c where S_c differ or a contrast
    has four conditions. c is where `expected_power` is the power asked for, at the comparison's confidence.
    The interval takes the c at which `power` is, and the chi^2 interval of the variance by variance_df. For
    these trained models there are lines alone: s_CL^2 = N V_L and df = N - 1.

    Args:
        comparison: whose variances are taken.
        seeds: S_c of the conditions (once if paired by seed) of a comparison to be planned with the
            variances of this one, its df by the interval's formula; by default those that it had.
        units: N of that comparison, as `seeds`. With more of either df is at least what it was: more
            data never see less.
        power: the share of comparisons that are to find the difference.

    Raises:
        NotComparable: the comparison has no variance to go by.
        ValueError: fewer than 2 seeds or units, or other seeds for these trained models.
    """
    if not comparison.variance or comparison.df is None:
        raise NotComparable(f"no smallest detectable difference: {comparison.withheld}")
    if min([2, *(seeds or ()), 2 if units is None else units]) < 2:
        raise ValueError(f"{seeds} seeds and {units} units; plan with 2 or more")
    if seeds is not None and comparison.target == MODELS:
        raise ValueError("these trained models have the seeds that they have; plan units alone")
    counts = np.array(comparison.seed_counts)
    planned = counts if seeds is None else np.array(seeds)
    if planned.shape != counts.shape:
        raise ValueError(f"{len(planned)} numbers of seeds for {len(counts)} conditions")
    size = comparison.units if units is None else units
    seed_variance, line_variance, residual = _variances(comparison)
    per_seed = float((1 / planned).sum())  # 2 / S
    parts = seed_variance * per_seed, line_variance / size, residual * per_seed / size
    # Below 1, which a few lines can give, there would be next to nothing to go by.
    df, variance_df = (max(one, 1.0) for one in _dfs(comparison, planned, size))
    error, confidence = float(np.sqrt(sum(parts))), comparison.confidence
    known = _errors_detected(power, df, None, confidence)
    ends = np.sqrt(variance_df / stats.chi2.ppf([(1 + SURE) / 2, (1 - SURE) / 2], variance_df))
    return Detectable(
        signature=comparison.signature,
        target=comparison.target,
        difference=_errors_detected(power, df, variance_df, confidence) * error,
        low=float(known * error * ends[0]),
        high=float(known * error * ends[1]),
        power=power,
        confidence=confidence,
        seeds=tuple(planned.tolist()),
        units=size,
        df=df,
        variance_df=variance_df,
        seed_variance=seed_variance,
        line_variance=line_variance,
        residual_variance=residual,
        from_seeds=parts[0],
        from_lines=parts[1],
        from_residual=parts[2],
    )


def power(errors: Union[float, Array], df: float, confidence: float = 0.95) -> Array:
    """Computes how often a true difference is found: P(|t'| > t_{.975,df}), t' noncentral.

    Args:
        errors: [...] the true difference over its true standard error.
        df: degrees of freedom of the standard error that the interval estimates.
        confidence: of that interval.
    """
    s, weights = estimated_deviation.values(df)
    bound = stats.t.ppf((1 + confidence) / 2, df) * s
    away = np.asarray(errors)[..., None]
    return (weights * (special.ndtr(away - bound) + special.ndtr(-away - bound))).sum(axis=-1)


def expected_power(errors: float, df: float, variance_df: float, confidence: float = 0.95) -> float:
    """Computes how often a difference of so many *estimated* standard errors is found.

    The mean of `power` over what may be estimated: the comparison and the estimate are drawn anew.

    Args:
        errors: the true difference over an estimate of its standard error.
        df: as in `power`.
        variance_df: degrees of freedom of that estimate.
        confidence: as in `power`.
    """
    s, weights = estimated_deviation.values(variance_df)
    return float((weights * power(errors * s, df, confidence)).sum())


@functools.lru_cache(maxsize=4096)
def _errors_detected(
    aim: float, df: float, variance_df: Optional[float], confidence: float
) -> float:
    """Returns how many standard errors are found with a power; they are known if variance_df is None."""

    def reached(errors: float) -> float:
        if variance_df is None:
            return float(power(errors, df, confidence)) - aim
        return expected_power(errors, df, variance_df, confidence) - aim

    return _root(reached)


def _root(rising: Callable[[float], float]) -> float:
    """Returns where a function that rises from below 0 is 0."""
    high = 4.0
    while rising(high) < 0:
        high *= 2
    return float(optimize.brentq(rising, 0.0, high, rtol=1e-9))


def _mean_squares(comparison: Compared) -> tuple[Array, Array, Array, float]:
    """Returns S_c, var_s R_cs and s_r,c^2, each [C], and N V_L."""
    counts = np.array(comparison.seed_counts)
    residuals = counts * comparison.units * np.array(comparison.variance_residual)
    lines = comparison.units * comparison.variance_lines
    return counts, counts * np.array(comparison.variance_seeds), residuals, lines


def _variances(comparison: Compared) -> tuple[float, float, float]:
    """Returns s_s^2, s_CL^2 and s_r^2."""
    counts, between, residuals, lines = _mean_squares(comparison)
    if comparison.target == MODELS:
        return 0.0, lines, 0.0
    residual = float(np.average(residuals, weights=counts - 1))
    seeds = float(np.average(between, weights=counts - 1)) - residual / comparison.units
    return max(seeds, 0.0), max(lines - residual * float((1 / counts).sum()), 0.0), residual


def _dfs(comparison: Compared, planned: Array, size: int) -> tuple[float, float]:
    """Returns the df of a comparison of a planned size, and those of its variance as estimated by this one.

    The first are the interval's at the size that it had, and by its formula from what each term would be
    elsewhere. The second are `cautious_df` with V_L's own: in simulations they give the power that is aimed
    at more closely than Satterthwaite's, which are many where seeds are alike by chance.
    """
    now = comparison.df
    assert now is not None
    counts, between, residuals, lines = _mean_squares(comparison)
    if comparison.target == MODELS:
        df = max(size * comparison.effective_units / comparison.units, 2.0) - 1.0
        return (now if size == comparison.units else df), comparison.lines_df

    def terms(seeds: Array, units: int) -> tuple[Array, Array, Array]:
        seed_terms = np.maximum(between - residuals / comparison.units, 0) + residuals / units
        line_term = max(lines - (residuals / counts).sum(), 0) + (residuals / seeds).sum()
        return np.asarray(line_term / units), seed_terms / seeds, residuals / seeds / units

    def estimated(seeds: Array, units: int) -> float:
        own = comparison.lines_df + 1
        return float(cautious_df(*terms(seeds, units), counts.tolist(), own))

    at_hand = estimated(counts, comparison.units)
    if size == comparison.units and (planned == counts).all():
        return now, at_hand
    effective = max(size * comparison.effective_units / comparison.units, 2.0)
    df = float(degrees_of_freedom(*terms(planned, size), planned.tolist(), effective))
    variance_df = estimated(planned, size)
    # Where lines vary less, df nears that of the seeds alone, and c could outgrow the gain.
    more = size >= comparison.units and (planned >= counts).all()
    return (max(df, now), max(variance_df, at_hand)) if more else (df, variance_df)
