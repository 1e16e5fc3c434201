"""The generated batch that a network is measured on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.types import Batch, Images, Labels


def batch(
    size: int, height: int, width: int, alphabet: Alphabet, length: int, narrowest: int = 0
) -> Batch:
    """Generates noise with random labels of `length` symbols.

    All lines are `width` pixels wide; with `narrowest`, their widths go evenly from there to `width`.
    """
    draw = np.random.default_rng(0)
    values = draw.uniform(-1, 1, [size, height, width, 1]).astype(np.float32)
    widths = np.linspace(narrowest or width, width, size).round().astype(np.int32)
    values *= (np.arange(width) < widths[:, None])[:, None, :, None]
    ids = draw.integers(len(alphabet), size=[size, length]).astype(np.int32)
    return Batch(
        Images(tf.constant(values), tf.constant(widths)),
        Labels(tf.constant(ids), tf.fill([size], length)),
        tf.range(size),
        tf.ones([size], tf.bool),
    )
