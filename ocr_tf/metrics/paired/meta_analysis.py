"""One difference on several data sets, which are a sample of data sets: random effects.

    D_k ~ N(mu_k, V_k), mu_k ~ N(mu, tau^2)     on the sets k = 1..K, each independent of the others
    w_k = 1 / (V_k + tau^2)                     m = sum w_k D_k / sum w_k
    tau^2: sum w_k (D_k - m)^2 = K - 1          0 where the left side is less even so
    interval        m +- t_{K-1} sqrt(1 / sum w_k)
    a new data set  m +- t_{K-2} sqrt(tau^2 + 1 / sum w_k)
    I^2 = max(0, 1 - (K - 1) / Q)               Q = sum (D_k - m')^2 / V_k, with the weights 1 / V_k

tau^2 is Paule and Mandel's (1982). The interval is Hartung and Knapp's (2001) as Roever, Knapp and Friede
(2015) modify it, never narrower than by the V_k: with this tau^2 their factor is 1. The interval for a new
set is that of Higgins, Thompson and Spiegelhalter (2009), I^2 that of Higgins and Thompson (2002).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Optional

import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class RandomEffects:
    """The mean difference over data sets like these, and how far it differs between them; fractions."""

    sets: int  # K
    value: float  # m
    confidence: float
    low: float
    high: float
    p: float  # two-sided, of the mean 0
    df: int
    tau: float  # standard deviation of the true differences
    i2: float  # share of the variation that the V_k do not explain
    q: float
    p_heterogeneity: float  # of Q where the true differences are the same
    new_low: Optional[float]  # of the true difference on a new data set; None with fewer than 3
    new_high: Optional[float]


def random_effects(
    values: Sequence[float], variances: Sequence[float], confidence: float = 0.95
) -> RandomEffects:
    """Summarizes independent differences; see the formulas above.

    Args:
        values: [K] D_k, fractions.
        variances: [K] V_k, above 0.
        confidence: of both intervals.

    Raises:
        ValueError: fewer than two differences, or a variance that is not above 0.
    """
    from statsmodels.stats.meta_analysis import combine_effects  # Here: it loads pandas.

    differences, known = np.array(values, float), np.array(variances, float)
    sets = len(differences)
    if sets < 2 or len(known) != sets or not (known > 0).all():
        raise ValueError(f"{sets} differences with the variances {list(variances)}")
    # It solves for tau^2 to an absolute tolerance.
    scale = np.sqrt(known.mean())
    with np.errstate(divide="ignore"):  # its I^2, where Q is 0
        found = combine_effects(differences / scale, known / scale**2, method_re="iterated")
    value, error = float(scale * found.mean_effect_re), float(scale * found.sd_eff_w_re)
    tau, q = float(scale * np.sqrt(found.tau2)), float(found.q)
    quantile = (1 + confidence) / 2
    half = float(stats.t.ppf(quantile, sets - 1)) * error
    new = None
    if sets > 2:
        new = float(stats.t.ppf(quantile, sets - 2)) * float(np.hypot(tau, error))
    return RandomEffects(
        sets=sets,
        value=value,
        confidence=confidence,
        low=value - half,
        high=value + half,
        p=float(2 * stats.t.sf(abs(value) / error, sets - 1)),
        df=sets - 1,
        tau=tau,
        i2=max(0.0, 1 - (sets - 1) / q) if q > 0 else 0.0,
        q=q,
        p_heterogeneity=float(stats.chi2.sf(q, sets - 1)),
        new_low=None if new is None else value - new,
        new_high=None if new is None else value + new,
    )
