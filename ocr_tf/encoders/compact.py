"""An encoder for CPUs: a strided first convolution keeps the full-resolution work small.

Three stages of 3x3 convolutions follow it, each ending in a pooling: the first halves both sides, the
second halves the height, the third halves it once more or takes the maximum over all that is left.
T = W / 4; D = filters of the last convolution, times the rows that are left (height / 16 where the last
pooling halves).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_tf.encoders.layers import ConvBlock, ConvEncoder

if TYPE_CHECKING:
    from ocr_tf.encoders import Compact


def build(config: Compact, height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    blocks = [
        ConvBlock(
            layer.filters,
            layer.kernel,
            stride=layer.stride,
            normalize=layer.normalize,
            pool=layer.pool,
            name=f"conv{number}",
            dtype=dtype,
        )
        for number, layer in enumerate(config.convolutions(height), 1)
    ]
    return ConvEncoder(blocks, config.dropout, config.standardize, name="encoder", dtype=dtype)
