"""The size that line images are brought to; TensorFlow-free."""

from __future__ import annotations

import dataclasses

import numpy as np

from ocr_tf.types import Array


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The size that line images are brought to, in pixels."""

    height: int
    width: int = 0  # 0 keeps the aspect ratio; otherwise every image is stretched to this width
    max_width: int = 4096  # the widest line accepted after scaling; no bound on a stretched one

    def scaled_widths(self, heights: Array, widths: Array) -> Array:
        """Returns the widths that images of these sizes are scaled to, [N] int32.

        That is `max(1, round(width * height / original height))`, halves rounded up, or the fixed width; 0
        for an image of height 0 and for one that is wider than `max_width`.
        """
        if self.width:
            return np.where(heights > 0, self.width, 0).astype(np.int32)
        rows, columns = np.maximum(heights, 1).astype(np.int64), widths.astype(np.int64)
        scaled = np.maximum((2 * columns * self.height + rows) // (2 * rows), 1)
        return np.where((heights > 0) & (scaled <= self.max_width), scaled, 0).astype(np.int32)
