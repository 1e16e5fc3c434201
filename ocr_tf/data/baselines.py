"""Bands around baselines, for lines that have no polygon; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np

from ocr_tf.types import Array

# Of the distance between lines: how far a band reaches above its baseline and below it.
ABOVE, BELOW = 0.75, 0.3
LINES = 40  # of a page, where one line alone does not tell their distance
LONELY = 1.5  # times the median distance of the page: as far as a line's own distance may be
SAME = 2.0  # pixels: baselines that are nearer to each other are of one line


def bands(baselines: Sequence[Optional[Array]], rows: float) -> list[Optional[Array]]:
    """Makes a band around each baseline of a page.

    A band follows its baseline, ABOVE times the distance of lines over it and BELOW times under it. The
    distance is that to the nearest other baseline above or below, but at most LONELY times the median
    of the page's. A line with no other in its columns has that median; of a page with one line, it is
    1 / LINES of the height, or of the line's length where the height is unknown. Bands end with the page.

    Args:
        baselines: [N, 2] each, x and y in pixels; None for a line without.
        rows: height of the page; 0 where it is unknown.

    Returns:
        Polygons [2 N, 2]; None where there is no baseline.
    """
    known = [i for i, baseline in enumerate(baselines) if baseline is not None]
    points = [np.asarray(baselines[i], np.float64) for i in known]
    distances = _distances(points)
    finite = distances[np.isfinite(distances)]
    if len(finite):
        usual = float(np.median(finite))
    else:
        usual = (rows or max((np.ptp(line[:, 0]) for line in points), default=0.0)) / LINES
    polygons: list[Optional[Array]] = [None] * len(baselines)
    for i, line, distance in zip(known, points, distances):
        distance = min(distance, LONELY * usual) if np.isfinite(distance) else usual
        over, under = np.array([[0, -ABOVE], [0, BELOW]]) * distance
        polygon = np.concatenate([line + over, line[::-1] + under])
        if line[:, 1].min() >= 0 and (not rows or line[:, 1].max() <= rows):
            polygon[:, 1] = polygon[:, 1].clip(0, rows or None)
        polygons[i] = polygon
    return polygons


def _distances(points: Sequence[Array]) -> Array:
    """Returns how far the nearest baseline is that shares columns with each, [N]; infinity for none."""
    if not points:
        return np.zeros(0)
    heights = np.array([line[:, 1].mean() for line in points])
    left = np.array([line[:, 0].min() for line in points])
    right = np.array([line[:, 0].max() for line in points])
    distances = np.full(len(points), np.inf)
    for i in range(len(points)):  # one at a time: a page may have any number
        apart = np.abs(heights - heights[i])
        share = np.minimum(right, right[i]) > np.maximum(left, left[i])
        distances[i] = apart[share & (apart > SAME)].min(initial=np.inf)
    return distances
