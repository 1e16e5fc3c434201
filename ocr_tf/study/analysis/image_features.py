"""Measures how the images of test lines look, before they are resized. TensorFlow-free."""

from __future__ import annotations

from typing import Callable, Optional

from ocr_tf.progress import Progress
from ocr_tf.study.analysis.slices import Features, features
from ocr_tf.types import Array


def measure_images(image: Callable[[int], Optional[Array]], total: int) -> list[Features]:
    """Measures every line.

    Args:
        image: gives the [H, W] uint8 pixels of a line, None if it cannot be read.
        total: N, the number of lines.

    Returns:
        [N] features.
    """
    return [features(image(i)) for i in Progress.over(range(total), "looking at images")]
