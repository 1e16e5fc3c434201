"""Searches for heads that put out one symbol at a time, given as a callable.

    step(ids [N], state) -> (log_probs [N, C], alignment [N, T], state)

`state` is any nest of tensors whose first dimension is N; class `end` ends a text.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import tensorflow as tf

from ocr_tf.types import Labels

Step = Callable[[tf.Tensor, Any], tuple[tf.Tensor, tf.Tensor, Any]]


class Found(NamedTuple):
    labels: Labels  # [B, L], without the end
    log_probs: tf.Tensor  # [B] sum over the symbols and the end
    objective: tf.Tensor  # [B] the same, but without the end where not ended
    ended: tf.Tensor  # [B] bool


def state_shapes(state: Any) -> Any:
    """Loop invariants: batch-sized tensors whose first dimension is not known."""
    return tf.nest.map_structure(lambda x: tf.TensorShape([None]).concatenate(x.shape[1:]), state)


def greedy(
    step: Step,
    state: Any,
    bounds: tf.Tensor,
    start: int,
    end: int,
    pad: int,
    early_stop: bool = True,
) -> Found:
    """Follows the best class from `start` until `end`, at most `bounds` [B] symbols a line.

    Stops when every line has ended; without `early_stop` at the greatest bound, with the same texts.
    A line reads the same in any batch: its bound is its own.
    """
    batch = tf.shape(bounds)[0]
    most = tf.reduce_max(bounds)

    def go_on(t: tf.Tensor, ids: tf.Tensor, running: tf.Tensor, *_: Any) -> tf.Tensor:
        # One step beyond the bound may still put out the end.
        return (t <= most) & (tf.reduce_any(running) | (not early_stop))

    def body(
        t: tf.Tensor,
        ids: tf.Tensor,
        running: tf.Tensor,
        ended: tf.Tensor,
        total: tf.Tensor,
        missing: tf.Tensor,
        lengths: tf.Tensor,
        texts: tf.TensorArray,
        state: Any,
    ) -> tuple:
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
    none, zero, nothing = (tf.zeros([batch], dtype) for dtype in (tf.bool, tf.int32, tf.float32))
    first = (0, zero + start, ~none, none, nothing, nothing, zero, texts, state)
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
        state_shapes(state),
    )
    *_, ended, total, missing, lengths, texts, _ = tf.while_loop(go_on, body, first, shapes)
    ids = tf.transpose(texts.stack())[:, : tf.reduce_max(lengths)]
    return Found(Labels(ids, lengths), total + missing, total, ended)


def force(
    step: Step, state: Any, labels: Labels, start: int, end: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Feeds the label itself: log p of every symbol and the end [B, L + 1], alignments [B, L + 1, T].

    Entries behind a label's end are 0.
    """
    most = tf.shape(labels.ids)[1] + 1
    inside = tf.sequence_mask(labels.lengths, most - 1)
    symbols = tf.where(inside, labels.ids, end)
    targets = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=end)  # [B, L + 1]
    inputs = tf.pad(symbols, [[0, 0], [1, 0]], constant_values=start)

    def body(t: tf.Tensor, gains: tf.TensorArray, rows: tf.TensorArray, state: Any) -> tuple:
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
