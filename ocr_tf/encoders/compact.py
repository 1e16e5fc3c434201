"""An encoder for CPUs: a strided first convolution keeps the full-resolution work small.

Three stages of 3x3 convolutions follow it, each ending in a pooling: the first halves both sides, the
second halves the height, the third halves it once more or takes the maximum over all that is left.
T = W / 4; D = filters of the last convolution, times the rows that are left (height / 16 where the last
pooling halves).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ocr_tf.encoders import halve
from ocr_tf.encoders.layers import ConvBlock, ConvEncoder

if TYPE_CHECKING:
    from ocr_tf.encoders import Compact


def build(config: Compact, height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    width = config.width
    block = partial(ConvBlock, normalize=config.normalize, dtype=dtype)
    blocks = [
        block(width, (5, 5), stride=2, normalize=False, name="conv1"),
        block(2 * width, pool=(2, 2), name="conv2"),
    ]
    left = halve(halve(halve(height)))
    poolings = [(2, 1), (2, 1) if config.rows == "keep" else (left, 1)]
    filters = [width * n for n in ((4, 4) if config.depth == 1 else (3, 4, 5, 6))]
    for stage, pool in enumerate(poolings):
        share = filters[len(filters) // 2 * stage : len(filters) // 2 * (stage + 1)]
        sizes = share[:1] * (config.depth - len(share) + 1) + share[1:]
        for i, size in enumerate(sizes, 1):
            last = i == len(sizes)
            blocks.append(block(size, pool=pool if last else (1, 1), name=f"conv{len(blocks) + 1}"))
    return ConvEncoder(blocks, config.dropout, config.standardize, name="encoder", dtype=dtype)
