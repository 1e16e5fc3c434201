import dataclasses
import json
import math

import numpy as np
import pytest

from ocr_tf.study.analysis.calibration import calibration
from tests.study.analysis.grids import grid


def there(confidences, right, condition="a", ok=None):
    """One condition with given confidences [S][N], and one that is always right and sure."""
    references = ["ab"] * len(right[0])
    fields = {
        (condition, s, i): {"log_prob": math.log(p) if p else None, "ok": bool(p)}
        for s, row in enumerate(confidences)
        for i, p in enumerate(row)
    }
    sure = {
        ("sure", s, i): {"log_prob": 0.0} for s in range(len(right)) for i in range(len(right[0]))
    }
    texts = [["ab" if yes else "x" for yes in row] for row in right]
    readings = {condition: texts, "sure": [references] * len(right)}
    return grid(references, readings, predictions={**fields, **sure})


def test_figures_of_every_seed_and_the_difference_of_brier_scores():
    draw = np.random.default_rng(0)
    confidences = draw.uniform(0.1, 1, (3, 90))
    right = draw.random((3, 90)) < confidences / 2  # twice as sure as it should be
    told = calibration(there(confidences.tolist(), right.tolist()))
    assert [one.seed for one in told.by_seed["a"]] == [0, 1, 2]
    for one, row, hits in zip(told.by_seed["a"], confidences, right):
        assert one.measures.confidence == pytest.approx(row.mean())
        assert one.measures.accuracy == hits.mean() < one.measures.confidence - 0.2
        assert one.curve[-1] == (1.0, pytest.approx(1 - hits.mean()))
        assert len(one.curve) <= 50
    squares = np.square(confidences - right).mean()
    assert told.brier.rates["a"].value == pytest.approx(squares)
    assert told.brier.differences[0].value == pytest.approx(squares)
    assert told.brier.differences[0].low > 0
    assert told.by_seed["sure"][0].measures.ece == told.by_seed["sure"][0].measures.brier == 0
    json.dumps(dataclasses.asdict(told), allow_nan=False)


def test_wrong_readings_are_told_the_surest_first():
    told = calibration(there([[0.9, 0.5, 0.99, 0.2], [0.8] * 4], [[False, False, True, True]] * 2))
    assert [dataclasses.astuple(m) for m in told.surely_wrong["a"]] == [
        (0, 0, pytest.approx(0.9)),
        (0, 1, pytest.approx(0.8)),
        (1, 1, pytest.approx(0.8)),
        (1, 0, pytest.approx(0.5)),
    ]
    assert told.surely_wrong["sure"] == ()


def test_a_line_without_an_image_is_wrong_and_known_to_be():
    told = calibration(there([[0.9, 0]], [[True, False]]))
    assert told.by_seed["a"][0].measures.accuracy == 0.5
    assert told.brier.rates["a"].value == pytest.approx(0.01 / 2)


def test_systems_without_probabilities_are_left_out():
    told = calibration(grid(["ab", "c"], {"a": [["ab", "c"]], "b": [["ab", "c"]]}))
    assert told.by_seed == {} and told.brier.rates == {}
