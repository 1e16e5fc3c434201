"""Measures runs of pieces that may be characters; TensorFlow-free.

Histograms of oriented gradients (Dalal and Triggs 2005) of the character, brought to a square that keeps its
aspect, and eight numbers of its size and place, for an o and an O have one shape.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr_tf.classical.segment import Pieces
from ocr_tf.types import Array

SIDE = 32  # of the square, in pixels
EDGE = 2  # pixels of paper about the character in it
NEAR = np.ones((3, 3), np.uint8)  # pixels of a character: its edges are paler than its ink
HOG = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)
WIDEST = 1.5  # heights of the image: wider runs are no character
SIZE = int(HOG.getDescriptorSize()) + 8  # numbers of a run


def features_of(pieces: Pieces, longest: int) -> Array:
    """Measures every run of up to `longest` neighboring pieces.

    Returns:
        [P, longest, SIZE] float32; row [p, k] is of the pieces p to p + k; zeros where there are
        fewer, or several that together are wider than WIDEST.
    """
    total = len(pieces)
    found = np.zeros([total, longest, SIZE], np.float32)
    widest = WIDEST * len(pieces.labels)
    for first in range(total):
        for more in range(min(longest, total - first)):
            if more and pieces.boxes[first + more, 2] - pieces.boxes[first, 0] > widest:
                break
            found[first, more] = measure_run(pieces, first, first + more + 1)
    return found


def measure_run(pieces: Pieces, first: int, end: int) -> Array:
    """Measures the pieces from `first` up to, and without, `end`: [SIZE] float32."""
    boxes = pieces.boxes[first:end]
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    labels = pieces.labels[top:bottom, left:right]
    inside = ((labels > first) & (labels <= end)).astype(np.uint8)
    character = pieces.strength[top:bottom, left:right] * cv2.dilate(inside, NEAR)
    square = _square(character)
    line_top, line_bottom = pieces.boxes[:, 1].min(), pieces.boxes[:, 3].max()
    image, line = float(len(pieces.labels)), float(line_bottom - line_top)
    height, width = bottom - top, right - left
    sizes = [
        np.log(width / height),
        top / image,
        bottom / image,
        height / image,
        width / image,
        (top - line_top) / line,
        (line_bottom - bottom) / line,
        float(inside.mean()),
    ]
    return np.concatenate([np.asarray(HOG.compute(square)).ravel(), np.array(sizes)]).astype(
        np.float32
    )


def _square(character: Array) -> Array:
    """Brings a character to [SIDE, SIDE] uint8, in the middle, its aspect kept."""
    height, width = character.shape
    scale = (SIDE - 2 * EDGE) / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(character, (columns, rows), interpolation=how)
    square = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
    square[top : top + rows, left : left + columns] = np.rint(scaled * 255)
    return square
