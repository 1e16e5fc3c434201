"""Connected components of a page's ink, and what tells text from the rest; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.classical.binarize import Ink
from ocr_tf.types import Array

LEAST_AREA = 4  # pixels: less is dirt
MOST = 30_000  # components of a page: the largest are kept
FEATURES = 11
TALL = 3.0  # usual heights: what is higher is no letter
NEAR = 3.0  # heights within which another component counts as a neighbor


class Regions(NamedTuple):
    """The connected components of a page, from left to right."""

    boxes: Array  # [N, 4] int32: left, top, right, bottom; the last two are outside
    areas: Array  # [N] int32, pixels
    names: Array  # [N] int32, their labels in `labels`
    labels: Array  # [H, W] int32


def find_regions(mask: Array) -> Regions:
    """Finds the components of a page's ink, [H, W] bool."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    names = 1 + np.flatnonzero(stats[1:count, cv2.CC_STAT_AREA] >= LEAST_AREA)
    if len(names) > MOST:
        largest = np.argsort(-stats[names, cv2.CC_STAT_AREA], kind="stable")[:MOST]
        names = names[np.sort(largest)]
    boxes = stats[names][:, :4].copy()
    boxes[:, 2:] += boxes[:, :2]
    order = np.lexsort((boxes[:, 1], boxes[:, 0]))
    areas = stats[names, cv2.CC_STAT_AREA]
    return Regions(boxes[order], areas[order], names[order].astype(np.int32), np.asarray(labels))


def without_pictures(regions: Regions) -> Array:
    """Returns the ink of all components that are not far higher than usual, [H, W] bool."""
    kept = np.zeros(int(regions.labels.max()) + 1, bool)
    if len(regions.boxes):
        heights = regions.boxes[:, 3] - regions.boxes[:, 1]
        kept[regions.names[heights <= TALL * usual_height(regions)]] = True
    ink: Array = kept[regions.labels]
    return ink


def measure_regions(regions: Regions, ink: Ink) -> Array:
    """Measures every component: [N, FEATURES] float32.

    They are: height and width by the median height of the page; aspect; the share of the box that is ink;
    mean and variation of the stroke's width, the first by the height; contrast of the ink, and its
    deviation; how many neighbors of like height lie in the same row; how their middles differ; and how
    much of the box others overlap.
    """
    total = len(regions.boxes)
    found = np.zeros([total, FEATURES], np.float32)
    if not total:
        return found
    left, top, right, bottom = regions.boxes.T.astype(np.float64)
    widths, heights = right - left, bottom - top
    usual = usual_height(regions)
    strokes, strength, spread = _strokes(regions, ink)
    found[:, 0] = np.log(heights / usual)
    found[:, 1] = np.log(widths / usual)
    found[:, 2] = np.log(widths / heights)
    found[:, 3] = regions.areas / (widths * heights)
    found[:, 4] = strokes[:, 0] / heights
    found[:, 5] = strokes[:, 1] / np.maximum(strokes[:, 0], 1e-3)
    found[:, 6], found[:, 7] = strength, spread
    found[:, 8:] = _neighbors(left, top, right, bottom)
    return found


def usual_height(regions: Regions) -> float:
    """Returns the median height, weighted by widths so that dirt counts little."""
    heights = regions.boxes[:, 3] - regions.boxes[:, 1]
    weights = np.minimum(regions.boxes[:, 2] - regions.boxes[:, 0], 4 * heights)
    order = np.argsort(heights, kind="stable")
    total = np.cumsum(weights[order])
    return float(heights[order][np.searchsorted(total, total[-1] / 2)])


def _strokes(regions: Regions, ink: Ink) -> tuple[Array, Array, Array]:
    """Measures strokes, [N, 2] mean and deviation of the width, and [N] mean and deviation of strength."""
    places = np.zeros(int(regions.labels.max()) + 1, np.int64)
    places[regions.names] = 1 + np.arange(len(regions.names))
    rows, columns = np.nonzero(regions.labels)
    owners = places[regions.labels[rows, columns]]
    known = owners > 0
    rows, columns, owners = rows[known], columns[known], owners[known] - 1
    distance = cv2.distanceTransform((regions.labels > 0).astype(np.uint8), cv2.DIST_L2, 3)
    # In the middle of a stroke the distance is half its width; along it, its mean is a quarter.
    mean, deviation = _moments(4 * distance[rows, columns], owners, len(regions.names))
    strength, spread = _moments(ink.strength[rows, columns], owners, len(regions.names))
    return np.stack([mean, deviation], axis=1), strength, spread


def _moments(values: Array, owners: Array, total: int) -> tuple[Array, Array]:
    """Returns the mean and deviation of the values of each owner."""
    values = values.astype(np.float64)
    count = np.maximum(np.bincount(owners, minlength=total), 1)
    mean = np.bincount(owners, values, total) / count
    square = np.bincount(owners, values * values, total) / count
    return mean, np.sqrt(np.maximum(square - mean * mean, 0))


def _neighbors(left: Array, top: Array, right: Array, bottom: Array) -> Array:
    """Looks at the components that are near in the same row: [N, 3]; see `measure_regions`."""
    heights, widths = bottom - top, right - left
    found = np.zeros([len(left), 3])
    for i in range(len(left)):
        reach = NEAR * heights[i]
        # They are sorted by their left edges; one that begins far to the left is hardly a letter.
        first, last = np.searchsorted(left, [left[i] - 2 * reach, right[i] + reach])
        others = slice(int(first), int(last))
        near = (right[others] > left[i] - reach) & (bottom[others] > top[i])
        near &= top[others] < bottom[i]
        shared_x = np.minimum(right[others], right[i]) - np.maximum(left[others], left[i])
        shared_y = np.minimum(bottom[others], bottom[i]) - np.maximum(top[others], top[i])
        ratio = heights[others] / heights[i]
        alike = near & (ratio > 0.5) & (ratio < 2)
        alike &= shared_y > 0.3 * np.minimum(heights[others], heights[i])
        alike[i - int(first)] = near[i - int(first)] = False
        found[i, 0] = np.log1p(alike.sum())
        if alike.any():
            middle = (top[others] + bottom[others])[alike] / 2 - (top[i] + bottom[i]) / 2
            found[i, 1] = np.abs(middle).mean() / heights[i]
        over = np.maximum(shared_x, 0) * np.maximum(shared_y, 0)
        found[i, 2] = min(4.0, over[near].sum() / (widths[i] * heights[i]))
    return found
