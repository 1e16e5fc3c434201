"""What a report shows of the images; whoever has them provides it."""

from __future__ import annotations

from typing import Optional, Protocol

import numpy as np


class Art(Protocol):
    """Pictures of the test lines, by their positions in the report."""

    def image(self, i: int) -> Optional[np.ndarray]:
        """[H, W] uint8 gray, before resizing; None if it cannot be read."""

    def alignment(self, i: int) -> Optional[np.ndarray]:
        """[h, w, 3] uint8: where the headline's two conditions see their texts in the same image, as
        `ocr_tf.alignment_plot` paints it; None if nothing can align it."""
