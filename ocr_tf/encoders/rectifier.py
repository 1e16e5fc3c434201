"""A thin-plate spline that rectifies each image before an encoder sees it, and learns to.

Shi et al. 2016, Robust Scene Text Recognition with Automatic Rectification (RARE), section 3.1: a small
network looks at the image and says where F fiducial points lie in it, a spline through them gives every
pixel of the rectified image its place in the image, and a bilinear sampler reads it there (Jaderberg et al.
2015, Spatial Transformer Networks). Shapes of the network are those of Baek et al. 2019.

Two things differ. The network puts out how far the points are from where they are in the rectified image,
and begins at zero: the first rectification changes nothing. And coordinates are relative to each line's own
width, so that a line is rectified alike at any padding.

Letters: F fiducial points; coordinates (x, y) from -1 to 1, the edges of a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.encoders.batch_norm import column_mask
from ocr_tf.encoders.layers import ConvBlock
from ocr_tf.types import Array, Images, Tensor

if TYPE_CHECKING:
    from ocr_tf.encoders import Rectifier


def fiducial_points(number: int) -> Array:
    """Places points evenly on the upper, then on the lower edge of the rectified image: [F, 2]."""
    x = np.linspace(-1, 1, number // 2)
    return np.concatenate([np.stack([x, np.full_like(x, y)], axis=1) for y in (-1, 1)])


def interpolation(points: Array) -> Array:
    """Solves for the spline through values at points [F, 2]: the matrix [3 + F, F] of its coefficients.

    Times values [F, n] it gives those of 1, x, y and of each point's d^2 log d^2 (the paper's equation 2).
    """
    number = len(points)
    squared = np.sum((points[:, None] - points) ** 2, axis=2)
    affine = np.concatenate([np.ones([number, 1]), points], axis=1)
    system = np.zeros([number + 3, number + 3])
    system[:number, :3], system[number:, 3:] = affine, affine.T
    system[:number, 3:] = squared * np.log(np.where(squared == 0, 1, squared))
    return np.linalg.inv(system)[:, :number]


def influence(places: Tensor, points: Array) -> Tensor:
    """Computes what each point's value counts at places [..., 2] of the spline: [..., F] float32."""
    x, y = places[..., :1], places[..., 1:]
    squared = tf.square(x - points[:, 0]) + tf.square(y - points[:, 1])
    bumps = squared * tf.math.log(tf.maximum(squared, 1e-12))
    basis = tf.concat([tf.ones_like(x), x, y, bumps], axis=-1)
    matrix = tf.constant(interpolation(points), tf.float32)
    return tf.reshape(
        tf.matmul(tf.reshape(basis, [-1, basis.shape[-1]]), matrix),
        tf.concat([tf.shape(places)[:-1], [len(points)]], axis=0),
    )


def sample(images: Images, x: Tensor, y: Tensor) -> Tensor:
    """Reads images bilinearly at places between their pixels; what lies outside has the edge's gray.

    Args:
        images: [B, H, W, 1].
        x: [B, H', W'] in columns; 0 is the middle of the first.
        y: [B, H', W'] in rows.

    Returns:
        [B, H', W', 1]; the gradients by x and y are those of Jaderberg et al. 2015, equation 7.
    """
    height, width = tf.shape(images.values)[1], tf.shape(images.values)[2]
    pixels = tf.reshape(images.values, [-1, height * width])
    lowest, last = height - 1, tf.maximum(images.widths, 1)[:, None, None] - 1
    x = tf.clip_by_value(x, 0.0, tf.cast(last, tf.float32))
    y = tf.clip_by_value(y, 0.0, tf.cast(lowest, tf.float32))
    # Clipped again, as of what is not a number there is no whole one.
    left = tf.clip_by_value(tf.cast(tf.floor(x), tf.int32), 0, last)
    top = tf.clip_by_value(tf.cast(tf.floor(y), tf.int32), 0, lowest)
    right, bottom = tf.minimum(left + 1, last), tf.minimum(top + 1, lowest)
    across, down = x - tf.cast(left, tf.float32), y - tf.cast(top, tf.float32)

    def row(number: Tensor) -> Tensor:
        one, other = (
            tf.gather(pixels, number * width + column, batch_dims=1) for column in (left, right)
        )
        return one + (other - one) * across

    upper = row(top)
    return (upper + (row(bottom) - upper) * down)[..., None]


