"""A small encoder for CPUs: a strided first convolution keeps the full-resolution work small.

At height 32, with two layers of 160 units each way, 1.3 M parameters; T = W / 4, D = 128 * H / 16.
"""

from __future__ import annotations

from functools import partial

from ocr_tf.encoders.layers import ConvBlock, ConvEncoder


def build(height: int, dtype: str) -> ConvEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    block = partial(ConvBlock, dtype=dtype)
    return ConvEncoder(
        [
            block(32, (5, 5), stride=2, name="conv1"),
            block(64, normalize=True, pool=(2, 2), name="conv2"),
            block(128, normalize=True, pool=(2, 1), name="conv3"),
            block(128, normalize=True, pool=(2, 1), name="conv4"),
        ],
        name="encoder",
        dtype=dtype,
    )
