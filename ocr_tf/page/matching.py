"""Lines that were found against those that are there; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.types import Array

LEAST_IOU = 0.5  # from which a line that was found is one that is there


class Matches(NamedTuple):
    """Counts of lines, over any number of pages."""

    right: int = 0
    found: int = 0
    true: int = 0

    def plus(self, other: Matches) -> Matches:
        """Adds counts."""
        return Matches(*(a + b for a, b in zip(self, other)))

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of the true lines that was found; 1 where there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        both = self.found + self.true
        return 2 * self.right / both if both else 1.0


def iou(one: Array, other: Array) -> float:
    """Divides the intersection of two convex polygons, [N, 2] each, by their union."""
    first, second = one.astype(np.float32), other.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(first, second)
    union = cv2.contourArea(first) + cv2.contourArea(second) - shared
    return float(shared / union) if union > 0 else 0.0


def pairs(found: Sequence[Array], true: Sequence[Array]) -> list[tuple[int, int]]:
    """Pairs polygons, the best first, each once, down to LEAST_IOU: (found, true)."""
    scores = [
        (iou(one, other), i, k)
        for i, one in enumerate(found)
        for k, other in enumerate(true)
        if _touch(one, other)
    ]
    scores.sort(key=lambda score: (-score[0], score[1:]))
    taken_found: set[int] = set()
    taken_true: set[int] = set()
    paired = []
    for score, i, k in scores:
        if score >= LEAST_IOU and i not in taken_found and k not in taken_true:
            paired.append((i, k))
            taken_found.add(i)
            taken_true.add(k)
    return paired


def match(found: Sequence[Array], true: Sequence[Array]) -> Matches:
    """Counts the pairs of one page."""
    return Matches(len(pairs(found, true)), len(found), len(true))


def _touch(one: Array, other: Array) -> bool:
    return bool(
        (one.min(axis=0) < other.max(axis=0)).all() and (other.min(axis=0) < one.max(axis=0)).all()
    )
