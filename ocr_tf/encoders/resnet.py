"""The residual network of Cheng et al. 2017, Focusing Attention, Table 1, for any height and width.

Baek et al. 2019 (What Is Wrong With Scene Text Recognition Model Comparisons?) call it ResNet. It has 29
convolutions with weights, each behind a batch normalization; no bias. 32 pixels high, layers, kernels and
weights are the paper's. Padding along the width is not: its third pooling and its last two convolutions,
two columns wide, pad two columns more than they take away, so that 32x100 gives 26 steps there. Here each
pads one column, on the left, right and right: T is CRNN's, 25 steps of D = 512, and a step stays over its
columns. At another height the last kernel is as high as what is left.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import tensorflow as tf

from ocr_tf.encoders import halve
from ocr_tf.encoders.batch_norm import column_mask
from ocr_tf.encoders.layers import ConvBlock, ConvEncoder
from ocr_tf.types import Images

if TYPE_CHECKING:
    from ocr_tf.encoders import ResNet


class BasicBlock(tf.keras.layers.Layer):
    """Two 3x3 convolutions and a way around them (He et al. 2016, Figure 5, left).

    The way around is the identity, or a normalized 1x1 convolution where the number of channels changes.
    """

    def __init__(self, filters: int, changes: bool, dtype: str, **kwargs: object):
        """Makes a block.

        Args:
            filters: C of what comes out.
            changes: whether it is another C than what comes in.
            dtype: that it computes in.
            kwargs: those of Keras' Layer.
        """
        super().__init__(dtype=dtype, **kwargs)
        block = partial(ConvBlock, filters, normalize=True, dtype=dtype)
        self.first = block(name="conv1")
        self.second = block(rectify=False, name="conv2")
        self.around = block((1, 1), rectify=False, name="around") if changes else None

    def call(self, images: Images, batch_statistics: bool = False) -> Images:
        """Images [B, H, W, C] -> Images [B, H, W, filters]."""
        inner = self.second(self.first(images, batch_statistics), batch_statistics)
        if self.around is not None:
            images = self.around(images, batch_statistics)
        # Behind a line's end the convolutions gave ENDED.
        return Images(tf.nn.relu(inner.values + images.values), inner.widths)


class OverlappingPool(tf.keras.layers.Layer):
    """Takes the maxima of 2x2 windows, at every second row and every column, padded on the left."""

    def call(self, images: Images, batch_statistics: bool = False) -> Images:
        """Images [B, H, W, C], none below zero -> Images [B, H / 2, W, C]."""
        values = images.values
        values = tf.pad(values, [[0, 0], [0, values.shape[1] % 2], [1, 0], [0, 0]])
        values = tf.nn.max_pool2d(values, [2, 2], [2, 1], "VALID")
        mask = column_mask(images.widths, tf.shape(values)[2], values.dtype)
        return Images(values * mask, images.widths)


def build(config: ResNet, height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    filters = config.width
    left = halve(halve(halve(halve(height))))
    conv = partial(ConvBlock, normalize=True, dtype=dtype)

    def stage(number: int, size: int, blocks: int, changes: bool = True) -> list[BasicBlock]:
        return [
            BasicBlock(size, changes and n == 1, dtype, name=f"stage{number}_block{n}")
            for n in range(1, blocks + 1)
        ]

    return ConvEncoder(
        [
            conv(filters, name="conv0_1"),
            conv(2 * filters, pool=(2, 2), name="conv0_2"),
            *stage(1, 4 * filters, 1),
            conv(4 * filters, pool=(2, 2), name="conv1"),
            *stage(2, 8 * filters, 2),
            conv(8 * filters, name="conv2"),
            OverlappingPool(name="pool", dtype=dtype),
            *stage(3, 16 * filters, 5),
            conv(16 * filters, name="conv3"),
            *stage(4, 16 * filters, 3, changes=False),
            conv(16 * filters, (2, 2), stride=(2, 1), name="conv4_1"),
            conv(16 * filters, (left, 2), same_height=False, name="conv4_2"),
        ],
        rectifier=config.rectifier.build(dtype),
        name="encoder",
        dtype=dtype,
    )
