"""What every encoder promises, for all of ENCODERS: a new one is tested by being registered."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.encoders import (
    ENCODERS,
    Columns,
    Compact,
    Map2D,
    Rectifier,
    ResNet,
    edges,
    halve,
    rows_of,
)
from ocr_tf.types import Images

HEIGHTS = (32, 40, 48, 17)
WIDTHS = [*range(1, 41), 100]
KEY = tf.constant([3, 4])

DEEP = Compact(width=8, depth=2, rows="max", residual=True, standardize=True)
SMALL = {"resnet": ResNet(width=2)}  # instead of the default, which takes long
CONFIGS = {
    **{name: SMALL.get(name, ENCODERS[name]()) for name in ENCODERS},
    "deep compact": DEEP,
    "rectified": Compact(width=4, rectifier=Rectifier(points=6, width=4)),
    "hog": Columns(features="hog", standardize=True),
}
LONG = ("resnet", "rectified")  # take long to trace: --slow runs the whole
every_encoder = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else []) for name in CONFIGS],
)
every_encoder_and_height = pytest.mark.parametrize(
    "name, height",
    [
        pytest.param(name, height, marks=pytest.mark.slow if name in LONG and height != 32 else [])
        for name in CONFIGS
        for height in HEIGHTS
    ],
)


def images(widths, height: int, padding: int = 0, garbage: float = 0.0, seed: int = 0) -> Images:
    """Lines of noise; the tensor is `padding` columns wider than the widest of them."""
    values = np.zeros([len(widths), height, max(widths) + padding, 1], np.float32)
    for i, (value, width) in enumerate(zip(values, widths)):
        draw = np.random.default_rng([seed, i])
        value[:, :width] = draw.uniform(-1, 1, [height, width, 1])
        value[:, width:] = garbage * draw.standard_normal(value[:, width:].shape)
    return Images(tf.constant(values), tf.constant(widths))


def make(name: str, height: int, dtype: str = "float32"):
    """An encoder with keyed weights, and moving statistics that are no identity."""
    encoder = CONFIGS[name].build(height, dtype)
    encoder(images([8], height))
    rng.initialize(encoder.variables, seed=1)
    for variable in encoder.non_trainable_variables:
        draw = np.random.default_rng(rng.digest(variable.name))
        largest = (
            0.02 if "mean" in variable.name else 0.2
        )  # a large mean would leave a deep one nothing
        variable.assign(draw.uniform(0.1 * largest, largest, variable.shape))
    for variable in encoder.trainable_variables:
        if "bias" in variable.name or "beta" in variable.name:
            variable.assign_add(np.linspace(-0.1, 0.1, variable.shape[0]))
        if "zero_kernel" in variable.name:
            variable.assign(0.02 * draw.standard_normal(variable.shape))
    return encoder


@functools.cache
def shared(name: str, height: int):
    """For tests that change no variable."""
    return make(name, height)


def run(encoder, batch: Images, key=None):
    frames = encoder(batch, key)
    return frames.values.numpy(), frames.lengths.numpy()


@every_encoder_and_height
def test_the_width_rule_gives_lengths_and_number_of_frames(name, height):
    encoder, rule = shared(name, height), CONFIGS[name].steps
    alone = tf.function(encoder, reduce_retracing=True, autograph=False)
    expected = [rule(width) for width in WIDTHS]
    if name in LONG:  # a few widths, not traced
        alone = encoder
    for width, steps in list(zip(WIDTHS, expected))[:: 8 if name in LONG else 1]:
        frames = alone(images([width], height))
        assert frames.values.shape[1] == steps and frames.lengths.numpy().tolist() == [steps]
        assert steps >= 1
    values, lengths = run(encoder, images(WIDTHS[::8], height, padding=3))
    assert lengths.tolist() == expected[::8]
    assert values.shape[1] == rule(WIDTHS[-1] + 3)


@pytest.mark.parametrize("name", [name for name in CONFIGS if name != "rectified"])
def test_a_step_is_about_the_columns_that_its_stride_says(name):
    """Columns are changed one at a time: those that move a step most lie about its middle.

    Of a rectified line, they are those of the rectified image.
    """
    encoder, config = shared(name, 32), CONFIGS[name]
    width, rows = 21 * config.stride - 1, rows_of(config)
    assert all(config.steps(w) == rows * max(1, -(-w // config.stride)) for w in range(1, 300))
    line = images([width], 32).values
    other = images([width], 32, seed=1).values
    changed = tf.where(tf.eye(width, dtype=tf.bool)[:, None, :, None], other, line)
    values, _ = run(encoder, Images(changed, tf.fill([width], width)))
    pull = np.linalg.norm(values - run(encoder, Images(line, tf.constant([width])))[0], axis=2)
    pull **= 2  # what is far away moves a step of a deep encoder little, but there is much of it
    pull = pull.reshape(width, -1, rows).sum(axis=2)
    middles = (np.arange(width) + 0.5) @ pull / pull.sum(axis=0)  # [T / rows]
    steps = np.arange(len(middles))
    inner = slice(6, -6)  # away from the ends of the line
    away = (middles - config.stride * (steps + 0.5))[inner] / config.stride  # in steps
    assert abs(away.mean()) < 0.75
    # One step of 29 layers sees the whole line, by few random weights more of one side.
    assert np.abs(away).max() < (2 if name == "resnet" else 0.75)


@pytest.mark.parametrize("height, map_rows", [(64, 8), (80, 10), (72, 3), (24, 5)])
def test_a_cell_of_a_map_is_about_the_rows_that_it_lies_over(height, map_rows):
    """Rows of the image are changed one at a time, too; steps come column by column, from the top."""
    encoder = Map2D(width=8, map_rows=map_rows).build(height)
    line, other = (images([40], height, seed=seed).values for seed in (0, 1))
    encoder(Images(line, tf.constant([40])))
    rng.initialize(encoder.variables, seed=1)
    changed = tf.where(tf.eye(height, dtype=tf.bool)[:, :, None, None], other, line)
    values, _ = run(encoder, Images(changed, tf.fill([height], 40)))
    pull = np.linalg.norm(values - run(encoder, Images(line, tf.constant([40])))[0], axis=2)
    pull = pull.reshape(height, -1, map_rows).sum(axis=1)  # [height, map_rows]
    middles = (np.arange(height) + 0.5) @ pull / pull.sum(axis=0)
    assert (np.diff(middles) >= 0).all()
    expected = height * (np.arange(map_rows) + 0.5) / map_rows
    ends = slice(1, -1)  # whose convolutions see beyond the image
    np.testing.assert_allclose(middles[ends], expected[ends], atol=8)


def test_cells_of_a_map_say_where_they_are():
    """Of an image of one gray, whose features are the same in the middle, by the places alone."""
    encoder = Map2D(width=8, map_rows=8).build(64)
    frames = encoder(Images(tf.zeros([1, 64, 96, 1]), tf.constant([96]))).values[0].numpy()
    assert len(np.unique(frames, axis=0)) == len(frames) == 8 * halve(halve(halve(96)))
    places = frames.reshape(12, 8, -1)[:, :, -32:]
    assert (places[:1, :, :16] == places[:, :, :16]).all()  # rows
    assert (places[:, :1, 16:] == places[:, :, 16:]).all()  # columns


def test_edges_of_steps_in_the_original_image():
    assert edges(5, 4, 20, 20).tolist() == [0, 4, 8, 12, 16, 20]
    assert edges(3, 4, 10, 25).tolist() == [0, 10, 20, 25]  # the last step is cut off
    assert edges(4, 4, 10, 5).tolist() == [0, 2, 4, 5, 5]  # and what is padding has no columns
    assert edges(25, 4, 100, 333)[[0, 1, 25]].tolist() == [0, 4 * 3.33, 333]
    assert edges(1, 4, 1, 3).tolist() == [0, 3]


@every_encoder_and_height
@pytest.mark.parametrize("padding, garbage", [(0, 0.0), (1, 0.0), (2, 50.0), (29, 50.0)])
def test_a_line_gives_the_same_alone_and_at_any_padding(name, height, padding, garbage):
    encoder = shared(name, height)
    widths = [1, 6, 23, 40]
    batch = images(widths, height, padding, garbage)
    values, lengths = run(encoder, batch)
    for i, width in enumerate(widths):
        alone, steps = run(
            encoder, Images(batch.values[i : i + 1, :, :width], tf.constant([width]))
        )
        assert lengths[i] == steps[0]
        close(alone[0], values[i, : steps[0]])


def close(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-4) -> None:
    """Equal up to `tolerance` of the largest value: single features may be sums near zero."""
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(
        found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max()
    )


@every_encoder
@pytest.mark.parametrize("garbage", [0.0, 50.0])
def test_padding_enters_no_batch_statistics(name, garbage):
    """In training: neither the outputs, nor what the moving statistics become."""
    widths, height = [5, 24, 13], 32
    narrow, wide = make(name, height), make(name, height)
    before = [variable.numpy() for variable in narrow.variables]
    values, lengths = run(narrow, images(widths, height), KEY)
    padded, same = run(wide, images(widths, height, 37, garbage), KEY)
    assert lengths.tolist() == same.tolist()
    for one, two, steps in zip(values, padded, lengths):
        close(two[:steps], one[:steps])
    changed = 0
    for one, two, old in zip(narrow.variables, wide.variables, before):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)
        changed += not np.array_equal(one, old)
    assert changed == len(narrow.non_trainable_variables)


@every_encoder
def test_statistics_weigh_every_pixel_alike(name):
    """So a batch of copies of a line has the statistics of the line."""
    height = 32
    one, many = make(name, height), make(name, height)
    batch = images([20], height)
    copies = Images(tf.repeat(batch.values, 3, axis=0), tf.repeat(batch.widths, 3))
    close(run(many, copies, KEY)[0][1], run(one, batch, KEY)[0][0])
    for a, b in zip(one.non_trainable_variables, many.non_trainable_variables):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@every_encoder
def test_inference_changes_no_variable_and_needs_no_batch(name):
    encoder = make(name, 32)
    before = [variable.numpy() for variable in encoder.variables]
    run(encoder, images([30, 9], 32))
    for variable, old in zip(encoder.variables, before):
        np.testing.assert_array_equal(variable, old)


@every_encoder_and_height
@pytest.mark.parametrize("key", [None, KEY], ids=["inference", "training"])
def test_every_weight_has_a_gradient(name, height, key):
    encoder = make(name, height)
    with tf.GradientTape() as tape:
        frames = encoder(images([31, 12], height), key)
        upstream = tf.random.stateless_normal(tf.shape(frames.values), [1, 2])
        loss = tf.reduce_sum(frames.values * upstream)
    gradients = tape.gradient(loss, encoder.trainable_variables)
    for variable, gradient in zip(encoder.trainable_variables, gradients):
        assert gradient is not None, variable.name
        assert np.isfinite(gradient).all(), variable.name
        assert np.abs(gradient).max() > 0, variable.name


@every_encoder
def test_garbage_in_padding_reaches_no_gradient(name):
    def gradients(batch):
        # Made anew: the moving mean, which a call moves, takes part in the rounding.
        encoder = make(name, 32)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(encoder(batch, KEY).values ** 2)
        return tape.gradient(loss, encoder.trainable_variables)

    clean, dirty = (gradients(images([31, 12], 32, 9, garbage)) for garbage in (0.0, 50.0))
    # A bias before a normalization has no gradient but rounding errors of the others.
    rounding = 1e-5 * max((np.abs(gradient).max() for gradient in clean), default=0)
    for one, two in zip(clean, dirty):
        np.testing.assert_allclose(two, one, atol=1e-3 * np.abs(one).max() + rounding)


@every_encoder
def test_bfloat16_computes_near_float32(name):
    # The rounding of 29 layers, one after another, and of places between pixels that are noise.
    tolerance = 0.1 if name in LONG else 0.03
    full, mixed = shared(name, 32), make(name, 32, "mixed_bfloat16")
    batch = images([40, 17], 32)
    frames = mixed(batch)
    assert frames.values.dtype == tf.bfloat16
    assert {variable.dtype for variable in mixed.variables} <= {tf.float32}
    found, (expected, lengths) = tf.cast(frames.values, tf.float32).numpy(), run(full, batch)
    for one, two, steps in zip(found, expected, lengths):
        error = np.linalg.norm(one[:steps] - two[:steps]) / np.linalg.norm(two[:steps])
        assert error < tolerance


@every_encoder
def test_a_graph_of_unknown_width(name):
    encoder = shared(name, 32)
    signature = [Images(tf.TensorSpec([None, 32, None, 1]), tf.TensorSpec([None], tf.int32))]
    graph = tf.function(lambda batch: encoder(batch), input_signature=signature, autograph=False)
    for widths in ([1], [33, 8], [40, 2, 17]):
        batch = images(widths, 32, padding=2)
        np.testing.assert_array_equal(graph(batch).lengths, encoder(batch).lengths)
        close(graph(batch).values.numpy(), encoder(batch).values.numpy())


def trainable(part) -> int:
    return sum(int(np.prod(variable.shape)) for variable in part.trainable_variables)


def resnet(width: int) -> int:
    """Counts what learns in Table 1 of Cheng et al. 2017: kernels, and two numbers for each filter."""
    first, *sizes = (width * multiple for multiple in (1, 2, 4, 8, 16, 16))
    count, before = 9 * first + 2 * first, first
    count += 9 * before * sizes[0] + 2 * sizes[0]
    before = sizes[0]
    for size, blocks in zip(sizes[1:], (1, 2, 5, 3)):
        around = before * size + 2 * size if before != size else 0
        count += 9 * before * size + around + (2 * blocks - 1) * 9 * size**2 + 4 * size * blocks
        count += 9 * size**2 + 2 * size  # the convolution behind the blocks
        before = size
    # Behind the last blocks there are two instead, of 2x2.
    return count - 9 * before**2 - 2 * before + 2 * (4 * before**2 + 2 * before)


def test_the_residual_network_has_the_size_of_its_paper():
    """44.3 M in the code of Baek et al. 2019, without recurrent layers and head."""
    assert resnet(32) == 44_263_904


def test_every_encoder_has_a_known_size():
    assert {name: trainable(shared(name, 32)) for name in CONFIGS} == {
        "crnn": 640 + 73_856 + 295_168 + 590_080 + 1_180_672 + 2_360_320 + 1_049_088,
        "compact": 832 + 18_560 + 73_984 + 147_712,
        "resnet": resnet(2),
        "rectified": 104
        + 304
        + 1_184
        + 2_336
        + (44 + 304 + 1_184 + 4_672 + 528 + 204),  # the rectifier
        "map2d": 832 + 18_560 + 73_984 + 147_712,
        "columns": 0,
        "deep compact": 208 + 1_184 + 3_504 + 6_976 + 512 + 11_600 + 17_376 + 1_536,
        "hog": 0,
    }
