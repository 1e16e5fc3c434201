"""From pixels to pieces: polarity, thresholds, slant, cuts."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr_tf.classical.binarize import METHODS, find_ink
from ocr_tf.classical.features import WIDEST, features_of
from ocr_tf.classical.segment import cut_pieces, cuts
from ocr_tf.classical.slant import upright
from ocr_tf.data import synthetic


def line(text: str, seed: int = 0) -> np.ndarray:
    encoded = synthetic.render(text, seed, 0)
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("L"))


def bars(columns, height: int = 48, width: int = 100) -> np.ndarray:
    """Dark bars on light paper: [begin, end) columns each."""
    gray = np.full((height, width), 230, np.uint8)
    for begin, end in columns:
        gray[10:38, begin:end] = 30
    return gray


@pytest.mark.parametrize("method", METHODS)
def test_light_text_on_dark_is_the_same_ink(method):
    gray = line("4073")
    dark, light = find_ink(gray, method), find_ink(255 - gray, method)
    assert 0.02 < dark.mask.mean() < 0.4
    # Otsu's threshold belongs to one side, and Sauvola's depends on the mean: edges may differ.
    assert (dark.mask != light.mask).mean() < 0.02
    np.testing.assert_allclose(dark.strength, light.strength, atol=0.03)


def test_only_sauvola_finds_text_in_a_shadow():
    gray = bars([(10, 16), (30, 36), (60, 66), (80, 86)]).astype(np.float32)
    shade = np.where(np.arange(100) < 50, 1.0, 0.25)
    shaded = np.clip(gray * shade, 0, 255).astype(np.uint8)
    found = {method: find_ink(shaded, method).mask[24] for method in METHODS}
    assert found["sauvola"][[12, 32, 62, 82]].all() and not found["sauvola"][[5, 45, 72, 95]].any()
    assert found["otsu"][72] == found["otsu"][62]


@pytest.mark.parametrize("deviation", [0, 6])
def test_bare_paper_has_no_ink_and_no_pieces(deviation):
    noise = np.random.default_rng(0).normal(200, deviation, (48, 120))
    ink = find_ink(np.clip(noise, 0, 255).astype(np.uint8))
    assert not ink.mask.any()
    assert len(cut_pieces(upright(ink))) == 0


def test_separate_characters_are_pieces_from_left_to_right():
    pieces = cut_pieces(find_ink(bars([(60, 66), (10, 16), (30, 36)])))
    assert [round(box[0] / 10) for box in pieces.boxes.tolist()] == [1, 3, 6]
    assert pieces.groups.tolist() == [0, 1, 2]
    gaps = pieces.gaps() * 48
    assert gaps[0] == gaps[-1] == 0 and 12 <= gaps[1] <= 16 and 22 <= gaps[2] <= 26


def test_parts_above_each_other_are_one_piece():
    gray = bars([(10, 16)])
    gray[20:26] = 230  # an i: its dot is apart
    assert len(cut_pieces(find_ink(gray))) == 1


def test_touching_characters_are_cut_where_they_touch():
    gray = bars([(10, 30), (34, 54)])
    gray[20:24, 30:34] = 30  # a thin bridge
    pieces = cut_pieces(find_ink(gray))
    assert (pieces.groups == 0).all()
    assert any(30 <= box[2] <= 34 for box in pieces.boxes)


def test_cuts_keep_their_distance_and_leave_no_wide_piece():
    profile = np.full(200, 10.0)
    found = cuts(profile, 48)
    edges = [0, *found, 200]
    widths = np.diff(edges)
    assert widths.min() >= round(0.1 * 48) and widths.max() <= 0.75 * 48


def test_every_pixel_of_a_piece_lies_in_its_box_and_is_ink():
    ink = find_ink(line("g7k2wmi"))
    pieces = cut_pieces(ink)
    for p, (left, top, right, bottom) in enumerate(pieces.boxes.tolist()):
        rows, columns = np.nonzero(pieces.labels == p + 1)
        assert (rows.min(), rows.max() + 1) == (top, bottom)
        assert left <= columns.min() and columns.max() < right
    assert ink.mask[pieces.labels > 0].all()


@pytest.mark.parametrize("shear", [-0.4, 0.0, 0.3])
def test_slanted_stems_are_turned_upright(shear):
    gray = bars([(40, 44), (60, 64), (80, 84)], width=140)
    matrix = np.array([[1, -shear, shear * 24], [0, 1, 0]], np.float32)
    slanted = cv2.warpAffine(gray, matrix, (140, 48), borderMode=cv2.BORDER_REPLICATE)
    boxes = cut_pieces(upright(find_ink(slanted))).boxes
    assert len(boxes) == 3
    assert (boxes[:, 2] - boxes[:, 0]).max() <= 9


def test_runs_that_are_too_wide_are_not_measured():
    pieces = cut_pieces(find_ink(bars([(10, 16), (40, 46), (190, 196)], width=220)))
    measured = features_of(pieces, 3).any(axis=2)
    assert measured.tolist() == [[True, True, False], [True, False, False], [True, False, False]]
    assert 180 > WIDEST * 48


def test_measures_of_a_character_tell_its_size_but_hardly_its_place_along_the_line():
    one = features_of(cut_pieces(find_ink(bars([(10, 16), (50, 56)]))), 1)
    np.testing.assert_allclose(one[0, 0], one[1, 0], atol=1e-6)
