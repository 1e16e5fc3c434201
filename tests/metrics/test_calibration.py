import json
import math

import numpy as np
import pytest
from scipy import stats

from ocr_tf.metrics.calibration import Calibration, calibration, risk_coverage


def test_by_hand():
    p = np.array([0.9, 0.8, 0.6, 0.3])
    right = [True, False, True, False]
    found = calibration(np.log(p), right, bins=2)
    assert [(b.lines, b.accuracy) for b in found.bins] == [(2, 0.5), (2, 0.5)]
    assert [b.confidence for b in found.bins] == pytest.approx([0.45, 0.85])
    assert found.ece == pytest.approx((0.05 + 0.35) / 2)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.16 + 0.09) / 4)
    assert found.nll == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.7]).mean())
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert found.least_aurc == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert (found.lines, found.accuracy, found.confidence) == (4, 0.5, pytest.approx(0.65))
    coverage, risk = risk_coverage(np.log(p), right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])


def test_the_risk_of_a_coverage_is_that_of_the_fewest_lines_that_are_so_many():
    p = np.linspace(0.95, 0.05, 7)
    found = calibration(np.log(p), [True, False, True, True, False, True, False])
    # 50 %, 80 % and 90 % of seven lines are four, six and seven of them.
    assert found.risks == (
        (0.5, pytest.approx(1 / 4)),
        (0.8, pytest.approx(2 / 6)),
        (0.9, pytest.approx(3 / 7)),
    )
    assert "25.00% of the surest 50%, 33.33% of the surest 80%, 42.86% of" in found.table()
    ten = calibration(np.log(np.linspace(0.9, 0.1, 10)), [True] * 9 + [False])
    assert [risk for _, risk in ten.risks] == [0, 0, 0]


def test_figures_survive_json():
    draw = np.random.default_rng(2)
    found = calibration(np.log(draw.uniform(0.1, 1, 40)), draw.random(40) < 0.6)
    assert Calibration.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_the_intervals_of_the_bins_are_wilsons():
    draw = np.random.default_rng(0)
    p = draw.uniform(0.1, 1, 300)
    right = draw.random(300) < p
    for some in calibration(np.log(p), right, bins=7, level=0.9).bins:
        other = stats.binomtest(round(some.accuracy * some.lines), some.lines).proportion_ci(
            0.9, "wilson"
        )
        assert (some.low, some.high) == pytest.approx((other.low, other.high))


@pytest.mark.parametrize("lines", [1, 2, 7, 14, 15, 16, 100])
def test_bins_hold_every_line_once_and_about_equally_many(lines):
    draw = np.random.default_rng(lines)
    p = draw.uniform(0, 1, lines)
    bins = calibration(np.log(p), draw.random(lines) < 0.5).bins
    sizes = [b.lines for b in bins]
    assert sum(sizes) == lines
    assert len(bins) == min(15, lines) and max(sizes) - min(sizes) <= 1
    means = [b.confidence for b in bins]
    assert means == sorted(means)


def test_a_calibrated_model_and_one_that_is_too_sure():
    draw = np.random.default_rng(1)
    p = draw.beta(5, 1, 50_000)
    right = draw.random(50_000) < p
    good, sure = calibration(np.log(p), right), calibration(np.log(p) / 4, right)
    assert good.ece < 0.01 < 0.1 < sure.ece
    assert sure.confidence > good.confidence
    assert sure.ece == pytest.approx(sure.confidence - sure.accuracy)  # in every bin
    assert good.brier < sure.brier and good.nll < sure.nll  # proper scores
    assert sure.aurc == pytest.approx(good.aurc)  # the same order of lines


def test_area_orders_from_the_best_to_the_worst():
    right = np.arange(100) < 80
    draw = np.random.default_rng(0)
    best, worst = np.linspace(-0.1, -5, 100), np.linspace(-5, -0.1, 100)
    found = [calibration(s, right) for s in (best, draw.permutation(best), worst)]
    assert found[0].aurc == found[0].least_aurc
    assert found[0].aurc < found[1].aurc < found[2].aurc
    # Confidences that say nothing leave the risk of all lines, at any coverage.
    constant = calibration(np.full(100, -0.3), right)
    assert constant.aurc == pytest.approx(0.2)
    assert len(constant.bins) == 1 and constant.bins[0].lines == 100


def test_no_figure_depends_on_the_order_of_lines():
    draw = np.random.default_rng(0)
    logs = np.round(-draw.exponential(0.4, 200), 1)  # many are alike
    right = draw.random(200) < np.exp(logs)
    expected = calibration(logs, right)
    for _ in range(5):
        order = draw.permutation(200)
        found = calibration(logs[order], right[order])
        assert found.bins == expected.bins
        assert found.aurc == pytest.approx(expected.aurc)
        assert found.ece == pytest.approx(expected.ece)
    assert len({b.confidence for b in expected.bins}) == len(expected.bins)


def test_ties_have_the_mean_of_their_orders():
    right = np.array([True, False, True])
    one, other = np.log([0.9, 0.5, 0.5]), np.log([0.5, 0.9, 0.5])
    _, risk = risk_coverage(one, right)
    assert risk == pytest.approx([0, (1 / 2 + 0) / 2, 1 / 3])
    _, risk = risk_coverage(other, right)
    assert risk == pytest.approx([1, 1 / 2, 1 / 3])


def test_certainty_costs_what_float32_can_say():
    found = calibration([0.0, 0.0005, -math.inf], [True, False, False])
    assert found.nll == pytest.approx(24 * math.log(2) / 3)
    assert found.brier == pytest.approx(1 / 3)
    # log(1 - p) of a p near 1 does not cancel.
    assert calibration([-1e-6], [False]).nll == pytest.approx(-math.log(1e-6), rel=1e-5)


def test_it_is_json():
    found = calibration(np.log([0.9, 0.5, 0.5]), [True, False, True]).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["bins"][0]["lines"] == 2


@pytest.mark.parametrize(
    "logs, right, message",
    [
        ([], [], "of lines"),
        ([-1.0], [True, False], "of lines"),
        ([[-1.0]], [[True]], "of lines"),
        ([0.5], [True], "above 0 or no number"),
        ([math.nan], [True], "above 0 or no number"),
        ([-math.inf], [True], "probability 0"),
    ],
)
def test_what_is_refused(logs, right, message):
    with pytest.raises(ValueError, match=message):
        calibration(logs, right)
    with pytest.raises(ValueError, match="0 bins"):
        calibration([-1.0], [True], bins=0)
