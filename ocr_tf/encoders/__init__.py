"""ENCODERS: every encoder's configuration, TensorFlow-free; its network is in the file it builds.

An encoder maps Images [B, H, W, 1] to Frames [B, T, D]. It owns the rule from width to T, stated as
a pure function, and no frame depends on the batch or on padding.
"""

from __future__ import annotations

import dataclasses
from typing import Any


def halve(size: int) -> int:
    """What pooling by two with same padding leaves."""
    return -(-size // 2)


@dataclasses.dataclass(frozen=True)
class CRNN:
    """The network of Shi et al. 2015, An End-to-End Trainable Neural Network for Image-based
    Sequence Recognition, Table 1: seven convolutions, D = 512."""

    def steps(self, width: int) -> int:
        """T of an image `width` pixels wide: ceil(ceil(W / 2) / 2)."""
        return max(1, halve(halve(width)))

    def build(self, height: int, dtype: str = "float32") -> Any:
        from ocr_tf.encoders.crnn import build

        return build(height, dtype)


@dataclasses.dataclass(frozen=True)
class Compact:
    """Four batch-normalised convolutions for training on a CPU."""

    def steps(self, width: int) -> int:
        """T of an image `width` pixels wide: ceil(ceil(W / 2) / 2)."""
        return max(1, halve(halve(width)))

    def build(self, height: int, dtype: str = "float32") -> Any:
        from ocr_tf.encoders.compact import build

        return build(height, dtype)


ENCODERS = {"crnn": CRNN, "compact": Compact}
