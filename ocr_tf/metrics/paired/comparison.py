"""The two targets of a comparison, always named.

- `recipes`: the training procedure, over seeds and lines: both could have been others. The headline:
  what "A or B?" asks.
- `models`: these checkpoints, over lines: only the lines could have been others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from scipy import stats

from ocr_tf.metrics.paired.outcomes import (
    Outcomes,
    Result,
    Units,
    joined,
    one_seed,
    same_networks,
    same_seeds,
    signed,
)
from ocr_tf.metrics.paired.variance_components import (
    ROUNDING,
    Components,
    Effects,
    components,
    effects,
    t_interval,
)

RECIPES, MODELS = "recipes", "models"


@dataclasses.dataclass(frozen=True)
class Estimate(Result):
    """A rate or a difference of rates, as fractions (x 100: percent points), and its interval.

    What the data cannot say is None, and `withheld` says why.
    """

    target: str  # "recipes" or "models"
    value: float  # R or D
    confidence: float  # of the interval, for example .95
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]  # two-sided, of the value 0, by the t that the interval is from
    variance: Optional[float]  # V, squared fractions
    variance_lines: float  # V_L
    variance_seeds: tuple[float, ...]  # V_S,c; sums to V_S
    variance_residual: tuple[float, ...]  # V_R,c; sums to V_R
    seed_counts: tuple[int, ...]  # S_c; one for the difference if it was paired by seed
    units: int  # N: lines, or groups of lines
    effective_units: float  # fewer than N where groups differ in size; what df counts
    lines_df: float  # of V_L itself, see `Components`
    df: Optional[float]
    withheld: Optional[str]


@dataclasses.dataclass(frozen=True)
class Rate(Estimate):
    """One condition's rate; its p is of no interest."""

    name: str


@dataclasses.dataclass(frozen=True)
class Comparison(Estimate):
    """D = rate_a - rate_b. Rates are of errors: below 0 A is better."""

    a: str
    b: str
    rate_a: float  # mean over seeds
    rate_b: float
    paired: bool  # by seed: it was asked for, or both are readings of the same networks
    # V_L over what it would be if the lines of a group were independent; None without groups.
    design_effect: Optional[float] = None


def estimate(
    parts: Components,
    target: str = RECIPES,
    confidence: float = 0.95,
    alone: str = "one seed cannot say how far another would be",
) -> dict[str, Any]:
    """Computes the fields of an Estimate, for a target: recipes' by V and df, models' by V_L and N - 1.

    Args:
        parts: the value and the components of its variance.
        target: RECIPES or MODELS.
        confidence: of the interval.
        alone: why recipes are withheld if a condition has one seed.

    Raises:
        ValueError: there is no such target.
    """
    if target not in (RECIPES, MODELS):
        raise ValueError(f"target {target!r}, not {RECIPES} or {MODELS}")
    value = float(parts.value)
    low = high = p = variance = df = withheld = None
    if target == RECIPES and min(parts.seed_counts) < 2:
        withheld = alone
    else:
        variance = float(parts.variance if target == RECIPES else parts.lines)
        if variance:
            df = parts.effective - 1.0 if target == MODELS else float(parts.df)
            interval = t_interval(parts.value, np.asarray(variance), np.asarray(df), confidence)
            low, high, p = map(float, interval)
        elif value:
            withheld = (
                "neither lines nor seeds vary, so that nothing says how sure the figure is; add "
                "test lines or seeds"
            )
        else:
            p, withheld = 1.0, "0 on every line, and the same rate under every seed"
    return {
        "target": target,
        "value": value,
        "confidence": confidence,
        "low": low,
        "high": high,
        "p": p,
        "variance": variance,
        "variance_lines": float(parts.lines),
        "variance_seeds": tuple(map(float, parts.seeds)),
        "variance_residual": tuple(map(float, parts.residual)),
        "seed_counts": parts.seed_counts,
        "units": parts.units,
        "effective_units": parts.effective,
        "lines_df": float(parts.lines_df),
        "df": df,
        "withheld": withheld,
    }


def rate(a: Outcomes, target: str = RECIPES, confidence: float = 0.95) -> Rate:
    """Estimates one condition's mean rate over seeds, by the formulas of `variance_components`."""
    (units,) = joined(a)
    fields = estimate(components([effects(*units)]), target, confidence, one_seed(a))
    return Rate(signature=signed(a), name=a.name, **fields)


