"""What is moved stays in view, and the view is no wider than that needs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr_tf.data.augment import AUGMENTATIONS, view
from ocr_tf.data.augment.entry import Field, Warp
from ocr_tf.data.augment.streams import Streams

from .pictures import BLOT, INK, PAPER, bar, blots, dashes
from .test_augmenter import KEYS, augment, only

WARPS = [name for name, entry in AUGMENTATIONS.items() if isinstance(entry, Warp)]
FIELDS = [name for name, entry in AUGMENTATIONS.items() if isinstance(entry, Field)]


def warped(image, matrix, fixed=False, least=1):
    content = view.outline(image, view.paper_of(image))
    seen = view.fit(matrix, image.shape, content, least, fixed, True)
    return seen, view.shown(image, seen, PAPER)


def drawn(names, key, size, factor=1.0):
    """One homography of several entries."""
    streams, matrix = Streams(key), view.IDENTITY
    for number, name in enumerate(names):
        entry = AUGMENTATIONS[name]
        magnitude = min(factor * (entry.magnitude or 0.0), entry.maximum)
        matrix = view.product(entry.apply(magnitude, streams.of(number), *size), matrix)
    return matrix


def kept_shares(image, middles, seen, result):
    """Yields, of each blot, which share of the ink is there that the map's area leaves."""
    matrix = np.array(seen.matrix).reshape(3, 3)
    for x, y in middles:
        across, down, depth = matrix @ [x, y, 1]
        area = abs(np.linalg.det(matrix)) / abs(depth) ** 3
        column, row = round(across / depth), round(down / depth)
        around = result[
            max(0, row - BLOT) : row + BLOT + 1, max(0, column - BLOT) : column + BLOT + 1
        ]
        yield (PAPER - around).sum() / ((PAPER - INK) * BLOT**2 * area)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("names", [*([name] for name in WARPS), WARPS], ids="+".join)
def test_ink_at_the_borders_stays(names, fixed):
    image, middles = blots()
    for key in KEYS[:12].tolist():
        for factor in (1.0, 2.0):
            seen, result = warped(image, drawn(names, key, image.shape, factor), fixed)
            shares = list(kept_shares(image, middles, seen, result))
            assert min(shares) > 0.9 and max(shares) < 1.1
            assert np.mean(shares) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("margin", [0, 2])
def test_a_field_pushes_nothing_out(name, margin):
    image = np.pad(dashes(), margin, constant_values=PAPER)
    before = areas(image)
    assert len(before) > 20 and min(before) >= BLOT**2
    for key in KEYS[:12]:
        bent = areas(augment(image, key, only(name, 0.05)))
        assert len(bent) == len(before) and bent.min() > 0.4 * BLOT**2
        assert bent.mean() == pytest.approx(before.mean(), rel=0.15)


def areas(image):
    """The size of each blot, in pixels."""
    ink = (image < (PAPER + INK) / 2).astype(np.uint8)
    return cv2.connectedComponentsWithStats(ink, connectivity=4)[2][1:, cv2.CC_STAT_AREA]


def test_a_field_bends_a_little_and_by_its_key():
    bent = [augment(bar(), key, only("elastic", 0.05)) for key in ([1, 2], [1, 2], [1, 3])]
    np.testing.assert_array_equal(bent[0], bent[1])
    assert (bent[0] != bent[2]).any() and bent[0].shape == bar().shape
    rows, columns = np.nonzero(bent[0] < 0)
    before = np.nonzero(bar() < 0)
    assert abs(rows.mean() - before[0].mean()) < 6 and abs(columns.mean() - before[1].mean()) < 6


def test_the_map_of_a_field_is_that_of_the_homography_where_the_field_is_nothing():
    image, _ = blots()
    for names in (["shear", "scaling"], WARPS):
        matrix = drawn(names, [3, 4], image.shape)
        seen, result = warped(image, matrix)
        nothing = np.zeros([2, len(image), seen.width], np.float32)
        same = view.shown(image, seen, PAPER, nothing)
        np.testing.assert_allclose(same, result, atol=0.1)
        assert np.abs(same - result).mean() < 0.003


