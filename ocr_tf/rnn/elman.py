"""The recurrence of a simple recurrent network, and its gradient.

Elman 1990, Finding Structure in Time, with a tanh; x and h are rows:

    h_t = tanh(x_t W + h_{t-1} R + b)

Shapes: T steps, B lines, D inputs, U units; `d_x` is the gradient of the loss by x.
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.rnn import loop
from ocr_tf.types import Tensor


def read(
    layer: tf.keras.layers.SimpleRNN, values: Tensor, inside: Tensor, training: bool
) -> Tensor:
    """Computes one direction; see `lstm.read`."""
    cell = layer.cell
    projected = loop.project(values, cell.kernel, cell.bias)
    recurrent = tf.cast(cell.recurrent_kernel, values.dtype)
    # There is no gate that could be closed: where a line has ended the output is multiplied by 0.
    inside = tf.cast(inside, tf.float32)
    recur = recur_with_gradient if training else recur_only
    return recur(projected, recurrent, inside, layer.go_backwards)


def recur_only(projected: Tensor, recurrent: Tensor, inside: Tensor, backwards: bool) -> Tensor:
    """Runs the recurrence: [T, B, U], [U, U], [T, B, 1] -> [T, B, U]."""
    units = recurrent.shape[0]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]

    def body(t: Tensor, output: Tensor, saved: loop.Values) -> loop.Values:
        output = tf.tanh(projected[t] + loop.multiply(output, recurrent)) * inside[t]
        return output, loop.write(saved, t, (output,))

    start = tf.zeros([batch, units]), loop.arrays(projected, (units,))
    *_, (saved,) = loop.run(steps, backwards, body, start)
    return saved.stack()


def recur_with_gradient(
    projected: Tensor, recurrent: Tensor, inside: Tensor, backwards: bool
) -> Tensor:
    """Runs the recurrence with its gradient, backpropagation through time."""

    @tf.custom_gradient
    def recur(projected: Tensor, recurrent: Tensor) -> tuple[Tensor, object]:
        outputs = recur_only(projected, recurrent, inside, backwards)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            return _gradient(upstream, outputs, inside, recurrent, backwards)

        return outputs, gradient

    return recur(projected, recurrent)


def _gradient(
    upstream: Tensor, outputs: Tensor, inside: Tensor, recurrent: Tensor, backwards: bool
) -> tuple[Tensor, Tensor]:
    """Propagates back through time: the gradients of projected inputs and recurrent weights.

    Args:
        upstream: [T, B, U], the gradient of the outputs, without what comes from later steps.
        outputs: [T, B, U] h.
        inside: [T, B, 1], 0 where a line has ended.
        recurrent: [U, U] R.
        backwards: whether the direction runs from the last step to the first.

    Returns:
        d_projected [T, B, U] and d_recurrent [U, U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(outputs)[0], tf.shape(outputs)[1]
    factors = (1 - outputs * outputs) * inside
    transposed = tf.transpose(recurrent)

    def body(t: Tensor, d_output: Tensor, saved: tf.TensorArray) -> loop.Values:
        """Goes one step back: `d_output` is what the step after this one passed on."""
        d_inputs = (d_output + upstream[t]) * factors[t]
        return loop.multiply(d_inputs, transposed), saved.write(t, d_inputs)

    array = tf.TensorArray(tf.float32, steps, element_shape=[None, units])
    *_, saved = loop.run(steps, not backwards, body, (tf.zeros([batch, units]), array))
    d_projected = saved.stack()
    before = loop.previous(outputs, backwards)
    return d_projected, loop.weight_gradient(before, d_projected, recurrent.dtype)
