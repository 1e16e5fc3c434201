"""Crossed random effects: seeds as readers, lines as cases (multi-reader multi-case analysis).

The formulas of a difference D of rates between conditions c, over seeds s = 1..S_c and lines
i = 1..N of lengths n_i, L = sum n_i:

    R_cs  = sum_i e_csi / L                               D = mean_s R_As - mean_s R_Bs
    z_csi = (N / L) (e_csi - R_cs n_i)                    what a line adds to a rate
    u_i   = mean_s z_Asi - mean_s z_Bsi                   V_L   = sum_i u_i^2 / (N (N - 1))
    V_S,c = var_s(R_cs) / S_c                             V_S   = sum_c V_S,c
    r_csi = z_csi - mean_s z_csi                          V_R   = sum_c V_R,c
    V_R,c = sum_si r_csi^2 / ((S_c - 1) (N - 1)) / (S_c N)
    V     = max(V_L + V_S - V_R, V_L, V_S)
    df    = V^2 / (V_L^2 / (N - 1) + sum_c V_S,c^2 / (S_c - 1) + sum_c V_R,c^2 / ((S_c - 1) (N - 1)))

Lines in groups enter as sums of groups, and N in df is then their effective number, see
`outcomes.effective_number`: V_L of groups of unequal size varies as that of fewer groups of one size.

V_L and V_S both hold the residual, which V_R takes out once. Whatever is a sum over conditions of
signed rates has a variance by the same formulas: one condition's own rate, a difference within
seeds, a slice minus the rest.

Sources: Obuchowski and Rockette 1995 and Hillis 2007 (df: Satterthwaite 1946); Gallas 2006. The
ratio of sums is linearised: Cochran 1977, Sampling Techniques, chapter 6.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional

import numpy as np
from scipy import stats

from ocr_tf.types import Array

# Relative to the rates: what is left below it is rounding, not variance.
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class Effects:
    """One condition's rates [..., S] and what its lines add to them, [..., S, N]."""

    rates: Array  # R_cs
    influences: Array  # z_csi; sums to 0 over the lines
    scale: Array  # [...] the highest rate, which says what is rounding
    effective: float  # of its units, see `Components`

    def __neg__(self) -> Effects:
        """Turns the sign, of what is subtracted."""
        return Effects(-self.rates, -self.influences, self.scale, self.effective)

    def __add__(self, other: Effects) -> Effects:
        """Adds effects within seeds."""
        return Effects(
            self.rates + other.rates,
            self.influences + other.influences,
            self.scale + other.scale,
            min(self.effective, other.effective),
        )

    def __sub__(self, other: Effects) -> Effects:
        """Subtracts effects: the difference within seeds, or between two sets of lines."""
        return self + -other


def effects(errors: Array, lengths: Array, effective: Optional[float] = None) -> Effects:
    """Computes the effects of errors [..., S, N] on lines of lengths [..., N].

    Leading axes are replicates. Without an effective number of units, it is N.
    """
    total = lengths.sum(axis=-1)[..., None]
    rates = errors.sum(axis=-1) / total
    beyond = errors - rates[..., None] * lengths[..., None, :]
    units = lengths.shape[-1]
    influences = units / total[..., None] * beyond
    return Effects(rates, influences, rates.max(axis=-1), effective or float(units))


@dataclasses.dataclass(frozen=True, eq=False)
class Components:
    """The variance of a sum of conditions' signed rates by what it comes from; replicates [...]."""

    value: Array  # [...] D
    lines: Array  # [...] V_L
    seeds: Array  # [C, ...] V_S,c; 0 for a condition of one seed
    residual: Array  # [C, ...] V_R,c; 0 for a condition of one seed
    seed_counts: tuple[int, ...]  # [C] S_c
    units: int  # N
    effective: float  # the N of the degrees of freedom: fewer where groups of lines differ in size
    kurtosis: Array  # [...] excess kurtosis of what lines add, 0 or more

    @property
    def lines_df(self) -> Array:
        """Degrees of freedom [...] of V_L itself: fewer than N - 1 where few lines have most of it.

        (N - 1) / (1 + kurtosis / 2), by the variance of a variance (Box 1953, Non-normality and tests on
        variances), or what the effective number leaves if that is less. The t of the interval does without:
        it is hardly touched by how lines are distributed.
        """
        return np.maximum(
            np.minimum((self.units - 1) / (1 + self.kurtosis / 2), self.effective - 1), 1.0
        )

    @property
    def variance(self) -> Array:
        """V [...], of recipes: over seeds and lines."""
        return variance(self.lines, self.seeds.sum(axis=0), self.residual.sum(axis=0))

    @property
    def df(self) -> Array:
        """Degrees of freedom of V [...]; NaN where V is 0."""
        return degrees_of_freedom(
            self.lines, self.seeds, self.residual, self.seed_counts, self.effective
        )


