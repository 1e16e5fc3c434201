"""The recurrence of an LSTM, and its gradient.

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

import tensorflow as tf

from ocr_tf.rnn import loop
from ocr_tf.types import Tensor


def read(layer: tf.keras.layers.LSTM, values: Tensor, inside: Tensor, training: bool) -> Tensor:
    """Computes one direction: one product, then the recurrence.

    Args:
        layer: holds the weights.
        values: [T, B, D].
        inside: [T, B, 1] bool, False where a line has ended.
        training: whether a gradient will be asked for.

    Returns:
        h [T, B, U] float32, zero where a line has ended.
    """
    cell, scale = layer.cell, gate_scales(layer.units)[0]
    recurrent = tf.cast(cell.recurrent_kernel * scale, values.dtype)
    projected = loop.project(values, cell.kernel * scale, cell.bias * scale)
    projected += tf.where(inside, 0.0, loop.CLOSED)
    recur = recur_with_gradient if training else recur_only
    return recur(projected, recurrent, layer.go_backwards)


def gate_scales(units: int) -> tuple[Tensor, Tensor]:
    """Returns factors and offsets [4U] that make one tanh compute all gates.

    sigmoid(x) = tanh(x / 2) / 2 + 1 / 2 for i, f and o; g is a tanh itself.
    """
    sigmoid = [0.5] * units
    scale = tf.constant(sigmoid + sigmoid + [1.0] * units + sigmoid)
    offset = tf.constant(sigmoid + sigmoid + [0.0] * units + sigmoid)
    return scale, offset


def _run(projected: Tensor, recurrent: Tensor, backwards: bool, save: bool) -> tuple[Tensor, ...]:
    """Runs the cell over all steps: outputs h [T, B, U].

    If they are to be saved, it also returns gates i, f, g, o [T, B, 4U] and cells c [T, B, U].
    """
    units = recurrent.shape[0]
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    scale, offset = gate_scales(units)

    def body(t: Tensor, output: Tensor, cell: Tensor, saved: loop.Values) -> loop.Values:
        gates = tf.tanh(projected[t] + loop.multiply(output, recurrent)) * scale + offset
        i, f, g, o = tf.split(gates, 4, axis=-1)
        cell = f * cell + i * g
        output = o * tf.tanh(cell)
        values = (output, gates, cell) if save else (output,)
        return output, cell, loop.write(saved, t, values)

    zeros = tf.zeros([batch, units])
    arrays = loop.arrays(projected, (units, 4 * units, units) if save else (units,))
    *_, saved = loop.run(steps, backwards, body, (zeros, zeros, arrays))
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
            2 * loop.previous(cells, backwards) * f * (1 - f),
            i * (1 - g * g),
            2 * tanh_cell * o * (1 - o),
        ],
        axis=-1,
    )
    transposed = tf.transpose(
        recurrent
    )  # once: a product that transposes would do so at every step

    def body(t: Tensor, d_output: Tensor, d_cell: Tensor, saved: tf.TensorArray) -> loop.Values:
        """Goes one step back: `d_output` and `d_cell` are what the step after this one passed on."""
        d_output += upstream[t]
        d_cell += d_output * cell_from_output[t]
        d_inputs = tf.concat([d_cell, d_cell, d_cell, d_output], axis=-1) * factors[t]
        return loop.multiply(d_inputs, transposed), d_cell * f[t], saved.write(t, d_inputs)

    zeros = tf.zeros([batch, units])
    array = tf.TensorArray(tf.float32, steps, element_shape=[None, 4 * units])
    *_, saved = loop.run(steps, not backwards, body, (zeros, zeros, array))
    d_inputs = saved.stack()
    before = loop.previous(outputs, backwards)
    return d_inputs, loop.weight_gradient(before, d_inputs, recurrent.dtype)
