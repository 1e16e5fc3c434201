"""Stacked bidirectional LSTMs whose backward direction starts at each line's own end.

The weights are those of Keras' LSTM layers. On a GPU these layers compute, so that cuDNN's fused kernel
stays in use. On a CPU they would multiply step by step what can be multiplied at once, so here the input
projections of all steps are one matrix product, and so is the gradient of the recurrent weights; only
what is recurrent stays in a loop, and the loops of the two directions run at the same time. That takes 29
ms where Keras' layers take 66 (256 units each way, 32 lines of 25 steps, forward and backward, 2 cores).

The cell, in Keras' order of gates (Hochreiter and Schmidhuber 1997; Gers et al. 2000; Graves 2012, section
4.6, without peepholes); x and h are rows, * is by element:

    i_t = sigmoid(x_t W_i + h_{t-1} R_i + b_i)       input gate
    f_t = sigmoid(x_t W_f + h_{t-1} R_f + b_f)       forget gate
    g_t = tanh(x_t W_g + h_{t-1} R_g + b_g)          candidate (Keras' c)
    o_t = sigmoid(x_t W_o + h_{t-1} R_o + b_o)       output gate
    c_t = f_t * c_{t-1} + i_t * g_t                  cell
    h_t = o_t * tanh(c_t)                            output

Shapes: T steps, B lines, D inputs, U units; `d_x` is the gradient of the loss by x.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.types import Frames, Tensor

# A gate's input where a line has ended: closed gates hold output and cell at exactly 0, so the
# recurrence needs no mask, and the backward direction finds its first state at each line's end.
CLOSED = -1e4


def stack_bidirectional(
    layers: int, units: int, dropout: float = 0.0, dtype: str = "float32", projection: int = 0
) -> StackedBidirectional:
    """Makes bidirectional LSTMs; each layer's two directions are concatenated and fed to the next.

    Frames [B, T, D] -> Frames [B, T, 2 * units], or as they came with 0 layers. Dropout acts on the
    output of each layer. With a projection, a linear layer of so many units stands between two layers.
    """
    return StackedBidirectional(layers, units, dropout, projection, name="sequence", dtype=dtype)


class StackedBidirectional(tf.keras.layers.Layer):
    """Bidirectional LSTMs one after another; see `stack_bidirectional`."""

    def __init__(
        self, layers: int, units: int, dropout: float, projection: int = 0, **kwargs: object
    ):
        """Makes the layers; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.dropout = dropout
        self.layers = [
            BidirectionalLSTM(units, name=f"bidirectional{i}", dtype=self._dtype_policy)
            for i in range(1, layers + 1)
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


class BidirectionalLSTM(tf.keras.layers.Layer):
    """One layer, with a direction from the first step and one from each line's last."""

    def __init__(self, units: int, **kwargs: object):
        """Makes two LSTMs of `units`; `kwargs` are those of Keras' Layer."""
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
        """Makes the weights of both directions."""
        for direction in self.directions:
            with tf.name_scope(direction.name):
                direction.build(shape)

    def call(self, values: Tensor, lengths: Tensor, training: bool = False) -> Tensor:
        """Reads values [T, B, D] -> [T, B, 2 * units]; steps from `lengths` on are zero."""
        inside = tf.sequence_mask(lengths, tf.shape(values)[0])  # [B, T]
        direct = _with_keras if tf.config.list_logical_devices("GPU") else _with_loop
        outputs = [direct(lstm, values, inside, training) for lstm in self.directions]
        return tf.cast(tf.concat(outputs, axis=-1), self.compute_dtype)


def _with_keras(
    lstm: tf.keras.layers.LSTM, values: Tensor, inside: Tensor, training: bool
) -> Tensor:
    """Computes one direction, [T, B, D] -> [T, B, U] float32, as Keras does."""
    outputs = lstm(tf.cast(values, tf.float32), mask=tf.transpose(inside), training=training)
    if lstm.go_backwards:
        outputs = tf.reverse(outputs, [0])
    return outputs * tf.cast(tf.transpose(inside), tf.float32)[:, :, None]


def _with_loop(
    lstm: tf.keras.layers.LSTM, values: Tensor, inside: Tensor, training: bool
) -> Tensor:
    """Computes one direction, [T, B, D] -> [T, B, U] float32: one product, then the recurrence."""
    cell, scale = lstm.cell, gate_scales(lstm.units)[0]
    steps, batch = tf.shape(values)[0], tf.shape(values)[1]
    kernel = tf.cast(cell.kernel * scale, values.dtype)
    recurrent = tf.cast(cell.recurrent_kernel * scale, values.dtype)
    product = tf.cast(tf.matmul(tf.reshape(values, [-1, values.shape[-1]]), kernel), tf.float32)
    closed = tf.where(tf.reshape(tf.transpose(inside), [-1, 1]), 0.0, CLOSED)
    projected = tf.reshape(product + cell.bias * scale + closed, [steps, batch, 4 * lstm.units])
    recur = recur_with_gradient if training else recur_only
    return recur(projected, recurrent, lstm.go_backwards)


def _product(values: Tensor, weights: Tensor) -> Tensor:
    """Multiplies in the weights' dtype, and returns float32."""
    return tf.cast(tf.matmul(tf.cast(values, weights.dtype), weights), tf.float32)


def gate_scales(units: int) -> tuple[Tensor, Tensor]:
    """Returns factors and offsets [4U] that make one tanh compute all gates.

    sigmoid(x) = tanh(x / 2) / 2 + 1 / 2 for i, f and o; g is a tanh itself.
    """
    sigmoid = [0.5] * units
    scale = tf.constant(sigmoid + sigmoid + [1.0] * units + sigmoid)
    offset = tf.constant(sigmoid + sigmoid + [0.0] * units + sigmoid)
    return scale, offset


Values = tuple[Any, ...]  # tensors and tensor arrays, the variables of a loop


def _loop(
    steps: Tensor, backwards: bool, body: Callable[..., Values], start: Values
) -> tuple[Any, ...]:
    """Runs body(t, *values) -> values, for t = 0 .. steps - 1 or the other way."""

    def go_on(t: Tensor, *_: Any) -> Tensor:
        return t >= 0 if backwards else t < steps

    def step(t: Tensor, *values: Any) -> Values:
        return (t - 1 if backwards else t + 1, *body(t, *values))

    return tf.while_loop(go_on, step, (steps - 1 if backwards else 0, *start))[1:]


def _run(projected: Tensor, recurrent: Tensor, backwards: bool, save: bool) -> tuple[Tensor, ...]:
    """Runs the cell over all steps: outputs h [T, B, U].

    If they are to be saved, it also returns gates i, f, g, o [T, B, 4U] and cells c [T, B, U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    scale, offset = gate_scales(units)

    def body(t: Tensor, output: Tensor, cell: Tensor, saved: Values) -> Values:
        gates = tf.tanh(projected[t] + _product(output, recurrent)) * scale + offset
        i, f, g, o = tf.split(gates, 4, axis=-1)
        cell = f * cell + i * g
        output = o * tf.tanh(cell)
        values = (output, gates, cell) if save else (output,)
        return output, cell, tuple(a.write(t, v) for a, v in zip(saved, values))

    zeros = tf.zeros([batch, units])
    sizes = (units, 4 * units, units) if save else (units,)
    lines = projected.shape[1]  # TensorFlow Lite converts no array whose elements' shape is unknown
    arrays = tuple(tf.TensorArray(tf.float32, steps, element_shape=[lines, n]) for n in sizes)
    *_, saved = _loop(steps, backwards, body, (zeros, zeros, arrays))
    return tuple(array.stack() for array in saved)


def recur_only(projected: Tensor, recurrent: Tensor, backwards: bool) -> Tensor:
    """Runs the recurrence without what a gradient needs: [T, B, 4U], [U, 4U] -> [T, B, U].

    Both factors hold each gate's scale (see `gate_scales`); products are in the weights' dtype.
    """
    return _run(projected, recurrent, backwards, save=False)[0]


def recur_with_gradient(projected: Tensor, recurrent: Tensor, backwards: bool) -> Tensor:
    """Runs the recurrence with its gradient: backpropagation through time (Graves 2012, section 4.6)."""

    @tf.custom_gradient
    def recur(projected: Tensor, recurrent: Tensor) -> tuple[Tensor, object]:
        outputs, gates, cells = _run(projected, recurrent, backwards, save=True)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            return _gradient(upstream, outputs, gates, cells, recurrent, backwards)

        return outputs, gradient

    return recur(projected, recurrent)


def _gradient(
    upstream: Tensor,
    outputs: Tensor,
    gates: Tensor,
    cells: Tensor,
    recurrent: Tensor,
    backwards: bool,
) -> tuple[Tensor, Tensor]:
    """Propagates back through time: the gradients of the projected inputs and the recurrent weights.

    Args:
        upstream: [T, B, U], the gradient of the outputs, without what comes from later steps.
        outputs: [T, B, U] h.
        gates: [T, B, 4U] i, f, g and o.
        cells: [T, B, U] c.
        recurrent: [U, 4U] R, each gate's part with the gate's scale.
        backwards: whether the direction runs from the last step to the first.

    Returns:
        d_inputs [T, B, 4U], of what goes into each gate's tanh, and d_recurrent [U, 4U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(outputs)[0], tf.shape(outputs)[1]

    def previous(values: Tensor) -> Tensor:
        """Returns each step's predecessor in the direction's own order; zeros before the first."""
        zeros = tf.zeros_like(values[:1])
        return tf.concat([values[1:], zeros] if backwards else [zeros, values[:-1]], axis=0)

    # Everything that does not depend on the recurrence, for all steps at once.
    i, f, g, o = tf.split(gates, 4, axis=-1)
    tanh_cell = tf.tanh(cells)
    # h = o * tanh(c): what the gradient of h adds to that of c.
    cell_from_output = o * (1 - tanh_cell * tanh_cell)
    # d_inputs = (d_cell, d_cell, d_cell, d_output) * factors. Of x, what
    # goes into the tanh, a gate is s = tanh(x) / 2 + 1 / 2, so that ds/dx = 2 s (1 - s).
    factors = tf.concat(
        [
            2 * g * i * (1 - i),
            2 * previous(cells) * f * (1 - f),
            i * (1 - g * g),
            2 * tanh_cell * o * (1 - o),
        ],
        axis=-1,
    )
    transposed = tf.transpose(
        recurrent
    )  # once: a product that transposes would do so at every step

    def body(t: Tensor, d_output: Tensor, d_cell: Tensor, saved: tf.TensorArray) -> Values:
        """Goes one step back: `d_output` and `d_cell` are what the step after this one passed on."""
        d_output += upstream[t]
        d_cell += d_output * cell_from_output[t]
        d_inputs = tf.concat([d_cell, d_cell, d_cell, d_output], axis=-1) * factors[t]
        return _product(d_inputs, transposed), d_cell * f[t], saved.write(t, d_inputs)

    zeros = tf.zeros([batch, units])
    array = tf.TensorArray(tf.float32, steps, element_shape=[None, 4 * units])
    *_, saved = _loop(steps, not backwards, body, (zeros, zeros, array))
    d_inputs = saved.stack()
    d_recurrent = tf.matmul(
        tf.cast(tf.reshape(previous(outputs), [-1, units]), recurrent.dtype),
        tf.cast(tf.reshape(d_inputs, [-1, 4 * units]), recurrent.dtype),
        transpose_a=True,
    )
    return d_inputs, d_recurrent
