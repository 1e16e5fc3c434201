"""Light perturbation of line images, keyed: the same key gives the same bits.

One affine map (scale, shear, shift, rotation), then contrast, brightness and noise. Nothing is
pushed out at the ends: the image grows as its content does. It never gets narrower than it was, so
a label that was reachable from the line's width stays so.
"""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from ocr_tf.types import Tensor


@dataclasses.dataclass(frozen=True)
class Strengths:
    """The bounds of each uniformly drawn perturbation; 0 switches one off."""

    stretch: float = 0.10  # of the width, either way
    zoom: float = 0.08  # of the content's height, either way
    shear: float = 0.30  # columns a row, either way
    shift: float = 0.04  # of the height, up and down and sideways
    rotation: float = 0.01  # rows a column (radians), and at most 5 % of the height at the ends
    contrast: float = 0.25  # of the distance from the border's gray, either way
    brightness: float = 0.15  # of the range [-1, 1], either way
    noise: float = 0.06  # largest standard deviation, of the range [-1, 1]


LIGHT = Strengths()


def augment(
    image: Tensor, key: Tensor, strengths: Strengths = LIGHT, keep_width: bool = False
) -> Tensor:
    """Perturbs a copy of a line image.

    Args:
        image: [H, W, 1] float32 in [-1, 1].
        key: [2] int32 or int64, the seed of all that is drawn.
        strengths: bounds.
        keep_width: the content is fitted into W columns instead of growing the image.

    Returns:
        [H, W', 1] float32 in [-1, 1]; W <= W' <= W (1 + stretch) + H (shear + 2 shift) + 2.
    """
    key = tf.convert_to_tensor(key)
    draws = tf.random.stateless_uniform([9], key, -1.0, 1.0, alg="philox")
    height = tf.cast(tf.shape(image)[0], tf.float32)
    width = tf.cast(tf.shape(image)[1], tf.float32)
    stretch = 1.0 + strengths.stretch * draws[0]
    zoom = 1.0 + strengths.zoom * draws[1]
    shear = strengths.shear * draws[2]
    across = strengths.shift * height * draws[3]
    down = strengths.shift * height * draws[4]
    slope = tf.minimum(strengths.rotation, 0.1 * height / width) * draws[5]

    needed = width * stretch + tf.abs(shear) * height + 2.0 * tf.abs(across)
    if keep_width:
        canvas = width
        fit = tf.minimum(1.0, width / needed)
        stretch, shear, across = stretch * fit, shear * fit, across * fit
    else:
        canvas = tf.maximum(width, tf.math.ceil(needed))

    # About the centers, input from output: y = (y' - down - slope x') / zoom and
    # x = (x' - across - shear y') / stretch.
    rows = [1.0 / stretch, -shear / stretch, -slope / zoom, 1.0 / zoom]
    middle = (width - 1.0) * 0.5, (height - 1.0) * 0.5
    center = (canvas - 1.0) * 0.5 + across, middle[1] + down
    offset_x = middle[0] - rows[0] * center[0] - rows[1] * center[1]
    offset_y = middle[1] - rows[2] * center[0] - rows[3] * center[1]
    matrix = tf.stack([rows[0], rows[1], offset_x, rows[2], rows[3], offset_y, 0.0, 0.0])
    background = _border(image)
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[tf.newaxis],
        transforms=matrix[tf.newaxis],
        output_shape=tf.cast(tf.stack([height, canvas]), tf.int32),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=background,
    )[0]

    contrast = 1.0 + strengths.contrast * draws[6]
    offset = (1.0 - contrast) * background + strengths.brightness * draws[7]
    deviation = strengths.noise * tf.abs(draws[8])
    # Another key than that of the draws above, which would repeat them in the noise.
    noise_key = tf.bitwise.bitwise_xor(key, tf.constant([0, 0x5BD1E995], key.dtype))
    noise = tf.random.stateless_normal(tf.shape(moved), noise_key, alg="philox")
    # Never three terms of a sum in a row: graph optimization would reorder them, eager code not.
    result = tf.clip_by_value(contrast * moved + offset, -1.0, 1.0)
    result = tf.clip_by_value(result + deviation * noise, -1.0, 1.0)
    return tf.ensure_shape(result, [image.shape[0], image.shape[1] if keep_width else None, 1])


def _border(image: Tensor) -> Tensor:
    """Returns the mean gray of the outermost rows and columns: the paper beside the line."""
    edges = [image[0], image[-1], image[:, 0], image[:, -1]]
    return tf.reduce_mean(tf.stack([tf.reduce_mean(edge) for edge in edges]))
