"""Columns as frames: pixels as ink, and histograms of gradients beside an implementation in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.encoders import Columns
from ocr_tf.types import Images


def encode(config: Columns, *lines: np.ndarray) -> list[np.ndarray]:
    """Encodes lines [H, W] in one batch: frames [W, D] of each."""
    widest = max(line.shape[1] for line in lines) + 3
    values = np.full(
        [len(lines), len(lines[0]), widest, 1], 7.0, np.float32
    )  # garbage behind a line
    for value, line in zip(values, lines):
        value[:, : line.shape[1], 0] = line
    images = Images(tf.constant(values), tf.constant([line.shape[1] for line in lines]))
    frames = config.build(len(lines[0]))(images)
    assert not frames.values[0, lines[0].shape[1] :].numpy().any()
    return [row[:n] for row, n in zip(frames.values.numpy(), frames.lengths.numpy())]


def hog(line: np.ndarray, cell: int, around: int, bins: int) -> np.ndarray:
    """Votes pixel by pixel, [H, W] -> [W, K * O]; Dalal and Triggs 2005, section 6."""
    height, width = line.shape
    cells = -(-height // cell)
    votes = np.zeros([width, cells, bins])
    for row in range(height):
        for column in range(width):
            across = line[row, min(column + 1, width - 1)] - line[row, max(column - 1, 0)]
            down = line[min(row + 1, height - 1), column] - line[max(row - 1, 0), column]
            place = np.degrees(np.arctan2(down, across)) % 180 / (180 / bins) - 0.5
            lower = int(np.floor(place))
            for step in range(max(0, column - around), min(width, column + around + 1)):
                vote = votes[step, row // cell]
                vote[lower % bins] += np.hypot(across, down) * (1 - (place - lower))
                vote[(lower + 1) % bins] += np.hypot(across, down) * (place - lower)
    votes = votes.reshape(width, -1)
    return votes / np.sqrt((votes**2).sum(axis=1, keepdims=True) + 1)


@pytest.mark.parametrize(
    "height, cell, around, bins", [(16, 8, 2, 9), (17, 8, 0, 9), (10, 4, 3, 2), (9, 16, 1, 6)]
)
def test_histograms_are_those_of_numpy(height, cell, around, bins):
    draw = np.random.default_rng(height)
    lines = [draw.uniform(-1, 1, [height, width]).astype(np.float32) for width in (12, 1, 7)]
    config = Columns("hog", cell, around, bins)
    for found, line in zip(encode(config, *lines), lines):
        np.testing.assert_allclose(found, hog(line, cell, around, bins), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("degrees, bins", [(0, [0, 8]), (90, [4]), (30, [1]), (140, [6, 7])])
def test_an_edge_votes_for_its_orientation_whatever_is_darker(degrees, bins):
    """A plane that gets lighter in one direction has one orientation; half a turn is the whole circle."""
    rows, columns = np.mgrid[:16, :16]
    turn = np.radians(degrees)
    plane = (np.cos(turn) * columns + np.sin(turn) * rows) / 32
    frames, turned = encode(Columns("hog"), plane, -plane)
    np.testing.assert_allclose(frames, turned, atol=1e-5)
    histogram = frames[8].reshape(2, 9)[0]  # away from the edges of the image
    assert sorted(np.flatnonzero(histogram > 0.2 * histogram.max())) == bins


def test_pixels_are_ink_and_paper_is_nothing():
    line = np.array([[-1, 1, 0], [1, 1, -0.5]], np.float32)
    (found,) = encode(Columns(), line)
    np.testing.assert_allclose(found, [[1, 0], [0, 0], [0.5, 0.75]])


@pytest.mark.parametrize("features", ["pixels", "hog"])
def test_standardized_lines_do_not_tell_contrast_nor_light(features):
    line = np.random.default_rng(3).uniform(-0.5, 0.5, [16, 9]).astype(np.float32)
    config = Columns(features, standardize=True)
    found, faint = encode(config, line, 0.3 * line + 0.6)
    np.testing.assert_allclose(faint, found, rtol=0.02, atol=0.01)
    if features == "pixels":  # dark is positive
        np.testing.assert_allclose(found.T, (line.mean() - line) / line.std(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("features", ["pixels", "hog"])
def test_white_paper_is_zeros(features):
    (found,) = encode(Columns(features), np.ones([16, 5], np.float32))
    np.testing.assert_array_equal(found, 0)
