"""Lines of drawn pages are found where they are, in the order of reading."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from ocr_tf.classical.boost import decide
from ocr_tf.page import skew, text_regions, train_regions
from ocr_tf.page.find import find_lines
from ocr_tf.page.group import group
from ocr_tf.page.layout import METHODS, Box, reading_order
from ocr_tf.page.matching import Matches, iou, match, pairs
from ocr_tf.page.synthetic import PageStyle, draw_page

STYLES = [
    PageStyle(),
    PageStyle(columns=2),
    PageStyle(columns=2, degrees=-3.0),
]


@functools.cache
def page_of(style: PageStyle):
    return draw_page(style, 11, 0)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("method", METHODS)
def test_lines_are_found_in_the_order_of_reading(style, method):
    page = page_of(style)
    found = find_lines(page.pixels, method)
    places = [found.polygon(box) for box in found.boxes]
    true = [page.polygon(line) for line in page.lines]
    assert match(places, true).f1 >= 0.95
    assert found.degrees == pytest.approx(style.degrees, abs=0.25)
    order = [k for _, k in sorted(pairs(places, true))]
    assert order == sorted(order)


def test_a_classifier_passes_over_a_picture_that_profiles_stumble_over():
    page = draw_page(PageStyle(columns=2, pictures=2), 11, 1)
    found = find_lines(page.pixels)
    true = [page.polygon(line) for line in page.lines]
    assert match([found.polygon(box) for box in found.boxes], true).f1 >= 0.95


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gray", [0, 128, 255])
def test_a_bare_page_has_no_lines(method, gray):
    found = find_lines(np.full((300, 200), gray, np.uint8), method)
    assert (found.boxes, found.degrees) == ([], 0.0)


def test_a_tiny_page_has_no_lines():
    assert find_lines(np.zeros((1, 1), np.uint8)).boxes == []


def test_a_page_of_white_text_on_black_has_the_same_lines():
    page = page_of(PageStyle()).pixels[:300]
    light, dark = find_lines(page), find_lines(255 - page)
    assert len(light.boxes) == len(dark.boxes)
    for one, other in zip(light.boxes, dark.boxes):
        assert iou(one.corners(), other.corners()) > 0.8


@pytest.mark.parametrize("degrees", [-3.0, 0.5])
def test_skew_is_estimated_to_a_fifth_of_a_degree(degrees):
    page = draw_page(PageStyle(degrees=degrees), 12, 0)
    assert skew.estimate(page.ink) == pytest.approx(degrees, abs=0.2)


def test_a_turned_point_is_turned_back_to_its_place():
    page = np.full((200, 300), 255, np.uint8)
    page[50:53, 220:223] = 0
    turned = skew.turn(page, 3.0)
    rows, columns = np.nonzero(turned < 128)
    assert abs(rows.mean() - 51) > 1  # it has moved
    there = np.array([[columns.mean(), rows.mean()]])
    np.testing.assert_allclose(skew.turned_back(there, page.shape, 3.0), [[221, 51]], atol=0.5)


def test_columns_come_one_after_the_other_below_a_title_over_both():
    title = Box(0, 0, 200, 20)
    left = [Box(0, y, 90, y + 20) for y in (50, 75, 100)]
    right = [Box(110, y, 200, y + 20) for y in (55, 80)]
    boxes = [right[1], left[2], title, right[0], left[0], left[1]]
    assert [boxes[i] for i in reading_order(boxes)] == [title, *left, *right]
    assert reading_order([]) == []


def test_boxes_that_overlap_come_from_top_to_bottom():
    boxes = [Box(5, 10, 50, 40), Box(0, 0, 40, 30)]
    assert reading_order(boxes) == [1, 0]


def components(*rows: tuple[int, list[int]]) -> np.ndarray:
    boxes = [[x, y, x + 10, y + 20] for y, places in rows for x in places]
    return np.array(sorted(boxes), np.int32)


def test_neighbors_are_one_line_and_columns_are_two():
    boxes = components((0, [0, 14, 28, 120, 134]), (40, [0, 14, 28]))
    lines = group(boxes, np.ones(len(boxes), bool))
    assert sorted(lines) == [Box(0, 0, 38, 20), Box(0, 40, 38, 60), Box(120, 0, 144, 20)]


def test_what_is_small_joins_a_line_and_makes_none():
    dot, speck = [40, 16, 43, 20], [200, 90, 203, 94]
    boxes = np.concatenate([components((0, [0, 14, 28])), [dot, speck]]).astype(np.int32)
    assert group(boxes, np.array([True, True, True, False, False])) == [Box(0, 0, 43, 20)]


def test_no_text_is_no_line():
    boxes = components((0, [0, 14]))
    assert group(boxes, np.zeros(2, bool)) == []
    assert group(np.zeros((0, 4), np.int32), np.zeros(0, bool)) == []


def test_intersections_over_unions_are_those_of_arithmetic():
    square = Box(0, 0, 10, 10).corners()
    assert iou(square, square) == pytest.approx(1)
    assert iou(square, Box(5, 0, 15, 10).corners()) == pytest.approx(1 / 3)
    assert iou(square, Box(20, 0, 30, 10).corners()) == 0
    diamond = np.array([[5.0, 0], [10, 5], [5, 10], [0, 5]])
    assert iou(square, diamond) == pytest.approx(0.5)


def test_a_line_that_was_found_twice_counts_once():
    line = Box(0, 0, 100, 10).corners()
    other = Box(0, 50, 100, 60).corners()
    counts = match([line, line + 1], [line, other])
    assert counts == Matches(right=1, found=2, true=2)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    assert counts.plus(Matches(1, 1, 1)) == Matches(2, 3, 3)
    assert Matches().f1 == 1


def test_text_is_told_from_the_rest_of_pages_that_trained_nothing():
    page = draw_page(PageStyle(columns=2, pictures=2, dirt=100, noise=12.0), 13, 0)
    ink = train_regions.find_ink(page.pixels, "sauvola", train_regions.WINDOW)
    regions = train_regions.find_regions(ink.mask)
    text = train_regions.text_share(regions, page.ink) > train_regions.TEXT
    decided = text_regions.is_text(train_regions.measure_regions(regions, ink))
    assert 0.2 < text.mean() < 0.98
    assert (decided == text).mean() > 0.95


@pytest.mark.slow
def test_the_file_of_the_package_is_what_its_command_trains(tmp_path, monkeypatch):
    import gzip

    from ocr_tf.classical.boost import load_ensemble

    file = tmp_path / "again.json.gz"
    monkeypatch.setattr(train_regions, "FILE", file)
    train_regions.run()
    features, _ = train_regions.samples(train_regions.PAGES)
    again = load_ensemble(gzip.decompress(file.read_bytes()).decode())
    decided = decide(again, features) > 0
    assert (decided == text_regions.is_text(features)).mean() > 0.999
