"""The smallest difference that a comparison could detect, and that more seeds or lines would let it.

Both are estimates: they take the variances that the comparison itself has measured for the true ones. With
few seeds these are often too low, and the true power at the value is below the one aimed at: in simulation
.55 to .65 with 2 seeds, .65 to .77 with 3 and .69 to .79 with 5, where .80 is aimed at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional, Union

import numpy as np
from scipy import stats

from ocr_tf.metrics.paired.comparison import MODELS, Comparison
from ocr_tf.metrics.paired.contrast import Contrast
from ocr_tf.metrics.paired.outcomes import NotComparable, Result
from ocr_tf.metrics.paired.variance_components import degrees_of_freedom
from ocr_tf.types import Array

Compared = Union[Comparison, Contrast]


@dataclasses.dataclass(frozen=True)
class Detectable(Result):
    """The estimated smallest difference found with a given power, a fraction, and what it is made of.

    The three parts add up to the variance of D: the largest says what would help.
    """

    target: str
    difference: float
    power: float  # aimed at; with few seeds the true one is lower
    confidence: float
    seeds: tuple[int, ...]  # S_c, once if paired by seed
    units: int  # N: lines, or groups of lines
    df: float
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

    It is (t_{.975,df} + t_{.80,df}) sqrt(2 s_s^2 / S + s_CL^2 / N + 2 s_r^2 / (S N)), with s_r^2
    the residual mean square, s_s^2 = var_s R_cs - s_r^2 / N and s_CL^2 = N V_L - 2 s_r^2 / S, each
    clipped at 0. The mean squares are the conditions', weighted by S_c - 1; 2 / S stands for sum_c
    1 / S_c where S_c differ or a contrast has four conditions. The quantile is that of the
    comparison's confidence. For these trained models there are lines alone: s_CL^2 = N V_L and df =
    N - 1.

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
    if not comparison.variance:
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
    df = _df(comparison, planned, size)
    quantiles = stats.t.ppf((1 + comparison.confidence) / 2, df) + stats.t.ppf(power, df)
    return Detectable(
        signature=comparison.signature,
        target=comparison.target,
        difference=float(quantiles * np.sqrt(sum(parts))),
        power=power,
        confidence=comparison.confidence,
        seeds=tuple(planned.tolist()),
        units=size,
        df=df,
        seed_variance=seed_variance,
        line_variance=line_variance,
        residual_variance=residual,
        from_seeds=parts[0],
        from_lines=parts[1],
        from_residual=parts[2],
    )


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


def _df(comparison: Compared, planned: Array, size: int) -> float:
    """Returns the interval's df, at a planned size by its own formula from what each term would be there."""
    counts, between, residuals, lines = _mean_squares(comparison)
    if comparison.df is not None and size == comparison.units and (planned == counts).all():
        return comparison.df
    effective = max(size * comparison.effective_units / comparison.units, 2.0)
    if comparison.target == MODELS:
        return effective - 1.0
    seed_terms = np.maximum(between - residuals / comparison.units, 0) + residuals / size
    line_term = max(lines - (residuals / counts).sum(), 0) + (residuals / planned).sum()
    df = float(
        degrees_of_freedom(
            np.asarray(line_term / size),
            seed_terms / planned,
            residuals / planned / size,
            planned.tolist(),
            effective,
        )
    )
    # Where lines vary less, df nears that of the seeds alone, and the quantile could outgrow the gain.
    more = size >= comparison.units and (planned >= counts).all()
    return max(df, comparison.df) if more and comparison.df is not None else df


def power(difference: float, variance: float, df: float, confidence: float = 0.95) -> float:
    """Computes how often a true difference D is found: P(|t'| > t_{.975,df}), t' noncentral by D / sqrt(V).

    The smallest detectable difference is the usual approximation to the D where this is .80.

    Args:
        difference: the true D.
        variance: V, in the square of D's unit.
        df: V's degrees of freedom.
        confidence: of the interval that finds the difference.
    """
    bound = stats.t.ppf((1 + confidence) / 2, df)
    shift = abs(difference) / np.sqrt(variance)
    with np.errstate(divide="ignore"):  # scipy's tails warn of logarithms of 0 within.
        return float(stats.nct.sf(bound, df, shift) + stats.nct.cdf(-bound, df, shift))
