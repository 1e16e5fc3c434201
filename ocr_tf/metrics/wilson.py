"""The interval of a share of independent lines; TensorFlow-free."""

from __future__ import annotations


def wilson(count: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Computes the ends of the interval of count / total (Wilson 1927); it lies within 0 and 1.

    Args:
        count: of the trials, at most their number.
        total: trials, independent of one another; above 0.
        confidence: of the interval.
    """
    from statsmodels.stats.proportion import proportion_confint  # Here: it takes a second to load.

    low, high = proportion_confint(count, total, 1 - confidence, "wilson")
    return float(low), float(high)
