"""The place of a frame or symbol, as a vector that a network can compute with."""

from __future__ import annotations

import math
from typing import Union

import tensorflow as tf

from ocr_tf.types import Tensor


def positions(steps: Tensor, size: int, first: Union[Tensor, float] = 0.0) -> Tensor:
    """Returns sines and cosines of the places first, first + 1, ..., of which there are `steps`: [T, size].

    Wavelengths grow geometrically, from 4 to 4096 steps. Vaswani et al. 2017, section 3.5: a shift in
    position is a linear map of these.
    """
    waves = size // 2
    lengths = 4.0 * 1024.0 ** (tf.range(waves, dtype=tf.float32) / max(1, waves - 1))
    places = first + tf.range(steps, dtype=tf.float32)
    angles = 2 * math.pi * places[:, None] / lengths
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
