"""Turns slanted writing upright; TensorFlow-free.

Vinciarelli and Luettin 2001 (A New Normalization Technique for Cursive Handwritten Words): of several
shears, the one under which most ink stands in columns that it fills without a gap.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr_tf.classical.binarize import Ink
from ocr_tf.types import Array

SHEARS = np.linspace(-0.6, 0.6, 13)  # columns to the right for each row upwards


def upright(ink: Ink) -> Ink:
    """Shears a line so that its stems stand upright; it becomes wider by what the shear moves aside."""
    if not ink.mask.any():
        return ink
    masks = [_sheared(ink.mask.astype(np.uint8), shear, cv2.INTER_NEAREST) for shear in SHEARS]
    # Of equal ones, the least shear.
    best = max(range(len(SHEARS)), key=lambda i: (_stems(masks[i]), -abs(SHEARS[i])))
    if abs(SHEARS[best]) < 1e-9:
        return ink
    strength = _sheared(ink.strength, SHEARS[best], cv2.INTER_LINEAR)
    return Ink(masks[best].astype(bool), strength)


def _sheared(values: Array, shear: float, how: int) -> Array:
    height, width = values.shape
    margin = int(np.ceil(abs(shear) * height / 2))
    # Input to output: rows above the middle move against the slant.
    matrix = np.array([[1, shear, margin - shear * height / 2], [0, 1, 0]])
    sheared: Array = cv2.warpAffine(values, matrix, (width + 2 * margin, height), flags=how)
    return sheared


def _stems(mask: Array) -> int:
    """Sums the squared ink of the columns whose ink is one run."""
    count = mask.sum(axis=0, dtype=np.int64)
    rows = np.arange(1, len(mask) + 1)[:, None]
    bottom = (mask * rows).max(axis=0)
    top = len(mask) + 1 - (mask * rows[::-1]).max(axis=0)
    whole = (count > 0) & (bottom - top + 1 == count)
    return int((count[whole] ** 2).sum())
