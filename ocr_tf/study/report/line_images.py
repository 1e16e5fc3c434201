"""The images that a report shows; whoever has them provides them. TensorFlow-free."""

from __future__ import annotations

from typing import Optional, Protocol

from ocr_tf.types import Array


class LineImages(Protocol):
    """Images of the test lines, by their positions in the report."""

    def image(self, i: int) -> Optional[Array]:
        """Returns line i as [H, W] uint8 gray before resizing; None if it cannot be read."""

    def alignment(self, i: int) -> Optional[Array]:
        """Draws what each condition reads of line i over its image, as `ocr_tf.alignment_plot` does.

        Of a condition that misreads the line under some seed, what the first such seed reads.

        Returns:
            [h, w, 3] uint8; None if nothing can align it.
        """
