"""Two one-sided tests: against the interval, and how often they alarm at the margin itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from ocr_tf.metrics.paired import recipes
from ocr_tf.metrics.paired.equivalence import equivalence
from ocr_tf.metrics.paired.variance_components import components
from tests.metrics.conditions import golden, outcomes, random_pair
from tests.metrics.simulated import Model


@pytest.mark.parametrize("margin", [0.001, 0.02, 0.05, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("pair", [golden(), random_pair(), random_pair(2)])
def test_it_holds_where_the_interval_of_twice_the_level_lies_within_the_margin(pair, margin):
    found = recipes(*pair, confidence=0.90)
    decided = equivalence(found, margin)
    assert decided.equivalent == (-margin < found.low and found.high < margin)
    family = equivalence(found, margin, tests=6)
    assert family.p == pytest.approx(min(1, 6 * decided.p)) and family.tests == 6


def test_the_confidence_of_the_comparison_does_not_matter():
    a, b = golden()
    first, second = (equivalence(recipes(a, b, confidence=c), 0.2) for c in (0.95, 0.5))
    assert first == second


def test_what_nothing_is_known_of_is_not_equivalent():
    same = recipes(*(outcomes(name, [[1] * 5] * 3) for name in "AB"))
    assert same.variance == 0 and equivalence(same, 0.1) is None
    for margin in (0.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match="not above 0"):
            equivalence(recipes(*golden()), margin)


def rate(model: Model, shift: float) -> float:
    """The expected rate of a condition, over lines and seeds."""
    spread = np.sqrt(model.seed**2 + model.line**2 + model.condition_line**2 + model.seed_line**2)
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    return float((weights * expit(model.base + shift + spread * points)).sum() / weights.sum())


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_false_alarms_at_the_margin(seeds, spread):
    """A true difference as large as the margin is called equivalent in at most about 5 %."""
    model, margin = Model(seed=spread), 0.03
    shift = optimize.brentq(lambda x: rate(model, x) - rate(model, 0.0) - margin, 0, 2)
    shares = {}
    for name, planted in (("margin", shift), ("none", 0.0)):
        first, second = model.draw([21], 2000, seeds, 300, shift=planted).effects()
        parts = components([first], [second])
        beyond = (margin - np.abs(parts.value)) / np.sqrt(parts.variance)
        shares[name] = float(np.mean(stats.t.sf(beyond, parts.df) <= 0.05))
    print(f"\nseed sd {spread}, S = {seeds}: equivalent within 3 pp at a difference of {shares}")
    assert 0.01 <= shares["margin"] <= 0.065
    assert shares["none"] > shares["margin"] + 0.05
