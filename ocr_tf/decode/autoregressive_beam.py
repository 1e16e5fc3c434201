"""Beam search for heads that put out one symbol at a time, over `autoregressive.Decoder`.

Sutskever et al. 2014, Sequence to Sequence Learning with Neural Networks, section 3.2, but for the ends of
texts: the end of every prefix counts, for it takes no place from those that go on. Ranked by
log p(text | image), not normalized by length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from ocr_tf.decode.autoregressive import Decoder, Loop, State, greedy, state_shapes
from ocr_tf.types import Hypotheses, Tensor

MINUS_INFINITY = float("-inf")


class _Texts(NamedTuple):
    """N texts a line; those of minus infinity are none."""

    ids: Tensor  # [B, N, t], padded
    log_probs: Tensor  # [B, N]
    ended: Tensor  # [B, N] bool


def beam(decoder: Decoder, bounds: Tensor, width: int, best: int) -> Hypotheses:
    """Returns the K best texts that a beam finds, each of at most `bounds` [B] symbols.

    At the bound every prefix is finished, and has `ended` only where the end is its likeliest class.
    A line's search stops when none of its prefixes can beat its K texts, for log p only falls. The text of
    greedy search is among those that are ranked, so that none is worse. A line reads the same in any batch.

    Args:
        decoder: steps N = B * width prefixes.
        bounds: [B] int32.
        width: prefixes of a line that are kept at every step.
        best: K, at most `width`.
    """
    end, pad, count = decoder.end, decoder.pad, best
    followed = greedy(decoder, bounds)
    batch = tf.shape(bounds)[0]
    most = tf.reduce_max(bounds)

    def go_on(t: Tensor, symbols: Tensor, texts: Tensor, total: Tensor, *_: Any) -> Tensor:
        # One step beyond the bound may still put out the end.
        return (t <= most) & tf.reduce_any(total > MINUS_INFINITY)

    def body(
        t: Tensor,
        symbols: Tensor,  # [B * W] last of each prefix
        texts: Tensor,  # [B, W, t] prefixes
        total: Tensor,  # [B, W] log p of the prefixes, minus infinity for none
        finished: _Texts,  # [B, K, t]
        state: State,
    ) -> Loop:
        log_probs, _, state = decoder.step(symbols, state)
        classes = tf.shape(log_probs)[1]
        likeliest = tf.argmax(log_probs, axis=-1, output_type=tf.int32)
        candidates = total[:, :, None] + tf.reshape(log_probs, [batch, width, classes])
        at_bound = (t == bounds)[:, None]
        ended = ~at_bound | (tf.reshape(likeliest, [batch, width]) == end)
        finished = _best(finished, _Texts(texts, candidates[:, :, end], ended), count)

        going_on = tf.where(tf.range(classes) == end, MINUS_INFINITY, candidates)
        best, places = tf.math.top_k(tf.reshape(going_on, [batch, width * classes]), width)
        parents, symbols = places // classes, places % classes
        beaten = best <= finished.log_probs[:, -1:]
        total = tf.where(at_bound | beaten, MINUS_INFINITY, best)
        texts = tf.gather(texts, parents, batch_dims=1)
        rows = tf.reshape(tf.range(batch)[:, None] * width + parents, [-1])
        return (
            t + 1,
            tf.reshape(symbols, [-1]),
            tf.concat([texts, symbols[:, :, None]], axis=2),
            total,
            finished._replace(
                ids=tf.pad(finished.ids, [[0, 0], [0, 0], [0, 1]], constant_values=pad)
            ),
            tf.nest.map_structure(lambda x: tf.gather(x, rows), state),
        )

    first = (
        0,
        tf.fill([batch * width], decoder.start),
        tf.zeros([batch, width, 0], tf.int32),
        tf.tile(tf.where(tf.range(width) == 0, 0.0, MINUS_INFINITY)[None], [batch, 1]),
        _Texts(
            tf.zeros([batch, count, 0], tf.int32),
            tf.fill([batch, count], MINUS_INFINITY),
            tf.zeros([batch, count], tf.bool),
        ),
        decoder.begin(width),
    )
    finished_shape = tf.TensorShape([None, count])
    shapes = (
        tf.TensorShape([]),
        tf.TensorShape([None]),
        tf.TensorShape([None, width, None]),
        tf.TensorShape([None, width]),
        _Texts(finished_shape.concatenate([None]), finished_shape, finished_shape),
        state_shapes(first[-1]),
    )
    *_, finished, _ = tf.while_loop(go_on, body, first, shapes)
    return _hypotheses(_with(finished, followed, count, pad), pad)


def _with(finished: _Texts, followed: Hypotheses, count: int, pad: int) -> _Texts:
    """Adds each line's one text of greedy search where it is not among the finished."""
    most = tf.maximum(tf.shape(finished.ids)[2], tf.shape(followed.ids)[2])
    finished, own = (
        texts._replace(
            ids=tf.pad(
                texts.ids, [[0, 0], [0, 0], [0, most - tf.shape(texts.ids)[2]]], constant_values=pad
            )
        )
        for texts in (finished, _Texts(followed.ids, followed.log_probs, followed.ended))
    )
    real = finished.log_probs > MINUS_INFINITY
    known = tf.reduce_any(tf.reduce_all(finished.ids == own.ids, axis=2) & real, axis=1)
    new = tf.where(known[:, None], MINUS_INFINITY, own.log_probs)
    return _best(finished, own._replace(log_probs=new), count)


def _best(one: _Texts, other: _Texts, count: int) -> _Texts:
    both = _Texts(*(tf.concat(pair, axis=1) for pair in zip(one, other)))
    log_probs, chosen = tf.math.top_k(both.log_probs, count)
    return _Texts(
        tf.gather(both.ids, chosen, batch_dims=1),
        log_probs,
        tf.gather(both.ended, chosen, batch_dims=1),
    )


def _hypotheses(texts: _Texts, pad: int) -> Hypotheses:
    valid = texts.log_probs > MINUS_INFINITY
    ids = tf.where(valid[:, :, None], texts.ids, pad)
    lengths = tf.reduce_sum(tf.cast(ids != pad, tf.int32), axis=2)
    return Hypotheses(
        ids=ids[:, :, : tf.reduce_max(lengths)],
        lengths=lengths,
        log_probs=texts.log_probs,
        objective=texts.log_probs,
        ended=texts.ended & valid,
        valid=valid,
    )
