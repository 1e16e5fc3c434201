from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.interpolate import RBFInterpolator

from ocr_tf import rng
from ocr_tf.encoders import Compact, Rectifier
from ocr_tf.encoders.rectifier import fiducial_points, influence, sample
from ocr_tf.experiment.config.experiment import Data, Experiment
from ocr_tf.types import Images

KEY = tf.constant([3, 4])


def lines(widths, height: int = 32, padding: int = 0) -> Images:
    """Lines of noise, with garbage behind their ends."""
    draw = np.random.default_rng(0)
    values = draw.uniform(-1, 1, [len(widths), height, max(widths) + padding, 1])
    return Images(tf.constant(values, tf.float32), tf.constant(widths))


def make(points: int = 20, width: int = 4, bias=None):
    """A rectifier with its keyed first weights, or one that moves its points by `bias` [F, 2]."""
    layer = Rectifier(points, width).build("float32")
    layer(lines([16]))
    rng.initialize(layer.variables, seed=1)
    if bias is not None:
        layer.bias.assign(np.reshape(bias, [-1]))
    return layer


def test_the_first_rectification_changes_nothing():
    images = lines([50, 23, 1], padding=7)
    for key in (None, KEY):
        found = make()(images, key)
        assert found.widths is images.widths
        for one, two, width in zip(found.values.numpy(), images.values.numpy(), [50, 23, 1]):
            np.testing.assert_array_equal(one[:, :width], two[:, :width])
            assert not one[:, width:].any()


def test_the_localization_network_has_its_published_size():
    """1.7 M: Baek et al. 2019 give 47.0 M without it and 48.7 M with it."""
    convolutions = 576 + 73_728 + 294_912 + 1_179_648 + 2 * (64 + 128 + 256 + 512)
    dense = 512 * 256 + 256 + 256 * 40 + 40
    layer = make(20, 64)
    assert sum(int(np.prod(v.shape)) for v in layer.trainable_variables) == convolutions + dense


@pytest.mark.parametrize("number", [4, 10, 20])
def test_the_spline_is_that_of_scipy(number):
    draw = np.random.default_rng(number)
    points = fiducial_points(number)
    values = points + draw.normal(0, 0.2, points.shape)
    places = draw.uniform(-1, 1, [3, 40, 2]).astype(np.float32)
    found = influence(tf.constant(places), points).numpy() @ values
    spline = RBFInterpolator(points, values, kernel="thin_plate_spline", degree=1)
    expected = spline(places.reshape(-1, 2).astype(np.float64)).reshape(3, 40, 2)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_spline_passes_through_its_points():
    points = fiducial_points(20)
    own = influence(tf.constant(points, tf.float32), points)
    np.testing.assert_allclose(own, np.eye(20), atol=1e-4)


def test_moved_points_are_read_where_they_are():
    """All points moved by three columns and a row: the image shifted, with its edge's gray behind it."""
    images = lines([40])
    found = make(bias=np.tile([2 * 3 / 40, 2 * 1 / 32], [20, 1]))(images).values.numpy()[0, ..., 0]
    pixels = images.values.numpy()[0, ..., 0]
    rows, columns = np.minimum(np.arange(32) + 1, 31), np.minimum(np.arange(40) + 3, 39)
    np.testing.assert_allclose(found, pixels[np.ix_(rows, columns)], atol=1e-4)


def test_places_between_pixels_are_read_bilinearly():
    draw = np.random.default_rng(1)
    images = lines([9, 6], height=5, padding=2)
    x, y = draw.uniform(-2, 11, [2, 7, 8]), draw.uniform(-2, 7, [2, 7, 8])
    found = sample(images, tf.constant(x, tf.float32), tf.constant(y, tf.float32)).numpy()
    for line, width, xs, ys, read in zip(images.values.numpy(), [9, 6], x, y, found):
        for place in np.ndindex(7, 8):
            # Equation 5 of Jaderberg et al. 2015, at the nearest place that lies in the line.
            u, v = np.clip(xs[place], 0, width - 1), np.clip(ys[place], 0, 4)
            across = np.maximum(0, 1 - np.abs(u - np.arange(width)))
            down = np.maximum(0, 1 - np.abs(v - np.arange(5)))
            np.testing.assert_allclose(
                read[place], down @ line[:, :width, 0] @ across, rtol=1e-4, atol=1e-4
            )


def test_gradients_of_places_are_those_of_small_steps():
    images = lines([9], height=5)
    x, y = tf.constant([[[2.3, 7.6, 0.4]]]), tf.constant([[[0.7, 3.2, 2.6]]])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        read = sample(images, x, y)
    for place, found in zip((x, y), tape.gradient(read, [x, y])):
        one, two = (
            sample(images, x + d * (place is x), y + d * (place is y)) for d in (-0.05, 0.05)
        )
        np.testing.assert_allclose(found[..., None], (two - one) / 0.1, atol=1e-3)


def test_what_is_not_a_number_is_no_place_and_breaks_nothing():
    """A training that diverges is told so by its loss."""
    nowhere = tf.fill([1, 2, 2], np.float32("nan"))
    assert np.isnan(sample(lines([9]), nowhere, nowhere)).all()


def test_it_is_for_images_of_one_size():
    encoder = Compact(rectifier=Rectifier(20))
    with pytest.raises(ValueError, match="--data.width=100"):
        Experiment(name="rectified", encoder=encoder)
    Experiment(name="rectified", encoder=encoder, data=Data(width=100))
    for points in (2, 7):
        with pytest.raises(ValueError, match="an even number from 4 on"):
            Rectifier(points)


def sheared(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Upright bars, and the same images sheared by a tenth of a turn at most, either way."""
    draw = np.random.default_rng(seed)
    upright = np.zeros([number, 16, 32, 1], np.float32)
    leaning = np.zeros_like(upright)
    rows, columns = np.arange(16)[:, None], np.arange(32)[None]
    for i in range(number):
        slope = draw.uniform(-0.5, 0.5)
        for middle in draw.uniform(6, 26, 3):
            for image, lean in ((upright, 0.0), (leaning, slope)):
                place = middle + lean * (rows - 7.5)
                image[i, ..., 0] += np.exp(-0.5 * (columns - place) ** 2)
    return upright, leaning


@pytest.mark.slow
def test_it_learns_to_undo_a_shear():
    """From images alone of which it is shown what they looked like before, it finds slopes unseen so far."""
    upright, leaning = sheared(256, 0)
    layer = make(8, 8)
    optimizer = tf.keras.optimizers.Adam(3e-3)
    widths = tf.fill([32], 32)

    @tf.function(autograph=False)
    def step(given, wanted, key):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(Images(given, widths), key).values - wanted))
        weights = layer.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))

    for number in range(300):
        chosen = np.random.default_rng(number).integers(0, 256, 32)
        step(leaning[chosen], upright[chosen], tf.constant([0, number]))
    upright, leaning = sheared(32, 1)
    found = layer(Images(tf.constant(leaning), widths)).values
    before, after = (np.mean(np.square(image - upright)) for image in (leaning, found))
    assert after < 0.3 * before
