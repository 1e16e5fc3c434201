import numpy as np
import pytest

from ocr_tf.data.augment import NOISE_TABLE, WIDEST, Strengths, augment

STILL = Strengths(**dict.fromkeys(Strengths.__dataclass_fields__, 0.0))
KEYS = np.array([[7 << 32 | epoch, 12345678901 + i] for epoch in range(4) for i in range(10)])


def picture(height=40, width=300):
    """Paper with a dark bar whose ends stand close to those of the line."""
    image = np.full((height, width), 0.8, np.float32)
    image[height // 4 : -height // 4, 2:-2] = -0.7
    return image


def test_one_key_one_picture_that_leaves_the_given_one_alone():
    given = picture()
    first = [augment(given, key) for key in KEYS[:12]]
    again = [augment(given, key) for key in KEYS[:12]]
    for one, two in zip(first, again):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, two)
    assert len({image.tobytes() for image in first}) == len(first)
    np.testing.assert_array_equal(given, picture())


def test_a_part_of_a_padded_batch_gives_the_same_bits():
    batch = np.zeros([3, 40, 333, 1], np.float32)
    batch[1, :, :300, 0] = picture()
    for key in KEYS[:8]:
        np.testing.assert_array_equal(augment(batch[1, :, :300, 0], key), augment(picture(), key))


def test_no_strength_no_change():
    image = np.random.default_rng(0).uniform(-1, 1, [40, 123]).astype(np.float32)
    for keep_width in (False, True):
        same = augment(image, KEYS[0], STILL, keep_width)
        np.testing.assert_allclose(same, image, atol=1e-5)


def test_bounds_of_width_and_of_values():
    strengths = Strengths()
    for key in KEYS:
        image = augment(picture(), key)
        height, width = image.shape
        slack = 40 * (strengths.shear + 2 * strengths.shift) + 2
        assert height == 40 and 300 <= width <= 300 * (1 + strengths.stretch) + slack
        assert np.abs(image).max() <= 1
        assert augment(picture(), key, keep_width=True).shape == (40, 300)


@pytest.mark.parametrize("keep_width", [False, True])
def test_no_content_leaves_at_the_ends(keep_width):
    strengths = Strengths(contrast=0, brightness=0, noise=0)
    for key in KEYS:
        dark = (0.8 - augment(picture(), key, strengths, keep_width)) / 1.5 > 0.5
        assert not dark[:, [0, -1]].any()


def test_a_stretch_keeps_to_its_bounds():
    image = np.ones([32, 400], np.float32)
    image[:, 100], image[:, 300] = -1, -1
    stretched = Strengths(**{**STILL.__dict__, "stretch": 0.1})
    for key in KEYS[:5]:
        result = augment(image, key, stretched)
        ink = 1 - result[16]
        halves = ink[: len(ink) // 2], ink[len(ink) // 2 :]
        left, right = (np.average(np.arange(len(half)), weights=half) for half in halves)
        factor = (right + len(halves[0]) - left) / 200
        assert 0.9 <= factor <= 1.1


def test_tiny_and_wide_images():
    for size in [(8, 1), (32, 1), (40, 1500), (1, 1)]:
        image = augment(np.zeros(size, np.float32), KEYS[0])
        assert image.shape[0] == size[0] and image.shape[1] >= size[1]
        assert np.isfinite(image).all()
    endless = np.random.default_rng(0).uniform(-1, 1, [8, WIDEST + 1]).astype(np.float32)
    np.testing.assert_array_equal(augment(endless, KEYS[0]), endless)


def test_noise_does_not_repeat_the_other_draws():
    noisy = Strengths(**{**STILL.__dict__, "noise": 0.1})
    fields = [augment(np.zeros([40, 200], np.float32), key, noisy) for key in KEYS[:8]]
    flat = np.stack([field.ravel() / field.std() for field in fields])
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05


def test_noise_is_normal_and_white_and_fits_any_image():
    noisy = Strengths(**{**STILL.__dict__, "noise": 0.1})
    field = augment(np.zeros([40, 2000], np.float32), KEYS[1], noisy)
    standard = field / field.std()
    assert abs(standard.mean()) < 0.02
    assert abs((standard**4).mean() - 3) < 0.1  # the kurtosis of a normal
    for shifted in (standard[:, 1:] * standard[:, :-1], standard[1:] * standard[:-1]):
        assert abs(shifted.mean()) < 0.02
    large = augment(np.zeros([512, NOISE_TABLE // 512 + 9], np.float32), KEYS[1], noisy)
    assert large.std() == pytest.approx(field.std(), rel=0.02)


def test_elastic_distortion_bends_lines_a_little_and_by_its_key():
    elastic = Strengths(**{**STILL.__dict__, "elastic": 0.05})
    bent = [augment(picture(), key, elastic) for key in ([1, 2], [1, 2], [1, 3])]
    np.testing.assert_array_equal(bent[0], bent[1])
    assert (bent[0] != bent[2]).any() and bent[0].shape == picture().shape
    rows, columns = np.nonzero(bent[0] < 0)
    before = np.nonzero(picture() < 0)
    assert abs(rows.mean() - before[0].mean()) < 6 and abs(columns.mean() - before[1].mean()) < 6
