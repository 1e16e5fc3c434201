import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data.augment import Strengths, augment

STILL = Strengths(**dict.fromkeys(Strengths.__dataclass_fields__, 0.0))
KEYS = np.array([[7 << 32 | epoch, 12345678901 + i] for epoch in range(4) for i in range(10)])


def picture(height=40, width=300):
    """Paper with a dark bar whose ends stand close to those of the line."""
    image = np.full((height, width, 1), 0.8, np.float32)
    image[height // 4 : -height // 4, 2:-2] = -0.7
    return tf.constant(image)


def test_one_key_one_picture_eagerly_and_in_a_pipeline():
    eager = [augment(picture(), tf.constant(key)).numpy() for key in KEYS[:12]]
    again = [augment(picture(), key).numpy() for key in KEYS[:12]]
    dataset = tf.data.Dataset.from_tensor_slices(KEYS[:12])
    piped = dataset.map(lambda key: augment(picture(), key), num_parallel_calls=4)
    for one, two, three in zip(eager, again, piped.as_numpy_iterator()):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    assert len({image.tobytes() for image in eager}) == len(eager)


def test_int32_keys():
    key = tf.constant([3, 4])
    np.testing.assert_array_equal(augment(picture(), key), augment(picture(), key))


def test_no_strength_no_change():
    image = tf.random.stateless_uniform([40, 123, 1], [1, 2], -1, 1)
    for keep_width in (False, True):
        same = augment(image, KEYS[0], STILL, keep_width)
        np.testing.assert_allclose(same, image, atol=1e-5)


def test_bounds_of_width_and_of_values():
    strengths = Strengths()
    for key in KEYS:
        image = augment(picture(), key)
        height, width, _ = image.shape
        slack = 40 * (strengths.shear + 2 * strengths.shift) + 2
        assert height == 40 and 300 <= width <= 300 * (1 + strengths.stretch) + slack
        assert np.abs(image).max() <= 1
        assert augment(picture(), key, keep_width=True).shape == [40, 300, 1]


@pytest.mark.parametrize("keep_width", [False, True])
def test_no_content_leaves_at_the_ends(keep_width):
    strengths = Strengths(contrast=0, brightness=0, noise=0)
    for key in KEYS:
        image = augment(picture(), key, strengths, keep_width).numpy()[:, :, 0]
        dark = (0.8 - image) / 1.5 > 0.5
        assert not dark[:, [0, -1]].any()


def test_tiny_and_wide_images():
    for size in [(8, 1), (32, 1), (40, 1500), (1, 1)]:
        image = augment(tf.zeros([*size, 1]), KEYS[0])
        assert image.shape[0] == size[0] and image.shape[1] >= size[1]
        assert np.isfinite(image).all()


def test_noise_does_not_repeat_the_other_draws():
    noisy = Strengths(**{**STILL.__dict__, "noise": 0.1})
    fields = [augment(tf.zeros([40, 200, 1]), key, noisy).numpy() for key in KEYS[:8]]
    flat = np.stack([field.ravel() / field.std() for field in fields])
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05
