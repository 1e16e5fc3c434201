"""Stacked bidirectional LSTMs whose backward direction starts at each line's own end.

The weights are those of Keras' LSTM layers. On a GPU these layers compute, so that cuDNN's fused kernel
stays in use. On a CPU they would multiply step by step what can be multiplied at once, so here the input
projections of all steps are one matrix product, and so is the gradient of the recurrent weights; only
what is recurrent stays in a loop, and the loops of the two directions run at the same time.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.types import Frames

# A gate's input where a line has ended: closed gates hold output and cell at exactly 0, so the
# recurrence needs no mask, and the backward direction finds its first state at each line's end.
CLOSED = -1e4


def stack_bidirectional(
    layers: int, units: int, dropout: float = 0.0, dtype: str = "float32"
) -> StackedBidirectional:
    """`layers` bidirectional LSTMs; each layer's two directions are concatenated and fed to the next.

    Frames [B, T, D] -> Frames [B, T, 2 * units], or as they came with 0 layers. Dropout acts on the
    output of each layer.
    """
    return StackedBidirectional(layers, units, dropout, name="sequence", dtype=dtype)


class StackedBidirectional(tf.keras.layers.Layer):
    def __init__(self, layers: int, units: int, dropout: float, **kwargs: object):
        super().__init__(**kwargs)
        self.dropout = dropout
        self.layers = [
            BidirectionalLSTM(units, name=f"bidirectional{i}", dtype=self._dtype_policy)
            for i in range(1, layers + 1)
        ]

    def call(self, frames: Frames, key: Optional[tf.Tensor] = None) -> Frames:
        values = tf.transpose(frames.values, [1, 0, 2])  # [T, B, D]
        for layer in self.layers:
            values = layer(values, frames.lengths, key is not None)
            values = rng.dropout(values, self.dropout, key, layer.name)
        return Frames(tf.transpose(values, [1, 0, 2]), frames.lengths)


class BidirectionalLSTM(tf.keras.layers.Layer):
    """One layer; gates in Keras' order: input, forget, candidate, output."""

    def __init__(self, units: int, **kwargs: object):
        super().__init__(**kwargs)
        self.units = units
        # In float32 under any policy: in mixed precision only the products are in bfloat16, never
        # gates, cells or the sums over steps.
        self.directions = [
            tf.keras.layers.LSTM(
                units,
                return_sequences=True,
                time_major=True,
                go_backwards=backwards,
                name=name,
                dtype="float32",
            )
            for name, backwards in (("forward_lstm", False), ("backward_lstm", True))
        ]

    def build(self, shape: tf.TensorShape) -> None:
        for direction in self.directions:
            with tf.name_scope(direction.name):
                direction.build(shape)

    def call(self, values: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """values [T, B, D] -> [T, B, 2 * units]; steps from `lengths` on are zero."""
        inside = tf.sequence_mask(lengths, tf.shape(values)[0])  # [B, T]
        direct = _with_keras if tf.config.list_logical_devices("GPU") else _with_loop
        outputs = [direct(lstm, values, inside, training) for lstm in self.directions]
        return tf.cast(tf.concat(outputs, axis=-1), self.compute_dtype)


def _with_keras(
    lstm: tf.keras.layers.LSTM, values: tf.Tensor, inside: tf.Tensor, training: bool
) -> tf.Tensor:
    """One direction, [T, B, D] -> [T, B, U] float32, as Keras computes it."""
    outputs = lstm(tf.cast(values, tf.float32), mask=tf.transpose(inside), training=training)
    if lstm.go_backwards:
        outputs = tf.reverse(outputs, [0])
    return outputs * tf.cast(tf.transpose(inside), tf.float32)[:, :, None]


def _with_loop(
    lstm: tf.keras.layers.LSTM, values: tf.Tensor, inside: tf.Tensor, training: bool
) -> tf.Tensor:
    """The same as a product over all steps and a loop of what is recurrent."""
    cell, scale = lstm.cell, _gates(lstm.units)[0]
    steps, batch = tf.shape(values)[0], tf.shape(values)[1]
    kernel = tf.cast(cell.kernel * scale, values.dtype)
    recurrent = tf.cast(cell.recurrent_kernel * scale, values.dtype)
    product = tf.cast(tf.matmul(tf.reshape(values, [-1, values.shape[-1]]), kernel), tf.float32)
    closed = tf.where(tf.reshape(tf.transpose(inside), [-1, 1]), 0.0, CLOSED)
    projected = tf.reshape(product + cell.bias * scale + closed, [steps, batch, 4 * lstm.units])
    recur = recur_with_gradient if training else recur_only
    return recur(projected, recurrent, lstm.go_backwards)


def _product(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Multiplied in the weights' dtype, given back in float32."""
    return tf.cast(tf.matmul(tf.cast(values, weights.dtype), weights), tf.float32)


def _gates(units: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Factors and offsets that make one tanh compute all gates: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
    sigmoid = [0.5] * units
    scale = tf.constant(sigmoid + sigmoid + [1.0] * units + sigmoid)
    offset = tf.constant(sigmoid + sigmoid + [0.0] * units + sigmoid)
    return scale, offset


def _loop(steps: tf.Tensor, backwards: bool, body: Callable, start: tuple) -> tuple:
    """body(t, *values) -> values, for t = 0 .. steps - 1 or the other way."""

    def go_on(t: tf.Tensor, *_: Any) -> tf.Tensor:
        return t >= 0 if backwards else t < steps

    def step(t: tf.Tensor, *values: Any) -> tuple:
        return (t - 1 if backwards else t + 1, *body(t, *values))

    return tf.while_loop(go_on, step, (steps - 1 if backwards else 0, *start))[1:]


def _run(
    projected: tf.Tensor, recurrent: tf.Tensor, backwards: bool, save: bool
) -> tuple[tf.Tensor, ...]:
    """Outputs [T, B, U]; if saved, also gates [T, B, 4U] and cells [T, B, U] of every step."""
    units = recurrent.shape[0]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    scale, offset = _gates(units)

    def body(t: tf.Tensor, output: tf.Tensor, cell: tf.Tensor, saved: tuple) -> tuple:
        gates = tf.tanh(projected[t] + _product(output, recurrent)) * scale + offset
        enter, forget, candidate, leave = tf.split(gates, 4, axis=-1)
        cell = forget * cell + enter * candidate
        output = leave * tf.tanh(cell)
        values = (output, gates, cell) if save else (output,)
        return output, cell, tuple(a.write(t, v) for a, v in zip(saved, values))

    zeros = tf.zeros([batch, units])
    sizes = (units, 4 * units, units) if save else (units,)
    lines = projected.shape[1]  # TensorFlow Lite converts no array whose elements' shape is unknown
    arrays = tuple(tf.TensorArray(tf.float32, steps, element_shape=[lines, n]) for n in sizes)
    *_, saved = _loop(steps, backwards, body, (zeros, zeros, arrays))
    return tuple(array.stack() for array in saved)


def recur_only(projected: tf.Tensor, recurrent: tf.Tensor, backwards: bool) -> tf.Tensor:
    """The recurrence without what a gradient needs: [T, B, 4U], [U, 4U] -> [T, B, U].

    Both factors hold each gate's scale (see `_gates`); products are in the weights' dtype.
    """
    return _run(projected, recurrent, backwards, save=False)[0]


def recur_with_gradient(projected: tf.Tensor, recurrent: tf.Tensor, backwards: bool) -> tf.Tensor:
    """The same with its gradient: backpropagation through time (Graves 2012, section 4.6)."""

    @tf.custom_gradient
    def recur(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, object]:
        outputs, gates, cells = _run(projected, recurrent, backwards, save=True)

        def gradient(d_outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return _gradient(d_outputs, outputs, gates, cells, recurrent, backwards)

        return outputs, gradient

    return recur(projected, recurrent)


def _gradient(
    d_outputs: tf.Tensor,
    outputs: tf.Tensor,
    gates: tf.Tensor,
    cells: tf.Tensor,
    recurrent: tf.Tensor,
    backwards: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Of the projected inputs and the recurrent weights."""
    units = recurrent.shape[0]
    steps, batch = tf.shape(outputs)[0], tf.shape(outputs)[1]

    def before(values: tf.Tensor) -> tf.Tensor:
        """Each step's predecessor in the direction's own order; zeros before the first."""
        zeros = tf.zeros_like(values[:1])
        return tf.concat([values[1:], zeros] if backwards else [zeros, values[:-1]], axis=0)

    # Everything that does not depend on the recurrence, for all steps at once: how a cell reacts to its
    # output, and a scaled gate's input to its cell (three gates) or its output (the last).
    enter, forget, candidate, leave = tf.split(gates, 4, axis=-1)
    bent = tf.tanh(cells)
    reacts = leave * (1 - bent * bent)
    factors = tf.concat(
        [
            2 * candidate * enter * (1 - enter),
            2 * before(cells) * forget * (1 - forget),
            enter * (1 - candidate * candidate),
            2 * bent * leave * (1 - leave),
        ],
        axis=-1,
    )
    across = tf.transpose(recurrent)  # once: a product that transposes would do so at every step

    def body(t: tf.Tensor, d_output: tf.Tensor, d_cell: tf.Tensor, saved: tf.TensorArray) -> tuple:
        d_output += d_outputs[t]
        d_cell += d_output * reacts[t]
        d_inputs = tf.concat([d_cell, d_cell, d_cell, d_output], axis=-1) * factors[t]
        return _product(d_inputs, across), d_cell * forget[t], saved.write(t, d_inputs)

    zeros = tf.zeros([batch, units])
    array = tf.TensorArray(tf.float32, steps, element_shape=[None, 4 * units])
    *_, saved = _loop(steps, not backwards, body, (zeros, zeros, array))
    d_projected = saved.stack()  # [T, B, 4U]
    fed = tf.reshape(before(outputs), [-1, units])
    fed, above = (
        tf.cast(x, recurrent.dtype) for x in (fed, tf.reshape(d_projected, [-1, 4 * units]))
    )
    return d_projected, tf.matmul(fed, above, transpose_a=True)
