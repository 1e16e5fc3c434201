"""Sets costs against errors: who is on the Pareto front. TensorFlow-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ocr_tf.study.analysis.cost_content import ParetoPoint
from ocr_tf.study.comparison.estimates import RateEstimate


def front(rates: Mapping[str, RateEstimate], costs: Mapping[str, float]) -> tuple[ParetoPoint, ...]:
    """Sets every condition's cost against its errors, and marks the Pareto front."""
    on_it = pareto([(costs[name], rate.value) for name, rate in rates.items()])
    return tuple(
        ParetoPoint(name, costs[name], rate, on) for (name, rate), on in zip(rates.items(), on_it)
    )


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Marks the points (cost, errors) on the Pareto front.

    No other is at most as costly with at most as many errors, and better in one of the two.
    """
    return [
        not any(
            other != point and other[0] <= point[0] and other[1] <= point[1] for other in points
        )
        for point in points
    ]
