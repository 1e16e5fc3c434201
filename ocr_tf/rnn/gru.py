"""The recurrence of a gated recurrent unit, and its gradient.

Cho et al. 2014, Learning Phrase Representations using RNN Encoder-Decoder, section 2.3, but for the reset
gate: it acts on the product with the recurrent weights, not on the state before it. That is Keras'
`reset_after`, cuDNN's and PyTorch's unit. In Keras' order of gates; x and h are rows, * is by element:

    z_t = sigmoid(x_t W_z + b_z + h_{t-1} R_z + c_z)       update gate
    r_t = sigmoid(x_t W_r + b_r + h_{t-1} R_r + c_r)       reset gate
    n_t = h_{t-1} R_g + c_g                                what is reset
    g_t = tanh(x_t W_g + b_g + r_t * n_t)                  candidate
    h_t = z_t * h_{t-1} + (1 - z_t) * g_t                  output

Shapes: T steps, B lines, D inputs, U units; `d_x` is the gradient of the loss by x.
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.rnn import loop
from ocr_tf.types import Tensor


def read(layer: tf.keras.layers.GRU, values: Tensor, inside: Tensor, training: bool) -> Tensor:
    """Computes one direction; see `lstm.read`."""
    cell, units = layer.cell, layer.units
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2 for z and r.
    scale = tf.constant([0.5] * 2 * units + [1.0] * units)
    entering, recurring = tf.unstack(cell.bias * scale)
    shift = recurring[2 * units :]
    gates = tf.concat([recurring[: 2 * units], tf.zeros([units])], axis=0)
    projected = loop.project(values, cell.kernel * scale, entering + gates)
    # Where a line has ended both gates are closed and the candidate is 0: so is the output.
    ended = tf.constant([loop.CLOSED] * 2 * units + [0.0] * units)
    projected = tf.where(inside, projected, ended)
    recurrent = tf.cast(cell.recurrent_kernel * scale, values.dtype)
    recur = recur_with_gradient if training else recur_only
    return recur(projected, recurrent, shift, layer.go_backwards)


def _run(
    projected: Tensor, recurrent: Tensor, shift: Tensor, backwards: bool, save: bool
) -> tuple[Tensor, ...]:
    """Runs the cell over all steps: outputs h [T, B, U].

    If they are to be saved, it also returns z, r, g and n as [T, B, 4U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]

    def body(t: Tensor, output: Tensor, saved: loop.Values) -> loop.Values:
        entering, product = projected[t], loop.multiply(output, recurrent)
        gates = tf.tanh(entering[:, : 2 * units] + product[:, : 2 * units]) * 0.5 + 0.5
        z, r = tf.split(gates, 2, axis=-1)
        n = product[:, 2 * units :] + shift
        g = tf.tanh(entering[:, 2 * units :] + r * n)
        output = z * output + (1 - z) * g
        values = (output, tf.concat([gates, g, n], axis=-1)) if save else (output,)
        return output, loop.write(saved, t, values)

    arrays = loop.arrays(projected, (units, 4 * units) if save else (units,))
    *_, saved = loop.run(steps, backwards, body, (tf.zeros([batch, units]), arrays))
    return tuple(array.stack() for array in saved)


def recur_only(projected: Tensor, recurrent: Tensor, shift: Tensor, backwards: bool) -> Tensor:
    """Runs the recurrence without what a gradient needs: [T, B, 3U], [U, 3U], [U] -> [T, B, U].

    The first two hold the scale of z and r, a half; `shift` is c_g.
    """
    return _run(projected, recurrent, shift, backwards, save=False)[0]


def recur_with_gradient(
    projected: Tensor, recurrent: Tensor, shift: Tensor, backwards: bool
) -> Tensor:
    """Runs the recurrence with its gradient, backpropagation through time."""

    @tf.custom_gradient
    def recur(projected: Tensor, recurrent: Tensor, shift: Tensor) -> tuple[Tensor, object]:
        outputs, gates = _run(projected, recurrent, shift, backwards, save=True)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return _gradient(upstream, outputs, gates, recurrent, backwards)

        return outputs, gradient

    return recur(projected, recurrent, shift)


def _gradient(
    upstream: Tensor, outputs: Tensor, gates: Tensor, recurrent: Tensor, backwards: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Propagates back through time: the gradients of projected inputs, recurrent weights and shift.

    Args:
        upstream: [T, B, U], the gradient of the outputs, without what comes from later steps.
        outputs: [T, B, U] h.
        gates: [T, B, 4U] z, r, g and n.
        recurrent: [U, 3U] R, with the scale of z and r.
        backwards: whether the direction runs from the last step to the first.

    Returns:
        d_projected [T, B, 3U], d_recurrent [U, 3U] and d_shift [U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(outputs)[0], tf.shape(outputs)[1]
    before = loop.previous(outputs, backwards)
    # Everything that does not depend on the recurrence, for all steps at once. Of x, what goes into the
    # tanh, a gate is s = tanh(x) / 2 + 1 / 2, so that ds/dx = 2 s (1 - s).
    z, r, g, n = tf.split(gates, 4, axis=-1)
    candidate = (1 - z) * (1 - g * g)  # of what goes into the candidate's tanh, by h
    closing = [2 * (before - g) * z * (1 - z), 2 * candidate * n * r * (1 - r)]
    factors = tf.concat([*closing, candidate * r], axis=-1)  # of the products with R
    transposed = tf.transpose(recurrent)

    def body(t: Tensor, d_output: Tensor, saved: tf.TensorArray) -> loop.Values:
        """Goes one step back: `d_output` is what the step after this one passed on."""
        d_output += upstream[t]
        d_products = tf.tile(d_output, [1, 3]) * factors[t]
        passed = loop.multiply(d_products, transposed) + d_output * z[t]
        return passed, saved.write(t, d_output)

    array = tf.TensorArray(tf.float32, steps, element_shape=[None, units])
    *_, saved = loop.run(steps, not backwards, body, (tf.zeros([batch, units]), array))
    d_outputs = saved.stack()
    d_products = tf.tile(d_outputs, [1, 1, 3]) * factors
    d_projected = tf.concat([d_products[..., : 2 * units], d_outputs * candidate], axis=-1)
    d_shift = tf.reduce_sum(d_products[..., 2 * units :], axis=[0, 1])
    return d_projected, loop.weight_gradient(before, d_products, recurrent.dtype), d_shift
