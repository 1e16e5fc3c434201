"""What each photometric entry does, and that no symbol vanishes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr_tf.data.augment import AUGMENTATIONS, photometric
from ocr_tf.data.augment.entry import Pixels

from .pictures import INK, PAPER, strokes
from .test_augmenter import KEYS, augment, only

PIXELS = [name for name, entry in AUGMENTATIONS.items() if isinstance(entry, Pixels)]


@pytest.mark.parametrize("name", PIXELS)
def test_the_size_stays(name):
    for key in KEYS[:4]:
        assert augment(strokes(), key, only(name), 1).shape == strokes().shape


def noises(options, size=(40, 200), keys=KEYS[:8]):
    return [augment(np.zeros(size, np.float32), key, options) for key in keys]


def test_noise_does_not_repeat_with_another_key():
    flat = np.stack([field.ravel() / field.std() for field in noises(only("gaussian_noise", 0.1))])
    assert np.abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05


def test_noise_is_normal_and_white_and_fits_any_image():
    (field,) = noises(only("gaussian_noise", 0.1), (40, 2000), KEYS[1:2])
    standard = field / field.std()
    assert abs(standard.mean()) < 0.02
    assert abs((standard**4).mean() - 3) < 0.1  # the kurtosis of a normal
    for shifted in (standard[:, 1:] * standard[:, :-1], standard[1:] * standard[:-1]):
        assert abs(shifted.mean()) < 0.02
    size = 512, photometric.NORMALS // 512 + 9
    (large,) = noises(only("gaussian_noise", 0.1), size, KEYS[1:2])
    assert large.std() == pytest.approx(field.std(), rel=0.02)


def test_salt_and_pepper_is_a_share_of_the_pixels_half_of_each():
    shares = []
    for field in noises(only("salt_and_pepper", 0.1)):
        assert set(np.unique(field)) <= {-1, 0, 1}
        assert (field == 1).sum() == pytest.approx((field == -1).sum(), abs=60)
        shares.append((field != 0).mean())
    assert 0.04 < max(shares) <= 0.1


@pytest.mark.parametrize("light_on_dark", [False, True])
@pytest.mark.parametrize("name, thicker", [("dilation", True), ("erosion", False)])
def test_strokes_get_thicker_or_thinner_be_they_dark_or_light(name, thicker, light_on_dark):
    image = np.pad(strokes(), 4, constant_values=PAPER)
    sign = -1 if light_on_dark else 1
    for key in KEYS[:6]:
        changed = sign * augment(sign * image, key, only(name, 0.05))
        ink, before = (PAPER - changed).sum(), (PAPER - image).sum()
        assert ink > 1.01 * before if thicker else ink < 0.99 * before


@pytest.mark.parametrize("name", ["erosion", "occlusion"])
@pytest.mark.parametrize("factor", [1, 2])
def test_no_stroke_vanishes(name, factor):
    """Every stroke and the period stand out from what is around them, by a part of what they did."""
    image = np.pad(strokes(), 3, constant_values=PAPER)
    count, symbols = cv2.connectedComponents((image < 0).astype(np.uint8))
    magnitude = factor * AUGMENTATIONS[name].magnitude
    for key in KEYS:
        changed = augment(image, key, only(name, magnitude))
        for number in range(1, count):
            own = symbols == number
            beside = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~own
            # Within a patch's row or column both are under it, at most pixels away.
            darkest, lightest = changed[own].min(), changed[beside].max()
            assert lightest - darkest > 0.25 * (PAPER - INK)


def test_an_occlusion_is_narrower_than_its_share_of_the_height():
    image = np.zeros((40, 200), np.float32)
    shapes = set()
    for key in KEYS:
        changed = augment(image, key, only("occlusion", 0.2)) != 0
        tall, wide = changed.any(axis=1).sum(), changed.any(axis=0).sum()
        assert min(tall, wide) <= 8
        shapes.add((tall == 40, wide == 200))
    assert shapes == {(False, False), (True, False), (False, True)}


def test_contrast_leaves_the_paper():
    for key in KEYS[:6]:
        changed = augment(strokes(), key, only("contrast", 0.2))
        assert changed[0, 0] == pytest.approx(PAPER, abs=1e-5)
        assert abs(changed.min() - INK) <= 0.2 * (PAPER - INK) + 1e-5


def test_brightness_moves_all_alike():
    moves = []
    for key in KEYS[:12]:
        moved = augment(strokes(), key, only("brightness", 0.15)) - strokes()
        assert moved.max() - moved.min() < 1e-6 and abs(moved[0, 0]) <= 0.15
        moves.append(moved[0, 0])
    assert min(moves) < 0 < max(moves)


def test_a_blur_takes_edges_and_leaves_ink():
    image = np.pad(strokes(), 8, constant_values=PAPER)
    contrasts = []
    for key in KEYS[:6]:
        blurred = augment(image, key, only("blur", 0.05))
        contrasts.append(np.abs(np.diff(blurred)).max() / np.abs(np.diff(image)).max())
        assert (PAPER - blurred).sum() == pytest.approx((PAPER - image).sum(), rel=0.01)
    assert min(contrasts) < 0.6 and max(contrasts) <= 1


def test_a_jpeg_file_differs_more_the_more_quality_is_lost():
    image = strokes()
    errors = [
        np.mean(
            [np.abs(augment(image, key, only("jpeg", lost)) - image).mean() for key in KEYS[:8]]
        )
        for lost in (5.0, 60.0, 95.0)
    ]
    assert 0 < errors[0] < errors[1] < errors[2] < 0.3