def test_a_homography_is_composed_in_order():
    first, second = drawn(["shear"], [1, 2], (40, 90)), drawn(["perspective"], [1, 2], (40, 90))
    both = np.array(view.product(second, first)).reshape(3, 3)
    np.testing.assert_allclose(both, np.reshape(second, (3, 3)) @ np.reshape(first, (3, 3)))


def test_nothing_moved_is_nothing_changed():
    for image in (blots()[0], bar(), np.full((32, 50), PAPER, np.float32)):
        for fixed in (False, True):
            seen, result = warped(image, view.IDENTITY, fixed, image.shape[1])
            assert seen.width == image.shape[1]
            np.testing.assert_allclose(result, image, atol=1e-6)


@pytest.mark.parametrize("right, added", [(3.0, 3), (-3.0, 3), (0.0, 0)])
def test_an_offset_adds_paper_behind_the_content_alone(right, added):
    image, _ = blots()
    matrix = (1.0, 0.0, right, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    seen, result = warped(image, matrix)
    assert seen.width == image.shape[1] + added
    dark = np.flatnonzero((result < 0).any(axis=0))
    assert (dark[0], seen.width - 1 - dark[-1]) == (max(right, 0), max(-right, 0))


def test_an_offset_within_the_margins_adds_none():
    image = np.pad(blots()[0], 5, constant_values=PAPER)
    matrix = (1.0, 0.0, 3.0, 0.0, 1.0, 4.0, 0.0, 0.0, 1.0)
    seen, result = warped(image, matrix)
    assert seen.width == image.shape[1]
    np.testing.assert_allclose(result[4:, 3:], image[:-4, :-3], atol=1e-6)


def test_a_slant_of_one_stroke_needs_no_more_than_the_stroke():
    """A slanted stroke that becomes upright needs less than the box of both."""
    image = np.full((41, 80), PAPER, np.float32)
    for row in range(41):
        image[row, 20 + row // 2 : 22 + row // 2] = INK
    image = image[:, 20:42]  # the stroke reaches from end to end
    upright = (1.0, -0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    seen, _ = warped(image, upright)
    assert seen.width <= 22 + 1
    slanted = (1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    assert warped(image, slanted)[0].width >= 40


def test_content_that_is_too_high_is_shrunk_and_none_other():
    high = (1.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0, 1.0)
    image, middles = blots()
    seen, result = warped(image, high)
    assert min(kept_shares(image, middles, seen, result)) > 0.9
    low = np.full((40, 60), PAPER, np.float32)
    low[15:25, 5:55] = INK
    assert 14 <= (warped(low, high)[1] < 0).any(axis=1).sum() <= 16


@pytest.mark.parametrize("at_left", [False, True])
def test_a_line_that_may_not_narrow_gets_paper_on_one_side(at_left):
    image, _ = blots()
    half = (0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    seen = view.fit(half, image.shape, view.outline(image, PAPER), 300, False, at_left)
    assert seen.width == 300
    dark = np.flatnonzero((view.shown(image, seen, PAPER) < 0).any(axis=0))
    assert (dark[0] > 140, dark[-1] < 160) == (at_left, not at_left)


def test_paper_is_the_middle_gray_of_the_border():
    image = np.full((20, 50), 0.4, np.float32)
    image[:, :2] = INK  # ink touches one side
    assert view.paper_of(image) == pytest.approx(0.4)


@pytest.mark.parametrize("ink, paper", [(-0.7, 0.8), (0.9, -0.6), (0.1, 0.2)])
def test_content_is_what_differs_from_the_paper_dark_or_light_strong_or_faint(ink, paper):
    image = np.full((40, 90), paper, np.float32)
    image[7:12, 30:41] = ink
    image[33, 80] = ink
    points = view.outline(image, view.paper_of(image))
    columns, rows = zip(*points)
    assert (min(columns), max(columns), min(rows), max(rows)) == (30, 80, 7, 33)
    assert view.outline(np.full((40, 90), paper, np.float32), paper) == []


def test_both_darker_and_lighter_is_content():
    image = np.zeros((40, 90), np.float32)
    image[7, 30], image[20, 60] = -0.5, 0.5
    columns, _ = zip(*view.outline(image, 0.0))
    assert (min(columns), max(columns)) == (30, 60)