def recipes(a: Outcomes, b: Outcomes, confidence: float = 0.95, paired: bool = False) -> Comparison:
    """Estimates the headline: D = R_A - R_B over seeds and lines, by `variance_components`.

    Conditions may have different numbers of seeds, unless they are paired. Readings of the same networks
    always are: what a seed gives is then the same in both.

    Args:
        a: one condition.
        b: the other, on the same lines.
        confidence: of the interval; for several comparisons see `multiple_comparisons.pairwise`.
        paired: by seed: V_S and V_R come from the differences within seeds. To be
            declared before the results are seen; it pays where the correlation of `seed_correlation`
            exceeds `pairing_threshold`, and seeds vary more than lines do.

    Raises:
        NotComparable: there is one line only; or they are to be paired and have not the same seeds.
        ValueError: the conditions do not share their lines or signature.
    """
    units = joined(a, b)
    return _comparison(a, b, units, RECIPES, confidence, within_seeds(a, b, paired))


def within_seeds(a: Outcomes, b: Outcomes, paired: bool = False) -> bool:
    """Tells whether two conditions are compared within seeds: it is asked for, or they share networks.

    Raises:
        NotComparable: it is asked for, and they have not the same seeds.
    """
    if paired:
        same_seeds(a, b)
    return paired or same_networks(a, b)


def apart(a: Effects, b: Effects, paired: bool) -> Components:
    """Computes the components of R_A - R_B, within seeds or of two that are independent."""
    return components([a - b]) if paired else components([a], [b])


def models(a: Outcomes, b: Outcomes, confidence: float = 0.95) -> Comparison:
    """Estimates D for these checkpoints: D +- t_{N-1} sqrt(V_L), with the p that agrees with it.

    `resampling.permutation` tests the same, and stands beside it.

    Raises:
        NotComparable: as `recipes`.
        ValueError: as `recipes`.
    """
    return _comparison(a, b, joined(a, b), MODELS, confidence, False)


def _comparison(
    a: Outcomes,
    b: Outcomes,
    units: Sequence[Units],
    target: str,
    confidence: float,
    paired: bool,
) -> Comparison:
    first, second = (effects(*condition) for condition in units)
    parts = apart(first, second, paired)
    design_effect = None
    if a.groups is not None:
        one, other = (effects(*dataclasses.replace(c, groups=None).units()) for c in (a, b))
        alone = float(apart(one, other, paired).lines)
        design_effect = float(parts.lines) / alone if alone else None
    return Comparison(
        signature=signed(a, b),
        a=a.name,
        b=b.name,
        rate_a=float(first.rates.mean()),
        rate_b=float(second.rates.mean()),
        paired=paired,
        design_effect=design_effect,
        **estimate(parts, target, confidence, one_seed(a, b)),
    )


def seed_correlation(a: Outcomes, b: Outcomes) -> Optional[float]:
    """Computes Pearson's correlation of the conditions' rates over the seeds that they share.

    It is None with fewer than 3 seeds, between which every correlation is 1 or -1, or where a rate does
    not vary.

    Raises:
        NotComparable: they have not the same seeds.
    """
    same_seeds(a, b)
    if len(a.seeds) < 3:
        return None
    rates = np.stack([condition.rates[np.argsort(condition.seeds)] for condition in (a, b)])
    if (np.ptp(rates, axis=1) <= ROUNDING * rates.max(axis=1)).any():
        return None
    return float(np.corrcoef(rates)[0, 1])


def pairing_threshold(seeds: int, confidence: float = 0.95) -> float:
    """Returns the correlation of S seeds above which pairing gives a shorter interval.

    Unpaired, the half width is t_{2(S-1)} sqrt(2 s^2 / S); paired, t_{S-1} sqrt(2 s^2 (1 - rho) / S).
    They are equal at rho = 1 - (t_{2(S-1)} / t_{S-1})^2. Lines that vary too lower what pairing gives.
    """
    quantile = (1 + confidence) / 2
    return float(
        1 - (stats.t.ppf(quantile, 2 * (seeds - 1)) / stats.t.ppf(quantile, seeds - 1)) ** 2
    )
