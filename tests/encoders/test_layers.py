from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import graphs
from ocr_tf.encoders.batch_norm import ENDED, MaskedBatchNorm, column_mask
from ocr_tf.encoders.layers import convolve, pool, standardize
from ocr_tf.types import Images

WIDTHS = [9, 4, 1]


@pytest.fixture(params=["plain", "compiled"])
def both_ways(request, monkeypatch):
    """Small maps go the plain way, large ones the compiled one."""
    monkeypatch.setattr(graphs, "LARGE", 0 if request.param == "compiled" else 2**30)


both = pytest.mark.usefixtures("both_ways")


def batch(seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """Values [3, 5, 9, 2] far from zero, padding included, and their mask."""
    values = np.random.default_rng(seed).normal([3.0, -2.0], [0.5, 4.0], [3, 5, 9, 2])
    return tf.constant(values, tf.float32), column_mask(tf.constant(WIDTHS), 9, tf.float32)


def valid(values: tf.Tensor) -> np.ndarray:
    """[pixels, channels] that no mask hides."""
    lines = zip(np.asarray(values), WIDTHS)
    return np.concatenate([line[:, :width].reshape(-1, 2) for line, width in lines])


def make(dtype: str = "float32", rectify: bool = False) -> MaskedBatchNorm:
    layer = MaskedBatchNorm(rectify, dtype=dtype)
    layer.build(tf.TensorShape([2]))
    for variable, value in zip(layer.variables, ([2.0, 0.5], [1.0, -1.0], [0.3, 0.4], [0.9, 1.1])):
        variable.assign(value)
    return layer


def normalize(
    layer: MaskedBatchNorm, values: tf.Tensor, mask: tf.Tensor, training: bool
) -> tf.Tensor:
    """As a convolution, which subtracts the center, and the normalization do together."""
    return layer(values - layer.center(values.dtype), mask, training)


@both
def test_training_normalizes_by_the_valid_pixels_moments():
    layer = make()
    values, mask = batch()
    pixels = valid(normalize(layer, values, mask, True))
    np.testing.assert_allclose(pixels.mean(axis=0), [1, -1], atol=1e-5)
    variance = valid(values).var(axis=0)
    expected = np.array([2, 0.5]) * np.sqrt(variance / (variance + layer.epsilon))
    np.testing.assert_allclose(pixels.std(axis=0), expected, rtol=1e-4)
    mean = 0.95 * np.array([0.3, 0.4]) + 0.05 * valid(values).mean(axis=0)
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    moved = 0.95 * np.array([0.9, 1.1]) + 0.05 * variance
    np.testing.assert_allclose(layer.moving_variance, moved, rtol=1e-5)


def test_inference_normalizes_by_the_moving_moments():
    values, mask = batch()
    found = normalize(make(), values, mask, False)
    centered = (values - np.array([0.3, 0.4])) / np.sqrt(np.array([0.9, 1.1]) + 1e-3)
    expected = centered * np.array([2, 0.5]) + [1, -1]
    np.testing.assert_allclose(valid(found), valid(expected), rtol=1e-4, atol=1e-5)
    assert found.numpy()[1, :, WIDTHS[1] :].max() < ENDED / 2


@both
@pytest.mark.parametrize("training", [False, True])
def test_without_padding_it_is_keras_batch_normalization(training):
    layer = make()
    twin = tf.keras.layers.BatchNormalization(momentum=0.95, epsilon=1e-3, fused=False)
    twin.build([None, None, None, 2])
    twin.set_weights([v.numpy() for v in layer.variables])
    values, mask = batch()
    mask = tf.ones_like(mask)
    results = []
    for call in (
        lambda: normalize(layer, values, mask, training),
        lambda: twin(values, training=training),
    ):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(values)
            outputs = call()
            loss = tf.reduce_sum(outputs * np.sin(np.arange(18, dtype=np.float32)).reshape(9, 2))
        part = layer if not results else twin
        gradients = tape.gradient(loss, [values, part.gamma, part.beta])
        results.append([outputs, *gradients, part.moving_mean, part.moving_variance])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@both
def test_variance_far_from_zero():
    """Where squares of the values themselves would leave float32 nothing of it."""
    layer = make()
    layer.moving_mean.assign([1000.0, -3000.0])
    values, mask = batch()
    spread = (values - [3.0, -2.0]) * [0.2, 0.1] + [1000.4, -3001.0]
    pixels = valid(normalize(layer, spread, mask, True)).astype(np.float64)
    variance = valid(spread).astype(np.float64).var(axis=0)
    expected = np.array([2, 0.5]) * np.sqrt(variance / (variance + layer.epsilon))
    np.testing.assert_allclose(pixels.std(axis=0), expected, rtol=0.01)


@both
def test_bfloat16_shifts_no_channel():
    full, mixed = make(), make(dtype="mixed_bfloat16")
    values, mask = batch()
    center = mixed.center(tf.bfloat16)
    assert np.abs(tf.cast(center, tf.float32) - mixed.moving_mean).max() > 1e-4  # it is rounded
    centered = tf.cast(values - tf.cast(center, tf.float32), tf.bfloat16)
    values = tf.cast(centered, tf.float32) + tf.cast(center, tf.float32)
    expected = valid(normalize(full, values, mask, True))
    found = mixed(centered, mask, True)
    assert found.dtype == tf.bfloat16
    error = valid(tf.cast(found, tf.float32)) - expected
    assert np.abs(error.mean(axis=0)).max() < 1e-3 and np.abs(error).max() < 0.02
    for one, two in zip(mixed.variables, full.variables):
        assert one.dtype == tf.float32
        np.testing.assert_allclose(one, two, rtol=1e-5)


@both
@pytest.mark.parametrize("rectify", [False, True])
def test_gradients_are_those_of_the_formula(rectify):
    """Automatic differentiation of the moments of the valid pixels, followed by a ReLU."""
    layer = make(rectify=rectify)
    values, mask = batch()
    values -= [3.0, -2.0]  # around 0, so that the ReLU cuts some of them
    upstream = np.random.default_rng(2).standard_normal(values.shape).astype(np.float32)

    def ours(values, gamma, beta):
        return normalize(layer, values, mask, True)

    def formula(values, gamma, beta):
        count = 5.0 * sum(WIDTHS)
        mean = tf.reduce_sum(values * mask, [0, 1, 2]) / count
        variance = tf.reduce_sum(tf.square(values - mean) * mask, [0, 1, 2]) / count
        normal = (values - mean) * tf.math.rsqrt(variance + layer.epsilon) * gamma + beta
        return tf.where(mask > 0, normal, ENDED)

    results = []
    for way in (ours, formula):
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = tf.nn.relu(way(values, layer.gamma, layer.beta))
            loss = tf.reduce_sum(outputs * upstream)
        results.append([outputs, *tape.gradient(loss, [values, layer.gamma, layer.beta])])
    for one, two in zip(*results):
        assert np.abs(two).max() > 0.1
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("height, width", [(2, 2), (2, 1), (1, 2)])
def test_pooling_is_the_maximum_over_windows_from_the_left(height, width):
    values = np.random.default_rng(1).uniform(-1, 1, [1, 5, 7, 2]).astype(np.float32)
    found = pool(Images(tf.constant(values), tf.constant([7])), height, width)
    assert found.widths.numpy().tolist() == [-(-7 // width)]
    for y, x in np.ndindex(*found.values.shape[1:3]):
        window = values[0, height * y : height * (y + 1), width * x : width * (x + 1)]
        np.testing.assert_array_equal(found.values[0, y, x], window.max(axis=(0, 1)))
    assert found.values.shape[1:3] == [-(-5 // height), -(-7 // width)]


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("bfloat16", 0.02)])
@pytest.mark.parametrize("rows, columns", [(3, 3), (5, 5), (2, 4)])
def test_convolutions_and_their_gradients_are_those_of_tensorflow(rows, columns, dtype, tolerance):
    draw = np.random.default_rng(0)
    values = tf.cast(draw.standard_normal([2, 6, 37, 3]), dtype)
    kernel = tf.cast(draw.standard_normal([rows, columns, 3, 4]), dtype)
    upstream = tf.cast(draw.standard_normal([2, 6, 37, 4]), dtype)
    results = []
    for way in (convolve, lambda v, k: tf.nn.conv2d(v, k, 1, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch([values, kernel])
            outputs = way(values, kernel)
        gradients = tape.gradient(outputs, [values, kernel], output_gradients=upstream)
        results.append([tf.cast(v, tf.float32) for v in (outputs, *gradients)])
    for ours, theirs in zip(*results):
        np.testing.assert_allclose(ours, theirs, atol=tolerance * np.abs(theirs).max())


def test_standardized_lines_have_one_mean_and_deviation_whatever_surrounds_them():
    draw = np.random.default_rng(0)
    values = draw.normal(0.4, 0.05, [2, 6, 30, 1]).astype(np.float32)
    values[1] = 0.3
    lines = standardize(Images(tf.constant(values), tf.constant([20, 30]))).values.numpy()
    own = lines[0, :, :20]
    np.testing.assert_allclose([own.mean(), own.std()], [0, 1], atol=0.02)
    assert not lines[0, :, 20:].any()
    np.testing.assert_allclose(lines[1], 0, atol=1e-4)
    fainter = standardize(Images(tf.constant(0.5 * values), tf.constant([20, 30]))).values.numpy()
    np.testing.assert_allclose(fainter[0], lines[0], atol=0.1)
