"""Gradients of one size: alike whatever a loss is measured in, or bounded where that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.training.gradient import NORM, sized


def scaled(gradient: np.ndarray, **options) -> tuple[np.ndarray, bool]:
    """A gradient [5] of two variables, after it was brought to its size; whether it was clipped."""
    parts = tf.split(tf.constant(gradient, tf.float32), [2, 3])
    left, norm, clipped = sized(parts, Train(**options))
    np.testing.assert_allclose(norm, np.linalg.norm(gradient), rtol=1e-5)
    return tf.concat(left, 0).numpy(), bool(clipped)


GRADIENT = np.array([3.0, -4.0, 0.5, 0.0, 12.0])


@pytest.mark.parametrize("units", [1e-6, 1.0, 1e6])
def test_a_loss_in_other_units_gives_the_same_gradient(units):
    found, clipped = scaled(units * GRADIENT)
    np.testing.assert_allclose(found, GRADIENT * NORM / np.linalg.norm(GRADIENT), rtol=1e-5)
    assert not clipped


def test_a_bound_is_for_gradients_that_are_not_normalized():
    norm = np.linalg.norm(GRADIENT)
    found, clipped = scaled(GRADIENT, normalize_gradient=False, clip_norm=2.0)
    assert clipped
    np.testing.assert_allclose(found, GRADIENT * 2 / norm, rtol=1e-5)
    for bound in (0.0, 100.0):
        found, clipped = scaled(GRADIENT, normalize_gradient=False, clip_norm=bound)
        np.testing.assert_array_equal(found, GRADIENT.astype(np.float32))
        assert not clipped


def test_both_at_once_are_refused():
    with pytest.raises(ValueError, match="--train.clip_norm=1.0 is for gradients that are not"):
        Train(clip_norm=1.0)


@pytest.mark.parametrize("normalize", [True, False])
def test_no_gradient_at_all_is_left_alone(normalize):
    found, clipped = scaled(np.zeros(5), normalize_gradient=normalize, clip_norm=0.0)
    assert not found.any() and not clipped
