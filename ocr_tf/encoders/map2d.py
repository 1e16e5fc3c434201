"""An encoder that keeps the map: every cell is a frame, which says where in the image it is.

Convolutions and poolings bring 8x8 pixels to a cell; features of a cell are followed by sines and cosines of
its row and of its column (Vaswani et al. 2017, section 3.5, for each axis). Xu et al. 2015, Show, Attend
and Tell, section 3.1.1, attend to such a map. Columns come one after another, each from the top: so what
pads an image lies behind the frames of the image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import tensorflow as tf

from ocr_tf.encoders import Convolution, halve
from ocr_tf.encoders.layers import ConvBlock, ConvEncoder
from ocr_tf.positions import positions
from ocr_tf.types import Frames, Images, Tensor

if TYPE_CHECKING:
    from ocr_tf.encoders import Map2D


class MapEncoder(tf.keras.layers.Layer):
    """Convolutions, bands of rows, positions; one frame for each cell."""

    def __init__(self, config: Map2D, height: int, **kwargs: object):
        """Makes an encoder of images `height` pixels high; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.rows, self.sines = config.map_rows, config.positions
        self.left = halve(halve(halve(height)))  # rows behind the convolutions
        layers = (
            Convolution(config.width, (5, 5), stride=2, pool=(2, 2)),
            Convolution(2 * config.width, normalize=True, pool=(2, 2)),
            Convolution(4 * config.width, normalize=True),
            Convolution(4 * config.width, normalize=True),
        )
        blocks = [
            ConvBlock(
                layer.filters,
                layer.kernel,
                stride=(layer.stride, layer.stride),
                normalize=layer.normalize,
                pool=layer.pool,
                name=f"conv{number}",
                dtype=self._dtype_policy,
            )
            for number, layer in enumerate(layers, 1)
        ]
        self.convolutions = ConvEncoder(
            blocks, config.dropout, name="convolutions", dtype=self._dtype_policy
        )

    def call(self, images: Images, key: Optional[Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, D], T = rows * columns, column by column."""
        columns = self.convolutions(images, key)
        batch, width = tf.shape(columns.values)[0], tf.shape(columns.values)[1]
        cells = tf.reshape(columns.values, [batch, width, self.left, -1])
        cells = tf.stack([tf.reduce_max(cells[:, :, a:b], 2) for a, b in self._bands()], axis=2)
        shape = [batch, width, self.rows, self.sines]
        down = tf.broadcast_to(positions(self.rows, self.sines), shape)
        across = tf.broadcast_to(positions(width, self.sines)[:, None], shape)
        places = tf.cast(tf.concat([down, across], axis=3), cells.dtype)
        features = columns.values.shape[2] // self.left + 2 * self.sines
        frames = tf.reshape(
            tf.concat([cells, places], axis=3), [batch, width * self.rows, features]
        )
        return Frames(frames, columns.lengths * self.rows)

    def _bands(self) -> list[tuple[int, int]]:
        """Lists the rows that each row of the map is the maximum of; they overlap where none divides."""
        left, rows = self.left, self.rows
        return [(r * left // rows, -(-(r + 1) * left // rows)) for r in range(rows)]


def build(config: Map2D, height: int, dtype: str) -> MapEncoder:
    """Makes the encoder of images `height` pixels high, computing in `dtype`."""
    return MapEncoder(config, height, name="encoder", dtype=dtype)
