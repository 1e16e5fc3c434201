"""Every condition's rate by every metric, with its interval; TensorFlow-free."""

from __future__ import annotations

from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.results import Grid


def rate_intervals(grid: Grid) -> dict[str, dict[str, RateEstimate]]:
    """Estimates the rates of errors, by condition and metric.

    An interval is over seeds and lines where there are two seeds or more, else over lines; it is withheld
    where there are too few lines or errors. A metric that no reference has a length for is left out.
    """
    measured = [metric for metric in METRICS if grid.lengths(metric).any()]
    return {
        name: {
            metric: estimates.rate(statistics.outcomes(grid, name, metric)) for metric in measured
        }
        for name in grid.conditions
    }
