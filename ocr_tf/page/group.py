"""Text components to lines: by overlap of their rows and nearness along them; TensorFlow-free."""

from __future__ import annotations

import numpy as np

from ocr_tf.page.layout import Box, union
from ocr_tf.types import Array

ROWS = 0.5  # of the lower of two components, that must overlap
GAP = 1.8  # usual heights between neighbors in a line: words are nearer, columns farther
TALL = 0.6  # of the usual height: what is lower (dots, commas, accents) joins lines, and makes none
LEAST = 2  # components of a line, or
WIDE = 0.8  # usual heights that a line with fewer is wide at least: a single character


def group(boxes: Array, text: Array) -> list[Box]:
    """Groups components into lines.

    Args:
        boxes: [N, 4] of components, from left to right.
        text: [N] bool, which are text. The others make no lines, but small ones within a line belong to it.

    Returns:
        The box of each line's ink.
    """
    heights = boxes[:, 3] - boxes[:, 1]
    if not text.any():
        return []
    usual = float(np.median(heights[text]))
    tall = np.flatnonzero(text & (heights >= TALL * usual))
    if not len(tall):
        return []
    lines = [boxes[tall[members]] for members in _linked(boxes[tall], GAP * usual)]
    lines = _merged(lines, GAP * usual)
    small = boxes[heights < TALL * usual]
    found = []
    for line in lines:
        box = union(_with_small(line, small, usual))
        if len(line) >= LEAST or box.right - box.left >= WIDE * usual:
            found.append(box)
    return found


def _linked(boxes: Array, gap: float) -> list[Array]:
    """Links neighbors in a row, and returns the members of each chain."""
    parents = np.arange(len(boxes))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = int(parents[i])
        return i

    left, top, right, bottom = boxes.T
    heights = bottom - top
    for i in range(len(boxes)):
        last = int(np.searchsorted(left, right[i] + gap))
        others = np.arange(i + 1, last)
        shared = np.minimum(bottom[others], bottom[i]) - np.maximum(top[others], top[i])
        low = np.minimum(heights[others], heights[i])
        high = np.maximum(heights[others], heights[i])
        near = others[(shared > ROWS * low) & (high <= 3 * low)]
        for other in near.tolist():
            parents[root(other)] = root(i)
    roots = np.array([root(i) for i in range(len(boxes))])
    return [np.flatnonzero(roots == r) for r in np.unique(roots)]


def _merged(lines: list[Array], gap: float) -> list[Array]:
    """Joins chains whose boxes are in one row, near each other."""
    merged = True
    while merged:
        merged = False
        lines.sort(key=lambda line: int(line[:, 0].min()))
        for i, line in enumerate(lines):
            for k in range(i + 1, len(lines)):
                one, other = union(line), union(lines[k])
                shared = min(one.bottom, other.bottom) - max(one.top, other.top)
                near = other.left - one.right <= gap
                if near and shared > 0.6 * min(one.height, other.height):
                    lines[i] = np.concatenate([line, lines.pop(k)])
                    merged = True
                    break
            if merged:
                break
    return lines


def _with_small(line: Array, small: Array, usual: float) -> Array:
    """Adds the small components whose middle lies in the line, or right beside it."""
    box = union(line)
    x, y = (small[:, 0] + small[:, 2]) / 2, (small[:, 1] + small[:, 3]) / 2
    inside = (x > box.left - 0.6 * usual) & (x < box.right + 0.6 * usual)
    inside &= (y > box.top - 0.3 * usual) & (y < box.bottom + 0.3 * usual)
    return np.concatenate([line, small[inside]])
