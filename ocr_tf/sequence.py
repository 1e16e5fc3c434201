"""Stacked bidirectional LSTMs whose backward direction starts at each line's own end.

Both directions run in one loop. The input projections of all steps are one matrix product outside of
it, and so is the gradient of the recurrent weights; only what is recurrent stays inside.
"""

from __future__ import annotations

from typing import Optional

import tensorflow as tf

from ocr_tf import keyed
from ocr_tf.types import Frames


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
            values = keyed.dropout(values, self.dropout, key, layer.name)
        return Frames(tf.transpose(values, [1, 0, 2]), frames.lengths)


class BidirectionalLSTM(tf.keras.layers.Layer):
    """One layer; gates in Keras' order: input, forget, candidate, output."""

    def __init__(self, units: int, **kwargs: object):
        super().__init__(**kwargs)
        self.units = units
        self.directions = [
            LSTMWeights(units, name="forward_lstm", dtype=self._dtype_policy),
            LSTMWeights(units, name="backward_lstm", dtype=self._dtype_policy),
        ]

    def call(self, values: tf.Tensor, lengths: tf.Tensor, training: bool = False) -> tf.Tensor:
        """values [T, B, D] -> [T, B, 2 * units]; steps from `lengths` on are zero."""
        forward, backward = self.directions
        turned = tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1)
        # Turned within its length, a line's padding comes last in both directions: nothing valid ever
        # follows it, so the recurrence needs no mask.
        projected = tf.stack([forward(values), backward(turned)], axis=1)  # [T, 2, B, 4U]
        recurrent = tf.stack([forward.recurrent, backward.recurrent])  # [2, U, 4U]
        recur = recur_with_gradient if training else recur_only
        outputs = recur(projected, recurrent)  # [T, 2, B, U]
        ahead, back = tf.unstack(outputs, axis=1)
        back = tf.reverse_sequence(back, lengths, seq_axis=0, batch_axis=1)
        mask = tf.transpose(tf.sequence_mask(lengths, tf.shape(values)[0], tf.float32))
        outputs = tf.concat([ahead, back], axis=-1) * mask[:, :, None]
        return tf.cast(outputs, self.compute_dtype)


class LSTMWeights(tf.keras.layers.Layer):
    """One direction's weights; called, it projects the inputs of all steps at once."""

    def __init__(self, units: int, **kwargs: object):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape: tf.TensorShape) -> None:
        self.kernel = self.add_weight("kernel", [shape[-1], 4 * self.units])
        self.recurrent = self.add_weight(
            "recurrent_kernel", [self.units, 4 * self.units], experimental_autocast=False
        )
        self.bias = self.add_weight("bias", [4 * self.units], experimental_autocast=False)

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """[T, B, D] -> [T, B, 4U] float32."""
        steps, batch = tf.shape(values)[0], tf.shape(values)[1]
        product = tf.matmul(tf.reshape(values, [-1, values.shape[-1]]), self.kernel)
        product = tf.cast(product, tf.float32) + self.bias
        return tf.reshape(product, [steps, batch, 4 * self.units])


def _gate_scale(units: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Factors and offsets that make one tanh compute all gates: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2."""
    sigmoid = [0.5] * units
    scale = tf.constant(sigmoid + sigmoid + [1.0] * units + sigmoid)
    offset = tf.constant(sigmoid + sigmoid + [0.0] * units + sigmoid)
    return scale, offset


def _run(projected: tf.Tensor, recurrent: tf.Tensor, save: bool) -> tuple[tf.Tensor, ...]:
    """[T, 2, B, 4U], [2, U, 4U] -> outputs [T, 2, B, U], and if saved, gates and cells of every step."""
    units = recurrent.shape[1]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[2]
    scale, offset = _gate_scale(units)
    projected, recurrent = projected * scale, recurrent * scale

    def array(size: int) -> tf.TensorArray:
        return tf.TensorArray(tf.float32, steps, element_shape=[2, None, size])

    inputs = array(4 * units).unstack(projected)
    zeros = tf.zeros([2, batch, units])
    saved = (array(units), array(4 * units), array(units)) if save else (array(units),)

    def step(t: tf.Tensor, output: tf.Tensor, cell: tf.Tensor, saved: tuple) -> tuple:
        gates = tf.tanh(inputs.read(t) + tf.matmul(output, recurrent)) * scale + offset
        enter, forget, candidate, leave = tf.split(gates, 4, axis=-1)
        cell = forget * cell + enter * candidate
        output = leave * tf.tanh(cell)
        values = (output, gates, cell) if save else (output,)
        return t + 1, output, cell, tuple(a.write(t, v) for a, v in zip(saved, values))

    *_, saved = tf.while_loop(lambda t, *_: t < steps, step, (0, zeros, zeros, saved))
    return tuple(a.stack() for a in saved)


def recur_only(projected: tf.Tensor, recurrent: tf.Tensor) -> tf.Tensor:
    """The recurrence without what a gradient needs: [T, 2, B, 4U], [2, U, 4U] -> [T, 2, B, U]."""
    return _run(projected, recurrent, save=False)[0]


@tf.custom_gradient
def recur_with_gradient(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, object]:
    """The same with its gradient: backpropagation through time (Graves 2012, section 4.6)."""
    outputs, gates, cells = _run(projected, recurrent, save=True)

    def gradient(d_outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        units = recurrent.shape[1]
        steps, batch = tf.shape(outputs)[0], tf.shape(outputs)[2]
        enter, forget, candidate, leave = tf.split(gates, 4, axis=-1)
        before = tf.concat([tf.zeros_like(cells[:1]), cells[:-1]], axis=0)
        bent = tf.tanh(cells)
        # Everything that does not depend on the recurrence, for all steps at once: how a cell reacts to
        # its output, and a gate's input to its cell (three gates) or its output (the last).
        cell_by_output = leave * (1 - bent * bent)
        inputs_by_state = tf.concat(
            [
                candidate * enter * (1 - enter),
                before * forget * (1 - forget),
                enter * (1 - candidate * candidate),
                bent * leave * (1 - leave),
            ],
            axis=-1,
        )

        def array(size: int) -> tf.TensorArray:
            return tf.TensorArray(tf.float32, steps, element_shape=[2, None, size])

        outside, reacts = array(units).unstack(d_outputs), array(units).unstack(cell_by_output)
        factors, keeps = array(4 * units).unstack(inputs_by_state), array(units).unstack(forget)
        zeros = tf.zeros([2, batch, units])

        def step(
            t: tf.Tensor, d_output: tf.Tensor, d_cell: tf.Tensor, saved: tf.TensorArray
        ) -> tuple:
            d_output = d_output + outside.read(t)
            d_cell = d_cell + d_output * reacts.read(t)
            d_inputs = tf.concat([d_cell, d_cell, d_cell, d_output], -1) * factors.read(t)
            d_before = tf.matmul(d_inputs, recurrent, transpose_b=True)
            return t - 1, d_before, d_cell * keeps.read(t), saved.write(t, d_inputs)

        start = (steps - 1, zeros, zeros, array(4 * units))
        *_, saved = tf.while_loop(lambda t, *_: t >= 0, step, start)
        d_projected = saved.stack()  # [T, 2, B, 4U]
        fed = tf.concat([tf.zeros_like(outputs[:1]), outputs[:-1]], axis=0)

        def by_direction(values: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tf.transpose(values, [1, 0, 2, 3]), [2, -1, values.shape[-1]])

        d_recurrent = tf.matmul(by_direction(fed), by_direction(d_projected), transpose_a=True)
        return d_projected, d_recurrent

    return outputs, gradient
