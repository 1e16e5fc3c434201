"""One map of a line's pixels, and the view of it: as wide as the content needs, as high as the image.

No content leaves the view. Vertically the content is moved, and where it is too high shrunk, until it is
within the height. Horizontally the view is the image's own ends, scaled as the line is; it grows at an end
that the content passes, and nowhere else. TensorFlow-free.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.data.augment.entry import Matrix
from ocr_tf.types import Array

WIDEST = 32_000  # columns that OpenCV's maps take, near enough
INK = 0.15  # of the greatest distance from the paper's gray: what differs by more is content
BANDS = 4  # parts of the height whose content is bounded apart, so that a slant is not taken for its box
IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

Point = tuple[float, float]


class View(NamedTuple):
    """The part of the mapped plane that is shown, and how content comes to lie in it."""

    matrix: (
        Matrix  # from pixels of the image to pixels of the result, both from the upper left pixel
    )
    width: int  # of the result
    margins: tuple[
        float, float, float, float
    ]  # left, top, right, bottom: between its ends and the content


def paper_of(image: Array) -> float:
    """Returns the gray beside the line: the median of the outermost rows and columns."""
    edges = np.concatenate((image[0], image[-1], image[:, 0], image[:, -1]))
    edges.sort()
    return float(edges[len(edges) // 2])


def product(second: Matrix, first: Matrix) -> Matrix:
    """Composes two homographies: `first`, then `second`."""
    a, b, c, d, e, f, g, h, i = second
    j, k, l, m, n, o, p, q, r = first  # noqa: E741
    return (
        a * j + b * m + c * p,
        a * k + b * n + c * q,
        a * l + b * o + c * r,
        d * j + e * m + f * p,
        d * k + e * n + f * q,
        d * l + e * o + f * r,
        g * j + h * m + i * p,
        g * k + h * n + i * q,
        g * l + h * o + i * r,
    )


def outline(image: Array, paper: float) -> list[Point]:
    """Returns points between which all content lies, in pixels from the upper left; none on empty paper."""
    darkest, lightest = float(image.min()), float(image.max())
    reach = INK * max(paper - darkest, lightest - paper)
    if reach <= 0:
        return []
    if lightest - paper <= reach:
        ink = image < paper - reach
    elif paper - darkest <= reach:
        ink = image > paper + reach
    else:
        ink = (image < paper - reach) | (image > paper + reach)
    mask, height = ink.view(np.uint8), len(image)
    bands = min(BANDS, height)
    points: list[Point] = []
    for band in range(bands):
        first, last = band * height // bands, (band + 1) * height // bands
        left, top, width, rows = cv2.boundingRect(mask[first:last])
        if rows:
            right, top, bottom = left + width - 1, first + top, first + top + rows - 1
            points += (left, top), (right, top), (left, bottom), (right, bottom)
    return points


def fit(
    matrix: Matrix,
    size: tuple[int, int],
    content: Sequence[Point],
    least: int,
    fixed: bool,
    at_left: bool,
) -> View:
    """Finds the view of an image that a homography maps.

    Args:
        matrix: the homography, about the image's middle.
        size: (H, W); H > 1.
        content: see `outline`.
        least: width that the view has at least; where it is wider than needed, paper is added on one side.
        fixed: the view is scaled to W columns.
        at_left: that side is the left one.
    """
    height, width = size
    middle_x, middle_y = 0.5 * (width - 1), 0.5 * (height - 1)
    a, b, c, d, e, f, g, h, i = matrix
    xs, ys = [], []
    for x, y in content:
        x, y = x - middle_x, y - middle_y
        depth = g * x + h * y + i
        xs.append((a * x + b * y + c) / depth)
        ys.append((d * x + e * y + f) / depth)

    # Down: y becomes shrink y + down, from the upper row.
    shrink, down, top, bottom = 1.0, middle_y, 0.0, 0.0
    if ys:
        top, bottom = min(ys), max(ys)
        if bottom - top > height - 1:
            shrink = (height - 1) / (bottom - top)
        top, bottom = shrink * top, shrink * bottom
        down = min(max(middle_y, -top), height - 1 - bottom)
        top, bottom = top + down, height - 1 - bottom - down

    # Across: the ends of the middle row, without the offset that moves the content in the view.
    offset = c / i
    ends = (
        (c - a * middle_x) / (i - g * middle_x) - offset,
        (c + a * middle_x) / (i + g * middle_x) - offset,
    )
    left, right = min(ends), max(ends)
    if xs:
        left, right = min(left, min(xs)), max(right, max(xs))
    if fixed:
        columns = width
        stretch = (width - 1) / (right - left) if min(width - 1, right - left) > 0 else 1.0
    else:
        columns, stretch = max(least, math.ceil(right - left + 1 - 1e-3)), 1.0
        if at_left:
            left = right - (columns - 1)
    across = -stretch * left

    matrix = product((stretch, 0.0, across, 0.0, shrink, down, 0.0, 0.0, 1.0), matrix)
    matrix = product(matrix, (1.0, 0.0, -middle_x, 0.0, 1.0, -middle_y, 0.0, 0.0, 1.0))
    if not xs:
        return View(matrix, columns, (0.0, 0.0, 0.0, 0.0))
    return View(
        matrix,
        columns,
        (
            stretch * min(xs) + across,
            top,
            columns - 1 - stretch * max(xs) - across,
            bottom,
        ),
    )


def shown(image: Array, view: View, paper: float, field: Optional[Array] = None) -> Array:
    """Maps an image to its view: [H, W'] float32.

    Args:
        image: [H, W] float32.
        view: see `fit`.
        paper: gray of what is beside the image.
        field: [2, H, W'] float32, across and down: the pixels of the result, in which it moves what is shown.
    """
    size = view.width, len(image)
    matrix = np.array(view.matrix).reshape(3, 3)
    if field is not None:
        across, down = _sources(cv2.invert(matrix)[1], field)
        mapped: Array = cv2.remap(
            image,
            across,
            down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=[paper],
        )
        return mapped
    affine = view.matrix[6] == 0.0 == view.matrix[7]
    warp: Any = cv2.warpAffine if affine else cv2.warpPerspective
    warped: Array = warp(
        image,
        matrix[:2] if affine else matrix,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=[paper],
    )
    return warped


def _sources(inverse: Array, field: Array) -> tuple[Array, Array]:
    """Returns where each pixel of the result is in the image, [H, W'] across and down."""
    _, height, width = field.shape
    columns = np.arange(width, dtype=np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None]
    across, down, depth = (inverse / inverse[2, 2]).tolist()
    x, y = (_linear(row, field, columns, rows) for row in (across, down))
    if depth[0] or depth[1]:
        z = _linear(depth, field, columns, rows)
        x /= z
        y /= z
    return x, y


def _linear(row: Sequence[float], field: Array, columns: Array, rows: Array) -> Array:
    """Returns a linear function of the displaced pixels, [H, W']: few passes, as this is the slow part."""
    across, down, offset = row
    values: Array = cv2.addWeighted(field[0], across, field[1], down, offset)
    values += np.float32(across) * columns
    values += np.float32(down) * rows
    return values


def smooth(nodes: Array, size: tuple[int, int], margins: Sequence[float]) -> Array:
    """Interpolates a displacement between nodes: [2, H, W] float32 of [2, rows, columns].

    At the ends it is cut off where it would reach into the content: every bit of that is met between them.

    Args:
        nodes: see `entry.Field`.
        size: (H, W).
        margins: see `View`.
    """
    nodes = _within(nodes, margins)
    # A cubic overshoots a little, so the ends are cut off again.
    field = np.empty((2, *size), np.float32)
    for part, result in zip(nodes, field):
        cv2.resize(part, size[::-1], result, interpolation=cv2.INTER_CUBIC)
    return _within(field, margins)


def _within(field: Array, margins: Sequence[float]) -> Array:
    """Cuts off, in place, what at the ends of a displacement would reach into the content."""
    left, top, right, bottom = margins
    across, down = field
    np.minimum(across[:, 0], left, out=across[:, 0])
    np.maximum(across[:, -1], -right, out=across[:, -1])
    np.minimum(down[0], top, out=down[0])
    np.maximum(down[-1], -bottom, out=down[-1])
    return field
