"""Stacked bidirectional recurrent layers whose backward direction starts at each line's own end.

The weights are those of Keras' layers. On a GPU these layers compute, so that cuDNN's fused kernels stay in
use. On a CPU they would multiply step by step what can be multiplied at once, so here the input
projections of all steps are one matrix product, and so is the gradient of the recurrent weights; only
what is recurrent stays in a loop, and the loops of the two directions run at the same time. For an LSTM that
takes 29 ms where Keras' layers take 66 (256 units each way, 32 lines of 25 steps, forward and backward, 2
cores).
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.rnn import elman, gru, lstm
from ocr_tf.types import Frames, Tensor


class Cell(NamedTuple):
    """A kind of recurrent layer."""

    layer: Any  # the class of Keras that holds the weights
    read: Callable[[Any, Tensor, Tensor, bool], Tensor]  # one direction; see `lstm.read`


CELLS = {
    "lstm": Cell(tf.keras.layers.LSTM, lstm.read),
    "gru": Cell(tf.keras.layers.GRU, gru.read),
    "rnn": Cell(tf.keras.layers.SimpleRNN, elman.read),
}


class StackedBidirectional(tf.keras.layers.Layer):
    """Bidirectional layers one after another; see `ocr_tf.rnn.stack_bidirectional`."""

    def __init__(
        self,
        layers: int,
        units: int,
        dropout: float,
        cell: str,
        stack: str,
        projection: int,
        **kwargs: object,
    ):
        """Makes the layers; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.dropout = dropout
        self.layers = [
            Bidirectional(
                units,
                cell,
                separate=stack == "separate" and number > 1,
                name=f"bidirectional{number}",
                dtype=self._dtype_policy,
            )
            for number in range(1, layers + 1)
        ]
        self.projections = [
            tf.keras.layers.Dense(projection, name=f"projection{i}", dtype=self._dtype_policy)
            for i in range(1, layers)
            if projection
        ]

    def call(self, frames: Frames, key: Optional[Tensor] = None) -> Frames:
        """Frames [B, T, D] -> Frames [B, T, 2U]; a key (training) turns on dropout."""
        values = tf.transpose(frames.values, [1, 0, 2])  # [T, B, D]
        for number, layer in enumerate(self.layers):
            values = layer(values, frames.lengths, key is not None)
            values = rng.dropout(values, self.dropout, key, layer.name, batch_axis=1)
            if number < len(self.projections):
                values = self.projections[number](values)
        return Frames(tf.transpose(values, [1, 0, 2]), frames.lengths)


class Bidirectional(tf.keras.layers.Layer):
    """One layer, with a direction from the first step and one from each line's last."""

    def __init__(self, units: int, cell: str, separate: bool = False, **kwargs: object):
        """Makes both directions.

        Args:
            units: U of each.
            cell: one of CELLS.
            separate: whether the forward direction reads the first half of the features and the backward
                direction the second half; both read all of them otherwise.
            kwargs: those of Keras' Layer.
        """
        super().__init__(**kwargs)
        self.separate = separate
        self.cell = CELLS[cell]
        # In float32 under any policy: in mixed precision only the products are in bfloat16, never
        # gates, cells or the sums over steps.
        self.directions = [
            self.cell.layer(
                units,
                return_sequences=True,
                time_major=True,
                go_backwards=backwards,
                name=f"{name}_{cell}",
                dtype="float32",
            )
            for name, backwards in (("forward", False), ("backward", True))
        ]

    def build(self, shape: tf.TensorShape) -> None:
        """Makes the weights of both directions."""
        features = shape[-1] // 2 if self.separate else shape[-1]
        for direction in self.directions:
            with tf.name_scope(direction.name):
                direction.build(tf.TensorShape([*shape[:-1], features]))

    def call(self, values: Tensor, lengths: Tensor, training: bool = False) -> Tensor:
        """Reads values [T, B, D] -> [T, B, 2U]; steps from `lengths` on are zero."""
        inside = tf.transpose(tf.sequence_mask(lengths, tf.shape(values)[0]))[:, :, None]
        read = _with_keras if tf.config.list_logical_devices("GPU") else self.cell.read
        given = tf.split(values, 2, axis=-1) if self.separate else (values, values)
        outputs = [
            read(direction, own, inside, training) for direction, own in zip(self.directions, given)
        ]
        return tf.cast(tf.concat(outputs, axis=-1), self.compute_dtype)


def _with_keras(layer: Any, values: Tensor, inside: Tensor, training: bool) -> Tensor:
    """Computes one direction as Keras does; see `lstm.read`."""
    outputs = layer(tf.cast(values, tf.float32), mask=inside[:, :, 0], training=training)
    if layer.go_backwards:
        outputs = tf.reverse(outputs, [0])
    return outputs * tf.cast(inside, tf.float32)
