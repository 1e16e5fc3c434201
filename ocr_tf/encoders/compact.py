"""An encoder for CPUs: a strided first convolution keeps the full-resolution work small.

Three stages of 3x3 convolutions follow it, each ending in a pooling: the first halves both sides, the
second halves the height, the third halves it once more or takes the maximum over all that is left. The
second and third may have a way around them (He et al. 2016, Deep Residual Learning, equation 2).
T = W / 4; D = filters of the last convolution, times the rows that are left (height / 16 where the last
pooling halves).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from ocr_tf.encoders.layers import ConvBlock, ConvEncoder, Residual

if TYPE_CHECKING:
    from ocr_tf.encoders import Compact


def build(config: Compact, height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    blocks: list[Union[ConvBlock, Residual]] = []
    for number, layer in enumerate(config.convolutions(height), 1):
        own = ConvBlock(
            layer.filters,
            layer.kernel,
            stride=(layer.stride, layer.stride),
            normalize=layer.normalize,
            rectify=not layer.around,
            pool=(1, 1) if layer.around else layer.pool,
            name=f"conv{number}",
            dtype=dtype,
        )
        if layer.around:
            first = len(blocks) + 1 - layer.around
            inner = [block for block in blocks[first:] if isinstance(block, ConvBlock)]
            own = Residual([*inner, own], layer.pool, name=f"stage{number}", dtype=dtype)
            del blocks[first:]
        blocks.append(own)
    return ConvEncoder(
        blocks,
        config.dropout,
        config.standardize,
        config.rectifier.build(dtype),
        name="encoder",
        dtype=dtype,
    )