def components(plus: Sequence[Effects], minus: Sequence[Effects] = ()) -> Components:
    """Computes the components of sum_plus mean_s R - sum_minus mean_s R.

    What only rounding keeps from 0 is 0.
    """
    signs = [1] * len(plus) + [-1] * len(minus)
    terms = [*plus, *minus]
    units = terms[0].influences.shape[-1]
    value = sum(sign * term.rates.mean(axis=-1) for sign, term in zip(signs, terms))
    adds = sum(sign * term.influences.mean(axis=-2) for sign, term in zip(signs, terms))
    floor = sum(np.square(ROUNDING * term.scale) for term in terms)

    def above(values: Array) -> Array:
        return np.where(values > floor, values, 0.0)

    seeds, residual = zip(*map(_between_seeds, terms))
    return Components(
        value=np.where(np.square(value) > floor, value, 0.0),
        lines=above(np.square(adds).sum(axis=-1) / (units * (units - 1))),
        seeds=above(np.stack(seeds)),
        residual=above(np.stack(residual)),
        seed_counts=tuple(term.rates.shape[-1] for term in terms),
        units=units,
        effective=min(term.effective for term in terms),
        kurtosis=_kurtosis(adds),
    )


def _kurtosis(adds: Array) -> Array:
    """Computes the excess kurtosis over the last axis, at least 0; 0 where nothing varies."""
    square = np.square(adds).mean(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = (adds**4).mean(axis=-1) / np.square(square) - 3
    return np.where(square > 0, np.maximum(excess, 0.0), 0.0)


def _between_seeds(term: Effects) -> tuple[Array, Array]:
    """Returns V_S,c and V_R,c [...]."""
    count, units = term.influences.shape[-2:]
    if count == 1:
        nothing = np.zeros(term.rates.shape[:-1])
        return nothing, nothing
    apart = term.influences - term.influences.mean(axis=-2, keepdims=True)
    residual = np.square(apart).sum(axis=(-2, -1)) / ((count - 1) * (units - 1))
    return term.rates.var(axis=-1, ddof=1) / count, residual / (count * units)


def variance(lines: Array, seeds: Array, residual: Array) -> Array:
    """Sums V from V_L, V_S and V_R."""
    return np.maximum(lines + seeds - residual, np.maximum(lines, seeds))


def degrees_of_freedom(
    lines: Array,
    seeds: Array,
    residual: Array,
    seed_counts: Sequence[int],
    units: float,
) -> Array:
    """Computes df from V_L [...], V_S,c and V_R,c [C, ...], S_c and N; NaN where V is 0."""
    total = variance(lines, seeds.sum(axis=0), residual.sum(axis=0))
    spread = np.square(lines) / (units - 1)
    for own_seeds, own_residual, count in zip(seeds, residual, seed_counts):
        if count > 1:
            spread = spread + np.square(own_seeds) / (count - 1)
            spread = spread + np.square(own_residual) / ((count - 1) * (units - 1))
    with np.errstate(invalid="ignore"):
        return np.square(total) / spread


def cautious_df(
    lines: Array,
    seeds: Array,
    residual: Array,
    seed_counts: Sequence[int],
    units: float,
) -> Array:
    """Computes degrees of freedom, 1 or more, where the seeds of all conditions count as the fewest of one.

        V^2 / (V_L^2 / (N - 1) + V_S^2 / (min_c S_c - 1) + sum_c V_R,c^2 / ((S_c - 1) (N - 1)))

    It takes Welch's bound for the seeds in the place of Satterthwaite's estimate. The arguments are those of
    `degrees_of_freedom`, with 2 seeds of each condition or more, and V not 0.
    """
    between = seeds.sum(axis=0)
    spread = np.square(between) / (min(seed_counts) - 1)
    within = np.square(lines)
    for own, count in zip(residual, seed_counts):
        within = within + np.square(own) / (count - 1)
    total = variance(lines, between, residual.sum(axis=0))
    return np.maximum(np.square(total) / (spread + within / (units - 1)), 1.0)


def t_interval(
    value: Array, variance: Array, df: Array, confidence: float
) -> tuple[Array, Array, Array]:
    """Returns low and high end of value +- t sqrt(variance), and the two-sided p of the value 0."""
    error = np.sqrt(variance)
    half = stats.t.ppf((1 + confidence) / 2, df) * error
    with np.errstate(invalid="ignore", divide="ignore"):
        return value - half, value + half, 2 * stats.t.sf(np.abs(value) / error, df)
