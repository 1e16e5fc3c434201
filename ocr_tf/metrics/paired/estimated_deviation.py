"""An estimated standard deviation over the true one: its values and their weights, for sums over them.

With df degrees of freedom df s^2 ~ chi^2 of df. The values are an even grid of log s, on which sums of
smooth functions converge fast.
"""

from __future__ import annotations

import functools

import numpy as np
from scipy import stats

from ocr_tf.types import Array

LOG_S = np.linspace(-16, 3, 191)  # at few degrees of freedom; narrower at many
NOTHING = 1e-14  # of weights, which add up to 1


@functools.lru_cache(maxsize=256)
def values(df: float) -> tuple[Array, Array]:
    """Returns values s and their weights, [K] each: E f(s) is about the sum of weight x f(s)."""
    grid = LOG_S * min(1.0, 3 / np.sqrt(df))
    s = np.exp(grid)
    density = stats.chi2.pdf(df * s**2, df) * 2 * df * s**2  # of log s
    weights = density * (grid[1] - grid[0])
    kept = weights > NOTHING
    return s[kept], weights[kept]
