"""What each geometric entry does, and its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from .pictures import bar
from .test_augmenter import KEYS, augment, only


def test_a_scaling_keeps_to_its_bounds():
    image = np.ones([32, 400], np.float32)
    image[:, 100], image[:, 300] = -1, -1
    for key in KEYS[:10]:
        ink = 1 - augment(image, key, only("scaling", 0.1), 1)[16]
        halves = ink[: len(ink) // 2], ink[len(ink) // 2 :]
        left, right = (np.average(np.arange(len(half)), weights=half) for half in halves)
        assert 0.9 <= (right + len(halves[0]) - left) / 200 <= 1.1


def test_a_flip_mirrors():
    image = bar()
    image[5:9, 5:30] = -0.2
    np.testing.assert_allclose(augment(image, KEYS[0], only("flip")), image[:, ::-1], atol=1e-5)


def middle_rows(image):
    """Of each column with ink, the middle of it."""
    ink = np.maximum(0, 0.8 - image)
    columns = np.flatnonzero(ink.sum(axis=0) > 1)
    rows = np.arange(len(image)) @ ink[:, columns] / ink[:, columns].sum(axis=0)
    return columns, rows


@pytest.mark.parametrize("width", [60, 1000])
def test_a_rotation_lifts_one_end_by_a_tenth_of_the_height_at_most(width):
    image = np.full((40, width), 0.8, np.float32)
    image[18:22, 10:-10] = -0.7
    lifts = []
    for key in KEYS[:20]:
        columns, rows = middle_rows(augment(image, key, only("rotation", 0.2)))
        lifts.append(np.polyfit(columns, rows, 1)[0] * width / 40)
    assert 0.05 < np.abs(lifts).max() < 0.105 and min(lifts) < 0 < max(lifts)


def test_a_shear_slants_by_columns_a_row():
    image = np.full((41, 90), 0.8, np.float32)
    image[2:-2, 44:47] = -0.7
    slants = []
    for key in KEYS[:20]:
        ink = 0.8 - augment(image, key, only("shear", 0.3))[4:-4]
        middles = ink @ np.arange(ink.shape[1]) / ink.sum(axis=1)
        slants.append(np.polyfit(np.arange(len(ink)), middles, 1)[0])
    assert 0.2 < np.abs(slants).max() <= 0.31 and min(slants) < 0 < max(slants)


def test_a_translation_keeps_to_its_bounds():
    image = np.full((40, 90), 0.8, np.float32)
    image[18:22, 40:50] = -0.7
    moves = []
    for key in KEYS[:20]:
        ink = 0.8 - augment(image, key, only("translation", 0.1))
        moves.append(np.array([ink.sum(1) @ np.arange(40), ink.sum(0) @ np.arange(90)]) / ink.sum())
    offsets = np.array(moves) - [19.5, 44.5]
    assert 2.5 < np.abs(offsets).max() <= 4.05 and offsets.min() < 0 < offsets.max()


def test_a_perspective_makes_one_end_larger():
    image = np.full((40, 300), 0.8, np.float32)
    image[10:30, 5:-5] = -0.7
    ratios = []
    for key in KEYS[:20]:
        ink = (0.8 - augment(image, key, only("perspective", 0.1))).clip(0).sum(axis=0)
        dark = np.flatnonzero(ink > ink.max() / 2)
        ratios.append(ink[dark[5]] / ink[dark[-6]])
    assert 1.1 < max(ratios) < 1.25 and 0.8 < min(ratios) < 0.9
