"""Teacher forcing of the attention decoder, with its gradient: one loop forth and one back.

The same equations as a step of tensorflow-addons' wrapper around an LSTM cell (tested equal), written so
that everything that does not depend on the step before is computed for all steps at once. For symbol n:

    z_n = x_n + s_{n-1} K + h_{n-1} R            x_n: the previous symbol's part of the cell's input
    i, f, g, o = gates of z_n                    see `ocr_tf.rnn.lstm`
    c_n = f * c_{n-1} + i * g                    cell
    h_n = o * tanh(c_n)                          output
    u_n = tanh(keys + h_n Q + L * A_{n-1})       Bahdanau et al. 2015; L * A: Chorowski et al. 2015, eq. 8
    a_n = softmax(u_n v), inside each line       alignment
    A_n = A_{n-1} + a_n                          what the line's frames have been given so far
    s_n = h_n S + a_n values                     attention vector; or its tanh, Luong et al. 2015, eq. 5

The location term convolves the summed alignment (Shen et al. 2018, Tacotron 2) along the frames with W
taps straight to the units of the score. Shapes: B lines, T frames, N symbols, U units of the cell, M
units of the score and of the attention vector; `d_x` is the gradient of the loss by x.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.graphs import compiled
from ocr_tf.rnn.lstm import gate_scales
from ocr_tf.types import Tensor

OUTSIDE = -1e30  # added to the scores of frames behind a line's end


class Memory(NamedTuple):
    """Holds the frames of a batch of lines as the decoder uses them."""

    keys: Tensor  # [B, T, M]
    values: Tensor  # [B, T, M] each frame's part of an attention vector; 0 behind a line's end
    outside: Tensor  # [B, T] 0 in a line's frames, OUTSIDE behind them


class Weights(NamedTuple):
    """The weights of the loop."""

    feedback: Tensor  # K [M, 4U]
    recurrent: Tensor  # R [U, 4U]
    query: Tensor  # Q [U, M]
    score: Tensor  # v [M]
    output: Tensor  # S [U, M]
    location: Optional[Tensor]  # L [W, M], W odd; None: no location term


class _Step(NamedTuple):
    """What the way back needs of each step, stacked [N, ...]."""

    attended: Tensor  # s [B, M]
    alignment: Tensor  # a [B, T]
    output: Tensor  # h [B, U]
    gates: Tensor  # i, f, g, o [B, 4U]
    cell: Tensor  # c [B, U]
    hidden: tf.TensorArray  # u [B, T, M]; not stacked, being by far the largest


def decode(
    inputs: Tensor, memory: Memory, weights: Weights, squash: bool = False
) -> tuple[Tensor, Tensor]:
    """Runs the decoder over given symbols: x [N, B, 4U] -> s [N, B, M] and a [N, B, T], float32.

    The gradient reaches inputs, keys, values and weights, from both results. With `squash`, attention
    vectors go through a tanh.
    """
    scale, _ = gate_scales(weights.recurrent.shape[0])
    scaled = weights._replace(
        feedback=weights.feedback * scale, recurrent=weights.recurrent * scale
    )

    @tf.custom_gradient
    def run(inputs: Tensor, keys: Tensor, values: Tensor, *flat: Tensor) -> tuple[Any, Any]:
        seen, given = Memory(keys, values, memory.outside), _weights(*flat)
        steps = _forth(inputs, seen, given, squash)

        def gradient(d_attended: Tensor, d_alignment: Tensor) -> tuple[Tensor, ...]:
            return _back(d_attended, d_alignment, steps, seen, given, squash)

        return (steps.attended, steps.alignment), gradient

    # As tensors: of what replicas hold, a custom gradient takes no variables.
    present = [tf.convert_to_tensor(weight) for weight in scaled if weight is not None]
    return run(inputs * scale, memory.keys, memory.values, *present)


def _weights(*present: Tensor) -> Weights:
    feedback, recurrent, query, score, output, *location = present
    return Weights(feedback, recurrent, query, score, output, location[0] if location else None)


def _forth(inputs: Tensor, memory: Memory, weights: Weights, squash: bool) -> _Step:
    units = weights.recurrent.shape[0]
    size = weights.score.shape[0]
    scale, offset = gate_scales(units)
    count, batch = tf.shape(inputs)[0], tf.shape(inputs)[1]
    frames = tf.shape(memory.keys)[1]

    def body(n: Tensor, previous: Tensor, cell: Tensor, total: Tensor, arrays: Any) -> Any:
        """Goes one symbol on; `previous` is s and h side by side [B, M + U], `total` is A."""
        z = inputs[n] + previous @ mixed
        gates = tf.tanh(z) * scale + offset
        i, f, g, o = tf.split(gates, 4, axis=-1)
        cell = f * cell + i * g
        output = o * tf.tanh(cell)
        hidden, alignment = _look(
            memory.keys,
            output @ weights.query,
            total,
            weights.location,
            weights.score,
            memory.outside,
        )
        attended = output @ weights.output + _weigh(alignment, memory.values)
        if squash:
            attended = tf.tanh(attended)
        written = (attended, alignment, output, gates, cell, hidden)
        arrays = tuple(array.write(n, value) for array, value in zip(arrays, written))
        return n + 1, tf.concat([attended, output], 1), cell, total + alignment, arrays

    mixed = tf.concat([weights.feedback, weights.recurrent], axis=0)
    widths = ([size], [None], [units], [4 * units], [units], [None, size])
    arrays = tuple(
        tf.TensorArray(tf.float32, count, element_shape=[None, *w], clear_after_read=False)
        for w in widths
    )
    zeros = (
        tf.zeros([batch, size + units]),
        tf.zeros([batch, units]),
        tf.zeros([batch, frames]),
    )
    *_, arrays = tf.while_loop(lambda n, *_: n < count, body, (0, *zeros, arrays))
    *small, hidden = arrays
    attended, alignment, output, gates, cell = (array.stack() for array in small)
    return _Step(attended, alignment, output, gates, cell, hidden)


def _back(
    d_attended: Tensor,
    d_alignment: Tensor,
    steps: _Step,
    memory: Memory,
    weights: Weights,
    squash: bool,
) -> tuple[Tensor, ...]:
    """Propagates back through the steps: the gradients of inputs, keys, values and weights.

    Args:
        d_attended: [N, B, M], without what comes through later steps.
        d_alignment: [N, B, T], likewise.
        steps: what `_forth` kept.
        memory: as `_forth` saw it.
        weights: likewise.
        squash: as `_forth` was told.
    """
    units, size = weights.recurrent.shape[0], weights.score.shape[0]
    count, batch = tf.shape(d_attended)[0], tf.shape(d_attended)[1]
    frames = tf.shape(memory.keys)[1]

    def previous(values: Tensor) -> Tensor:
        return tf.concat([tf.zeros_like(values[:1]), values[:-1]], axis=0)

    # Everything that does not depend on later steps, for all steps at once; see `ocr_tf.rnn.lstm`.
    i, f, g, o = tf.split(steps.gates, 4, axis=-1)
    tanh_cell = tf.tanh(steps.cell)
    cell_from_output = o * (1 - tanh_cell * tanh_cell)
    factors = tf.concat(
        [
            2 * g * i * (1 - i),
            2 * previous(steps.cell) * f * (1 - f),
            i * (1 - g * g),
            2 * tanh_cell * o * (1 - o),
        ],
        axis=-1,
    )
    totals = tf.cumsum(steps.alignment, axis=0, exclusive=True)  # A_{n-1}
    mixed = tf.transpose(tf.concat([weights.feedback, weights.recurrent], axis=0))
    to_output = tf.transpose(weights.output)
    to_cell = tf.transpose(weights.query)

    def body(n: Tensor, d_previous: Tensor, d_cell: Tensor, d_total: Tensor, *rest: Any) -> Any:
        """Goes one symbol back; `d_previous`, `d_cell` and `d_total` come from the step after it."""
        d_keys, d_score, arrays, *d_location = rest
        d_s = d_attended[n] + d_previous[:, :size]  # of s, then of what its tanh is of
        if squash:
            d_s *= 1 - tf.square(steps.attended[n])
        d_a = d_alignment[n] + d_total + tf.linalg.matvec(memory.values, d_s)
        d_keys, d_score, d_query, *d_look = _look_back(
            steps.hidden.read(n), steps.alignment[n], d_a, totals[n], weights, d_keys, d_score
        )
        if d_look:
            d_location = [d_location[0] + d_look[0]]
            d_total += d_look[1]
        d_output = d_previous[:, size:] + d_s @ to_output + d_query @ to_cell
        d_cell += d_output * cell_from_output[n]
        d_inputs = tf.concat([d_cell, d_cell, d_cell, d_output], axis=-1) * factors[n]
        d_previous, d_cell = d_inputs @ mixed, d_cell * f[n]
        written = (d_inputs, d_s, d_query)
        arrays = tuple(array.write(n, value) for array, value in zip(arrays, written))
        return (n - 1, d_previous, d_cell, d_total, d_keys, d_score, arrays, *d_location)

    arrays = tuple(
        tf.TensorArray(tf.float32, count, element_shape=[None, n]) for n in (4 * units, size, size)
    )
    start = (
        count - 1,
        tf.zeros([batch, size + units]),
        tf.zeros([batch, units]),
        tf.zeros([batch, frames]),
        tf.zeros_like(memory.keys),
        tf.zeros([size]),
        arrays,
        *([] if weights.location is None else [tf.zeros_like(weights.location)]),
    )
    results = tf.while_loop(lambda n, *_: n >= 0, body, start)
    d_keys, d_score, arrays, *d_location = results[4:]
    d_inputs, d_s, d_query = (array.stack() for array in arrays)

    def product(left: Tensor, right: Tensor) -> Tensor:
        """Sums outer products over steps and lines: [N, B, X], [N, B, Y] -> [X, Y]."""
        left, right = (tf.reshape(v, [-1, v.shape[-1]]) for v in (left, right))
        return tf.matmul(left, right, transpose_a=True)

    d_values = tf.matmul(
        tf.transpose(steps.alignment, [1, 2, 0]), tf.transpose(d_s, [1, 0, 2])
    )  # [B, T, M]
    return (
        d_inputs,
        d_keys,
        d_values,
        product(previous(steps.attended), d_inputs),
        product(previous(steps.output), d_inputs),
        product(steps.output, d_query),
        d_score,
        product(steps.output, d_s),
        *d_location,
    )


def _weigh(alignment: Tensor, values: Tensor) -> Tensor:
    """Sums values [B, T, M] with weights [B, T]: [B, M]."""
    return tf.matmul(alignment[:, None], values)[:, 0]


@compiled
def _look(
    keys: Tensor,
    query: Tensor,
    total: Tensor,
    location: Optional[Tensor],
    score: Tensor,
    outside: Tensor,
) -> tuple[Tensor, Tensor]:
    """Scores every frame: u [B, T, M] and a [B, T], from keys, h Q [B, M], A [B, T] and the weights."""
    hidden = keys + query[:, None]
    if location is not None:
        hidden += tf.tensordot(_windows(total, location.shape[0]), location, 1)
    hidden = tf.tanh(hidden)
    return hidden, tf.nn.softmax(tf.tensordot(hidden, score, 1) + outside)


@compiled
def _look_back(
    hidden: Tensor,
    alignment: Tensor,
    d_alignment: Tensor,
    total: Tensor,
    weights: Weights,
    d_keys: Tensor,
    d_score: Tensor,
) -> tuple[Tensor, ...]:
    """Propagates back through `_look`, adding to the gradients of keys and score.

    Returns those two, the gradient of the query [B, M], and with a location term what is to be added to
    the gradients of the taps [W, M] and of the total [B, T].
    """
    weighted = tf.reduce_sum(alignment * d_alignment, axis=1, keepdims=True)
    d_energies = alignment * (d_alignment - weighted)
    size = hidden.shape[-1]
    flat = tf.reshape(d_energies, [1, -1])
    d_score += tf.matmul(flat, tf.reshape(hidden, [-1, size]))[0]
    d_hidden = d_energies[:, :, None] * weights.score * (1 - tf.square(hidden))
    d_query = tf.reduce_sum(d_hidden, axis=1)
    if weights.location is None:
        return d_keys + d_hidden, d_score, d_query
    taps = weights.location.shape[0]
    windows = tf.reshape(_windows(total, taps), [-1, taps])
    d_location = tf.matmul(windows, tf.reshape(d_hidden, [-1, size]), transpose_a=True)
    d_windows = tf.tensordot(d_hidden, weights.location, [[2], [1]])
    return d_keys + d_hidden, d_score, d_query, d_location, _windows_back(d_windows)


def _windows(total: Tensor, taps: int) -> Tensor:
    """Returns the `taps` values of [B, T] around each frame, [B, T, taps]; zeros behind the ends."""
    frames, half = tf.shape(total)[1], taps // 2
    padded = tf.pad(total, [[0, 0], [half, half]])
    return tf.stack([padded[:, w : w + frames] for w in range(taps)], axis=2)


def _windows_back(upstream: Tensor) -> Tensor:
    """Returns the gradient of `_windows`: [B, T, taps] -> [B, T]."""
    frames, taps = tf.shape(upstream)[1], upstream.shape[2]
    padded = tf.pad(upstream, [[0, 0], [taps // 2, taps // 2], [0, 0]])
    return tf.add_n([padded[:, taps - 1 - w : taps - 1 - w + frames, w] for w in range(taps)])
