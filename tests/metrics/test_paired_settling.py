"""How many more seeds or lines a comparison would need."""

import dataclasses

import numpy as np
import pytest

from ocr_tf.metrics.paired import recipes, smallest_detectable
from ocr_tf.metrics.paired.outcomes import NotComparable, Outcomes, Signature
from ocr_tf.metrics.paired.settling import settling

SIGNATURE = Signature("cer", "none", "lines")


def outcomes(name, errors):
    errors = np.asarray(errors, float)
    lines = errors.shape[1]
    return Outcomes(
        name,
        errors,
        np.full(lines, 20.0),
        range(len(errors)),
        [f"{i:04}" for i in range(lines)],
        SIGNATURE,
    )


def drawn(seed_effect, seeds=3, lines=200, gap=0.01):
    draw = np.random.default_rng(3)
    effects = {name: draw.normal(0, seed_effect, seeds) for name in "ab"}
    chance = {"a": 0.1, "b": 0.1 + gap}
    return [
        outcomes(
            name,
            draw.binomial(
                20, np.clip(chance[name] + effects[name], 0.01, 0.9)[:, None], (seeds, lines)
            ),
        )
        for name in "ab"
    ]


def test_the_sizes_are_the_first_that_detect_the_difference():
    compared = recipes(*drawn(0.0, seeds=8, lines=100, gap=0.006))
    answer = settling(compared)
    assert answer.difference == abs(compared.value)
    assert answer.units is not None and answer.units > compared.units
    at = smallest_detectable(compared, units=answer.units).difference
    before = smallest_detectable(compared, units=answer.units - 1).difference
    assert at <= answer.difference < before
    assert answer.seeds is not None and answer.seeds > 8
    at = smallest_detectable(compared, seeds=[answer.seeds] * 2).difference
    before = smallest_detectable(compared, seeds=[answer.seeds - 1] * 2).difference
    assert at <= answer.difference < before


def test_lines_do_not_settle_what_seeds_vary_in():
    answer = settling(recipes(*drawn(0.03, gap=0.004)))
    assert answer.units is None


def test_what_is_detected_already_needs_no_more():
    compared = recipes(*drawn(0.0, seeds=5, lines=2000, gap=0.1))
    answer = settling(compared)
    assert (answer.seeds, answer.units) == (5, 2000)


def test_without_a_difference_or_a_variance_there_is_no_answer():
    same = outcomes("a", [[1, 2, 0], [1, 2, 0]])
    with pytest.raises(ValueError, match="no number of seeds"):
        settling(recipes(same, dataclasses.replace(same, name="b")))
    apart = outcomes("b", [[2, 3, 1], [2, 3, 1]])
    with pytest.raises(NotComparable):
        settling(recipes(same, apart))
