"""Greedy search, forced scoring and confidences for heads that put out one symbol at a time: a `Decoder`."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode.hypotheses import single
from ocr_tf.types import Hypotheses, Labels, Tensor

Loop = tuple[Any, ...]  # tensors and tensor arrays, the variables of a loop
# Any nest of tensors whose first dimension is the number of prefixes, N. Others stay as they are, but one
# that is 0 before the first symbol may grow: along it, a state remembers symbols.
State = Any


class Decoder(NamedTuple):
    """An autoregressive head that has seen a batch of B lines, as searches step it."""

    # begin(copies) -> the state before the first symbol of N = B * copies prefixes, those of a line
    # side by side: a search that follows several prefixes of a line steps them together. Only the state
    # of the last call may be stepped: a head may keep the frames beside it.
    begin: Callable[[int], State]
    # step(ids [N], state) -> log_probs [N, C], natural log; alignment [N, T]; state after the symbol
    step: Callable[[Tensor, State], tuple[Tensor, Tensor, State]]
    alphabet: Alphabet  # whose `start` is fed before the first symbol, and whose `end` ends a text


def state_shapes(state: State) -> Any:
    """Returns a loop's shape invariants of a state before the first symbol: what a step may change."""

    def shape(values: Tensor) -> tf.TensorShape:
        return tf.TensorShape([None, *(size or None for size in values.shape[1:])])

    return tf.nest.map_structure(shape, state)


def greedy(decoder: Decoder, bounds: Tensor, early_stop: bool = True) -> Hypotheses:
    """Follows the best class from the start until the end, at most `bounds` [B] symbols a line.

    Stops when every line has ended; without `early_stop` at the greatest bound, with the same texts.
    A line reads the same in any batch: its bound is its own. The objective is the log probability,
    but without the end's where the text was cut off.
    """
    step, end, pad = decoder.step, decoder.alphabet.end, decoder.alphabet.pad
    batch = tf.shape(bounds)[0]
    most = tf.reduce_max(bounds)

    def go_on(t: Tensor, ids: Tensor, running: Tensor, *_: Any) -> Tensor:
        # One step beyond the bound may still put out the end.
        return (t <= most) & (tf.reduce_any(running) | (not early_stop))

    def body(
        t: Tensor,
        ids: Tensor,
        running: Tensor,
        ended: Tensor,
        total: Tensor,
        missing: Tensor,
        lengths: Tensor,
        texts: tf.TensorArray,
        state: State,
    ) -> Loop:
        log_probs, _, state = step(ids, state)
        best = tf.argmax(log_probs, axis=-1, output_type=tf.int32)
        ends = running & (best == end)
        writes = running & (best != end) & (t < bounds)
        gain = tf.reduce_max(log_probs, axis=-1)
        total += tf.where(ends | writes, gain, 0.0)
        missing = tf.where(running & (t == bounds) & ~ends, log_probs[:, end], missing)
        texts = texts.write(t, tf.where(writes, best, pad))
        ids = tf.where(writes, best, end)
        return (
            t + 1,
            ids,
            writes,
            ended | ends,
            total,
            missing,
            lengths + tf.cast(writes, tf.int32),
            texts,
            state,
        )

    texts = tf.TensorArray(tf.int32, most + 1, element_shape=bounds.shape)
    false, zero, zeros = (tf.zeros([batch], dtype) for dtype in (tf.bool, tf.int32, tf.float32))
    first = (
        0,
        zero + decoder.alphabet.start,
        ~false,
        false,
        zeros,
        zeros,
        zero,
        texts,
        decoder.begin(1),
    )
    vector = tf.TensorShape([None])
    shapes = (
        tf.TensorShape([]),
        vector,
        vector,
        vector,
        vector,
        vector,
        vector,
        tf.TensorShape(None),
        state_shapes(first[-1]),
    )
    *_, ended, total, missing, lengths, texts, _ = tf.while_loop(go_on, body, first, shapes)
    ids = tf.transpose(texts.stack())[:, : tf.reduce_max(lengths)]
    return single(Labels(ids, lengths), total + missing, total, ended)


def force(decoder: Decoder, labels: Labels) -> tuple[Tensor, Tensor]:
    """Feeds the label itself.

    Returns:
        The log probability of every symbol and the end [B, L + 1], and the alignments
        [B, L + 1, T]; entries behind a label's end are 0.
    """
    step, end, state = decoder.step, decoder.alphabet.end, decoder.begin(1)
    most = tf.shape(labels.ids)[1] + 1
    inside = tf.sequence_mask(labels.lengths, most - 1)
    symbols = tf.where(inside, labels.ids, end)
    targets = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=end)  # [B, L + 1]
    inputs = tf.pad(symbols, [[0, 0], [1, 0]], constant_values=decoder.alphabet.start)

    def body(t: Tensor, gains: tf.TensorArray, rows: tf.TensorArray, state: State) -> Loop:
        log_probs, alignment, state = step(inputs[:, t], state)
        gain = tf.gather(log_probs, targets[:, t], batch_dims=1)
        return t + 1, gains.write(t, gain), rows.write(t, alignment), state

    arrays = (
        tf.TensorArray(tf.float32, most, element_shape=[None]),
        tf.TensorArray(tf.float32, most, element_shape=[None, None]),
    )
    shapes = (tf.TensorShape([]), tf.TensorShape(None), tf.TensorShape(None), state_shapes(state))
    _, gains, rows, _ = tf.while_loop(lambda t, *_: t < most, body, (0, *arrays, state), shapes)
    valid = tf.sequence_mask(labels.lengths + 1, most)
    gains = tf.where(valid, tf.transpose(gains.stack()), 0.0)
    rows = tf.where(valid[:, :, None], tf.transpose(rows.stack(), [1, 0, 2]), 0.0)
    return gains, rows


def symbol_confidences(gains: Tensor, labels: Labels) -> Tensor:
    """Takes the symbols' probabilities, [B, L], from log p of each symbol and the end, [B, L + 1].

    They are what `Head.symbol_confidences` gives: 0 behind a label's end.
    """
    inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
    return tf.where(inside, tf.exp(gains[:, :-1]), 0.0)
