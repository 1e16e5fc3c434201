"""Columns of pixels as frames, or histograms of oriented gradients about each column; no weights.

Letters: B lines, H rows, W columns, T = W steps, K = ceil(H / cell) cells of a column, O orientations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Optional

import tensorflow as tf

from ocr_tf.encoders.batch_norm import column_mask
from ocr_tf.encoders.layers import standardize, to_frames
from ocr_tf.types import Frames, Images, Tensor

if TYPE_CHECKING:
    from ocr_tf.encoders import Columns

# Keeps paper from a division by zero, and its noise small: the length of a column's histograms, in grays
# of [-1, 1], at which their values are halved.
FAINT = 1.0


class ColumnsEncoder(tf.keras.layers.Layer):
    """Images [B, H, W, 1] to frames [B, T, H] of pixels, or [B, T, K * O] of histograms."""

    def __init__(self, config: Columns, **kwargs: object):
        """Makes an encoder; `kwargs` are those of Keras' Layer."""
        super().__init__(autocast=False, **kwargs)  # differences of near grays are taken in float32
        self.config = config

    def call(self, images: Images, key: Optional[Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, D], zeros where a line has ended."""
        config = self.config
        if config.standardize:
            images = standardize(images)
        if config.features == "hog":
            values = histograms(images, config.cell, config.around, config.orientations)
        else:
            values = -images.values if config.standardize else (1 - images.values) / 2
        mask = column_mask(images.widths, tf.shape(values)[2], values.dtype)
        frames = to_frames(Images(values * mask, images.widths))
        return Frames(tf.cast(frames.values, self.compute_dtype), frames.lengths)


def histograms(images: Images, cell: int, around: int, orientations: int) -> Tensor:
    """Describes each column by histograms of the orientations of gradients in cells about it.

    Dalal and Triggs 2005, Histograms of Oriented Gradients for Human Detection, section 6: centered
    differences without smoothing, votes of the gradient's magnitude, split between the two nearest of
    evenly spaced orientations over half a turn. Departures, as a step is one column: cells move by one
    column and do not overlap along the height, votes are not split between cells, and all cells of a column
    are one block, normalized by its Euclidean length.

    Args:
        images: [B, H, W, 1] gray in [-1, 1].
        cell: rows of a cell; the last one may have fewer.
        around: columns of a cell on either side of its middle; those outside the line have no votes.
        orientations: O.

    Returns:
        [B, K, W, O] float32; unspecified where a line has ended.
    """
    across, down = gradients(images)
    width = tf.shape(across)[2]
    mask = column_mask(images.widths, width, tf.float32)
    magnitude = tf.sqrt(across * across + down * down) * mask
    # Bin k is about the orientation (k + 1/2) pi / O.
    place = tf.math.atan2(down, across) * (orientations / math.pi) - 0.5
    distance = tf.math.floormod(place - tf.range(orientations, dtype=tf.float32), orientations)
    distance = tf.minimum(distance, orientations - distance)
    votes = magnitude * tf.maximum(1 - distance, 0)  # [B, H, W, O]
    missing = -votes.shape[1] % cell
    votes = tf.pad(votes, [[0, 0], [0, missing], [around, around], [0, 0]])
    rows = tf.reshape(votes, [-1, votes.shape[1] // cell, cell, width + 2 * around, orientations])
    cells = tf.reduce_sum(rows, axis=2)
    cells = tf.add_n([cells[:, :, shift : shift + width] for shift in range(2 * around + 1)])
    squares = tf.reduce_sum(cells * cells, axis=[1, 3], keepdims=True)
    return cells * tf.math.rsqrt(squares + FAINT**2)


def gradients(images: Images) -> tuple[Tensor, Tensor]:
    """Takes centered differences across and down, [B, H, W, 1] each; edges of a line are repeated."""
    values, widths = images
    width = tf.shape(values)[2]
    left = tf.concat([values[:, :, :1], values[:, :, :-1]], axis=2)
    right = tf.concat([values[:, :, 1:], values[:, :, -1:]], axis=2)
    last = tf.equal(tf.range(width), widths[:, None] - 1)[:, None, :, None]
    above = tf.concat([values[:, :1], values[:, :-1]], axis=1)
    below = tf.concat([values[:, 1:], values[:, -1:]], axis=1)
    return tf.where(last, values, right) - left, below - above
