"""The CRNN encoder: Shi et al. 2015, Table 1, for any height and width.

32 pixels high, it is the paper's network, but for the last convolution, which is same-padded along the
width, and for the biases in front of the normalizations, which would undo them: 32x100 gives T = 25 steps
of D = 512. At another height the last kernel is as high as what the poolings leave.
"""

from __future__ import annotations

from functools import partial

from ocr_tf.encoders import halve
from ocr_tf.encoders.layers import ConvBlock, ConvEncoder


def build(height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    left = height
    for _ in range(4):
        left = halve(left)
    across = (2, 1)  # the paper's 1x2 windows: halve the height alone
    block = partial(ConvBlock, dtype=dtype)
    return ConvEncoder(
        [
            block(64, pool=(2, 2), name="conv1"),
            block(128, pool=(2, 2), name="conv2"),
            block(256, name="conv3"),
            block(256, pool=across, name="conv4"),
            block(512, normalize=True, name="conv5"),
            block(512, normalize=True, pool=across, name="conv6"),
            block(512, (left, 2), same_height=False, name="conv7"),
        ],
        name="encoder",
        dtype=dtype,
    )
