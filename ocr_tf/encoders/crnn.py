"""The CRNN encoder: Shi et al. 2015, Table 1, for any height and width.

32 pixels high, it is the paper's network, but for the last convolution, which is same-padded along the
width, and for the biases in front of the normalizations, which would undo them: 32x100 gives T = 25 steps
of D = 512. At another height the last kernel is as high as what the poolings leave.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ocr_tf.encoders import halve
from ocr_tf.encoders.layers import ConvBlock, ConvEncoder

if TYPE_CHECKING:
    from ocr_tf.encoders import CRNN


def build(config: CRNN, height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    filters, left = config.width, height
    for _ in range(4):
        left = halve(left)
    across = (2, 1)  # the paper's 1x2 windows: halve the height alone
    block = partial(ConvBlock, dtype=dtype)
    return ConvEncoder(
        [
            block(filters, pool=(2, 2), name="conv1"),
            block(2 * filters, pool=(2, 2), name="conv2"),
            block(4 * filters, name="conv3"),
            block(4 * filters, pool=across, name="conv4"),
            block(8 * filters, normalize=True, name="conv5"),
            block(8 * filters, normalize=True, pool=across, name="conv6"),
            block(8 * filters, (left, 2), same_height=False, name="conv7"),
        ],
        rectifier=config.rectifier.build(dtype),
        name="encoder",
        dtype=dtype,
    )
