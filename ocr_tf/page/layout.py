"""Lines of a page, and the order in which they are read; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.types import Array

METHODS = ("boost", "profile")  # of finding lines
PAD = 0.15  # of a line's height: what its box leaves about its ink


class Box(NamedTuple):
    """Pixels of a page; `right` and `bottom` are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    def corners(self) -> Array:
        """Returns the corners, [4, 2] float64, x and y, clockwise from the left one at the top."""
        left, top, right, bottom = self
        points = [[left, top], [right, top], [right, bottom], [left, bottom]]
        return np.array(points, np.float64)

    def padded(self, rows: int, columns: int) -> Box:
        """Grows the box by PAD, within a page of this size."""
        pad = max(1, round(PAD * self.height))
        return Box(
            max(0, self.left - pad),
            max(0, self.top - pad),
            min(columns, self.right + pad),
            min(rows, self.bottom + pad),
        )


def union(boxes: Array) -> Box:
    """Returns the box around boxes, [N, 4] of at least one."""
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    return Box(left, top, right, bottom)


def reading_order(boxes: list[Box]) -> list[int]:
    """Orders lines by columns, by the recursive X-Y cut (Nagy and Seth 1984) of their boxes.

    Where a blank runs from the top to the bottom of a block, what is left of it comes first; otherwise the
    block is cut at its widest blank across.

    Returns:
        The places of the boxes in the order of reading.
    """
    array = np.array(boxes, np.int64).reshape(-1, 4)
    order: list[int] = []
    waiting = [np.arange(len(boxes))]
    while waiting:
        block = waiting.pop()
        if len(block) < 2:
            order += block.tolist()
            continue
        for begin, end in ((0, 2), (1, 3)):
            parts = _split(array[block][:, [begin, end]])
            if parts is not None:
                waiting += [block[~parts], block[parts]]
                break
        else:  # they overlap both ways
            order += sorted(block.tolist(), key=lambda i: (boxes[i].top, boxes[i].left))
    return order


def _split(spans: Array) -> Optional[Array]:
    """Splits [N, 2] spans at the widest gap: [N] bool, those before it; None where there is no gap."""
    places = np.argsort(spans[:, 0], kind="stable")
    reach = np.maximum.accumulate(spans[places, 1])
    gaps = spans[places[1:], 0] - reach[:-1]
    widest = int(np.argmax(gaps))
    if gaps[widest] <= 0:
        return None
    before = np.zeros(len(spans), bool)
    before[places[: widest + 1]] = True
    return before
