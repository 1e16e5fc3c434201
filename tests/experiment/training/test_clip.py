"""Clipping to a percentile of recent norms: against NumPy, and alike whatever a loss is measured in."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.training.clip import WINDOW, Clip


def clipped(gradients: np.ndarray, **options: float) -> tuple[np.ndarray, np.ndarray]:
    """Clips gradients [S, 5] one after another: what is left of them, and which were clipped."""
    clip = Clip(Train(**options))

    @tf.function
    def step(gradient, number):
        first, second = tf.split(gradient, [2, 3])
        left, norm, was = clip([first, second], number)
        return tf.concat(left, 0), norm, was

    left, were = [], []
    for number, gradient in enumerate(gradients.astype(np.float32)):
        values, norm, was = step(gradient, tf.constant(number, tf.int64))
        np.testing.assert_allclose(norm, np.linalg.norm(gradient), rtol=1e-5)
        left.append(values.numpy())
        were.append(bool(was))
    return np.array(left), np.array(were)


def gradients(steps: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=[steps, 5]) * np.exp(random.normal(size=[steps, 1]))


@pytest.mark.parametrize("percentile", [10, 50, 99.5, 100])
def test_the_bound_is_the_percentile_of_the_last_norms(percentile):
    given = gradients(WINDOW + 300)
    left, were = clipped(given, clip_percentile=percentile)
    norms = np.linalg.norm(given, axis=1)
    for step in (0, 1, 2, 17, WINDOW - 1, WINDOW, WINDOW + 299):
        recent = norms[max(0, step + 1 - WINDOW) : step + 1]
        bound = np.sort(recent)[math.ceil(len(recent) * percentile / 100) - 1]
        assert were[step] == (norms[step] > bound * (1 + 1e-6))
        length = min(norms[step], bound)
        np.testing.assert_allclose(left[step], given[step] * length / norms[step], rtol=1e-4)
    assert abs(were.mean() - (1 - percentile / 100)) < 0.03


def test_a_loss_in_other_units_is_clipped_alike():
    given = gradients(60)
    left, were = clipped(given)
    scaled, too = clipped(1000 * given)
    np.testing.assert_array_equal(were, too)
    np.testing.assert_allclose(scaled, 1000 * left, rtol=1e-4)
    assert were.any() and not were.all()


def test_a_fixed_bound_holds_too_and_without_bounds_nothing_changes():
    given = gradients(60)
    left, were = clipped(given, clip_percentile=0, clip_norm=1.5)
    norms = np.linalg.norm(given, axis=1)
    np.testing.assert_array_equal(were, norms > 1.5)
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), np.minimum(norms, 1.5), rtol=1e-5)
    both, _ = clipped(given, clip_percentile=50, clip_norm=1.5)
    assert (np.linalg.norm(both, axis=1) <= 1.5 + 1e-5).all()
    free, none = clipped(given, clip_percentile=0)
    np.testing.assert_array_equal(free, given.astype(np.float32))
    assert not none.any()


def test_no_gradient_at_all_is_left_alone():
    left, were = clipped(np.zeros([3, 5]))
    assert not left.any() and not were.any()
