"""The size that line images are brought to, and how large they may be before; TensorFlow-free."""

from __future__ import annotations

import dataclasses

import numpy as np

from ocr_tf.types import Array

MAX_PIXELS = 50_000_000  # Larger images are refused by their header, whatever a geometry allows.
MAX_LINE_PIXELS = 4_000_000  # of a line, by default: 200 x 20,000


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The size that line images are brought to, and which are taken, in pixels.

    An image is turned first: its height and width are those that it has then.
    """

    height: int
    width: int = 0  # 0 keeps the aspect ratio; otherwise every image is stretched to this width
    max_width: int = 4096  # the widest line accepted after scaling; no bound on a stretched one
    max_pixels: int = MAX_LINE_PIXELS  # of an image as stored: more are refused before decoding
    rotate: int = 0  # degrees clockwise by which every image is turned: 0, 90, 180 or 270

    def __post_init__(self) -> None:
        if self.rotate not in (0, 90, 180, 270):
            raise ValueError(f"rotate: 0, 90, 180 or 270, not {self.rotate!r}")

    @property
    def sideways(self) -> bool:
        """Tells whether turning an image swaps its height and width."""
        return self.rotate in (90, 270)

    def scaled_widths(self, heights: Array, widths: Array) -> Array:
        """Returns the widths that images of these sizes as stored are scaled to, [N] int32.

        That is `max(1, round(width * height / original height))`, halves rounded up, or the fixed width; 0
        for an image of height 0, of more than `max_pixels`, and for one that is wider than `max_width`.
        """
        heights, widths = heights.astype(np.int64), widths.astype(np.int64)
        usable = (heights > 0) & (heights * widths <= self.max_pixels)
        if self.width:
            return np.where(usable, self.width, 0).astype(np.int32)
        rows, columns = (widths, heights) if self.sideways else (heights, widths)
        rows = np.maximum(rows, 1)
        scaled = np.maximum((2 * columns * self.height + rows) // (2 * rows), 1)
        return np.where(usable & (scaled <= self.max_width), scaled, 0).astype(np.int32)


def excess(height: int, width: int, max_pixels: int = MAX_PIXELS) -> str:
    """Says that an image has more pixels than are taken, as part of a line; empty where it has not."""
    pixels = height * width
    if pixels > MAX_PIXELS:
        return f"{width}x{height} pixels: more than {MAX_PIXELS // 1_000_000} million"
    if pixels > max_pixels:
        return f"{width}x{height} pixels: more than --data.max_pixels={max_pixels}"
    return ""