class RectifierLayer(tf.keras.layers.Layer):
    """Localizes the fiducial points and reads the image along the spline through them."""

    def __init__(self, config: Rectifier, **kwargs: object):
        """Makes the layer; `kwargs` are those of Keras' Layer."""
        super().__init__(autocast=False, **kwargs)  # it samples in float32
        self.points = fiducial_points(config.points)
        self.blocks = [
            ConvBlock(
                multiple * config.width,
                normalize=True,
                pool=(2, 2) if multiple < 8 else (1, 1),
                name=f"conv{number}",
                dtype=self._dtype_policy,
            )
            for number, multiple in enumerate((1, 2, 4, 8), 1)
        ]
        self.hidden = tf.keras.layers.Dense(
            4 * config.width, "relu", name="hidden", dtype=self._dtype_policy
        )

    def build(self, shape: tf.TensorShape) -> None:
        """Makes the last layer, which puts out the points and starts at zero."""
        outputs = self.points.size
        self.kernel = self.add_weight(
            "zero_kernel", [self.hidden.units, outputs], experimental_autocast=False
        )
        self.bias = self.add_weight("bias", [outputs], experimental_autocast=False)

    def call(self, images: Images, key: Optional[Tensor] = None) -> Images:
        """Images [B, H, W, 1] -> Images of the same sizes, rectified, float32.

        With a key (training) the normalizations use batch statistics.
        """
        mask = column_mask(images.widths, tf.shape(images.values)[2], tf.float32)
        images = Images(tf.cast(images.values, tf.float32) * mask, images.widths)
        offsets = self.offsets(images, key is not None)
        height, width = tf.shape(images.values)[1], tf.shape(images.values)[2]
        half = tf.cast(tf.maximum(images.widths, 1), tf.float32)[:, None] / 2  # [B, 1]
        columns = tf.range(tf.cast(width, tf.float32))
        rows = tf.range(tf.cast(height, tf.float32))
        lines = tf.shape(half)[0]
        x = tf.tile(((columns + 0.5) / half - 1)[:, None, :], [1, height, 1])  # [B, H, W]
        y = tf.tile(((rows + 0.5) * 2 / tf.cast(height, tf.float32) - 1)[:, None], [1, width])
        places = tf.stack([x, tf.tile(y[None], [lines, 1, 1])], axis=-1)
        weights = tf.reshape(
            influence(places, self.points), [lines, height * width, len(self.points)]
        )
        moved = tf.reshape(tf.matmul(weights, offsets), [lines, height, width, 2])
        x = columns + moved[..., 0] * half[:, :, None]
        y = rows[:, None] + moved[..., 1] * tf.cast(height, tf.float32) / 2
        return Images(sample(images, x, y) * mask, images.widths)

    def offsets(self, images: Images, batch_statistics: bool = False) -> Tensor:
        """Says how far the points lie from those of the rectified image, [B, F, 2] float32."""
        images = Images(tf.cast(images.values, self.compute_dtype), images.widths)
        for block in self.blocks:
            images = block(images, batch_statistics)
        # Zero behind a line's end: the mean over its own pixels.
        total = tf.reduce_sum(tf.cast(images.values, tf.float32), axis=[1, 2])
        pixels = tf.maximum(images.widths, 1) * tf.shape(images.values)[1]
        mean = total / tf.cast(pixels, tf.float32)[:, None]
        hidden = tf.cast(self.hidden(tf.cast(mean, self.compute_dtype)), tf.float32)
        return tf.reshape(tf.matmul(hidden, self.kernel) + self.bias, [-1, *self.points.shape])
