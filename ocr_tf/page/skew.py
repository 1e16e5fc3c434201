"""The angle that a page lies at, and turning it back; TensorFlow-free.

Postl 1986 (Detection of Linear Oblique Structures and Skew Scan in Digitized Documents): of several angles,
the one under which the projection profile of the rows changes most from row to row. Here of strips of the
page: over its whole width, a wrong angle may bring the lines of one column level with those of the next.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr_tf.types import Array

MOST = 5.0  # degrees that are looked for, either way
LEAST = 0.1  # degrees below which a page is left as it is
STRIPS = 3  # of the page, from left to right
POINTS = 200_000  # of ink that are looked at


def estimate(mask: Array) -> float:
    """Estimates by how many degrees a page is turned clockwise, from -MOST to MOST.

    Args:
        mask: [H, W] bool, ink.
    """
    y, x = np.nonzero(mask)
    if not len(y):
        return 0.0
    step = max(1, len(y) // POINTS)
    y, x = y[::step].astype(np.float64), x[::step].astype(np.float64)
    coarse = np.arange(-MOST, MOST + 0.25, 0.5)
    best = max(coarse.tolist(), key=lambda angle: (_changes(x, y, angle), -abs(angle)))
    fine = best + np.arange(-0.5, 0.51, 0.1)
    best = max(fine.tolist(), key=lambda angle: (_changes(x, y, angle), -abs(angle)))
    return float(best) if abs(best) >= LEAST else 0.0


def _changes(x: Array, y: Array, degrees: float) -> float:
    """Sums the squared changes of each strip's profile along lines that fall by this angle."""
    rows = y - x * np.tan(np.radians(degrees))
    rows = (rows - rows.min()).astype(np.int64)
    height = int(rows.max()) + 2  # a blank row ends each profile
    strip = (x * STRIPS / (x.max() + 1)).astype(np.int64)
    profile = np.bincount(strip * height + rows, minlength=STRIPS * height).astype(np.float64)
    return float((np.diff(profile) ** 2).sum())


def turning(shape: tuple[int, ...], degrees: float) -> Array:
    """Makes the matrix [2, 3] that turns a page of this shape counterclockwise about its middle."""
    rows, columns = shape
    center = ((columns - 1) / 2, (rows - 1) / 2)
    return np.asarray(cv2.getRotationMatrix2D(center, degrees, 1.0))


def turn(page: Array, degrees: float) -> Array:
    """Turns a page, [H, W] uint8, counterclockwise; its size stays, and corners become paper (the median)."""
    if not degrees:
        return page
    rows, columns = page.shape
    paper = float(np.median(page))
    turned: Array = cv2.warpAffine(
        page,
        turning(page.shape, degrees),
        (columns, rows),
        flags=cv2.INTER_CUBIC,
        borderValue=(paper,),
    )
    return turned


def moved(points: Array, matrix: Array) -> Array:
    """Applies a matrix [2, 3] to points [N, 2]."""
    result: Array = points @ matrix[:, :2].T + matrix[:, 2]
    return result


def turned_back(points: Array, shape: tuple[int, ...], degrees: float) -> Array:
    """Finds where points [N, 2] of a page that was turned lie on the page as it was."""
    if not degrees:
        return points
    return moved(points, np.asarray(cv2.invertAffineTransform(turning(shape, degrees))))
