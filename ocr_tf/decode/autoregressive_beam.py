"""Beam search for heads that put out one symbol at a time, over the callable of `autoregressive`.

Sutskever et al. 2014, Sequence to Sequence Learning with Neural Networks, section 3.2: a prefix whose
end is among the best candidates is finished. Ranked by log p(text | image), not normalized by length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from ocr_tf.decode import Beam
from ocr_tf.decode.autoregressive import Step, state_shapes
from ocr_tf.types import Hypotheses

MINUS_INFINITY = float("-inf")


class _Texts(NamedTuple):
    """N texts a line; those of minus infinity are none."""

    ids: tf.Tensor  # [B, N, t], padded
    log_probs: tf.Tensor  # [B, N]
    ended: tf.Tensor  # [B, N] bool


def beam(
    step: Step, state: Any, bounds: tf.Tensor, start: int, end: int, pad: int, search: Beam
) -> Hypotheses:
    """The K best texts that a beam finds, each of at most `bounds` [B] symbols.

    At the bound every prefix is finished, and has `ended` only where the end is its likeliest class.
    A line's search stops when none of its prefixes can beat its K texts, for log p only falls. A line
    reads the same in any batch.

    Args:
        step: as in `autoregressive`, for N = B * width prefixes, those of a line side by side.
        state: before the first symbol, the same for every prefix of a line.
    """
    batch, width = tf.shape(bounds)[0], search.width
    most = tf.reduce_max(bounds)

    def go_on(t: tf.Tensor, symbols: tf.Tensor, texts: tf.Tensor, total: tf.Tensor, *_: Any) -> Any:
        # One step beyond the bound may still put out the end.
        return (t <= most) & tf.reduce_any(total > MINUS_INFINITY)

    def body(
        t: tf.Tensor,
        symbols: tf.Tensor,  # [B * W] last of each prefix
        texts: tf.Tensor,  # [B, W, t] prefixes
        total: tf.Tensor,  # [B, W] log p of the prefixes, minus infinity for none
        found: _Texts,  # [B, K, t]
        state: Any,
    ) -> tuple:
        log_probs, _, state = step(symbols, state)
        classes = tf.shape(log_probs)[1]
        likeliest = tf.argmax(log_probs, axis=-1, output_type=tf.int32)
        candidates = total[:, :, None] + tf.reshape(log_probs, [batch, width, classes])
        # A prefix has one way to end: of the best 2 W at least W go on.
        best, places = tf.math.top_k(tf.reshape(candidates, [batch, width * classes]), 2 * width)
        parents, symbols = places // classes, places % classes

        at_bound = (t == bounds)[:, None]
        ends = candidates[:, :, end]
        finished = _Texts(
            texts,
            tf.where(at_bound | (ends >= best[:, width - 1 : width]), ends, MINUS_INFINITY),
            ~at_bound | (tf.reshape(likeliest, [batch, width]) == end),
        )
        found = _best(found, finished, search.best)

        beaten = best <= found.log_probs[:, -1:]
        best = tf.where(at_bound | beaten | (symbols == end), MINUS_INFINITY, best)
        total, chosen = tf.math.top_k(best, width)
        parents = tf.gather(parents, chosen, batch_dims=1)
        symbols = tf.gather(symbols, chosen, batch_dims=1)
        texts = tf.gather(texts, parents, batch_dims=1)
        rows = tf.reshape(tf.range(batch)[:, None] * width + parents, [-1])
        return (
            t + 1,
            tf.reshape(symbols, [-1]),
            tf.concat([texts, symbols[:, :, None]], axis=2),
            total,
            found._replace(ids=tf.pad(found.ids, [[0, 0], [0, 0], [0, 1]], constant_values=pad)),
            tf.nest.map_structure(lambda x: tf.gather(x, rows), state),
        )

    first = (
        0,
        tf.fill([batch * width], start),
        tf.zeros([batch, width, 0], tf.int32),
        tf.tile(tf.where(tf.range(width) == 0, 0.0, MINUS_INFINITY)[None], [batch, 1]),
        _Texts(
            tf.zeros([batch, search.best, 0], tf.int32),
            tf.fill([batch, search.best], MINUS_INFINITY),
            tf.zeros([batch, search.best], tf.bool),
        ),
        state,
    )
    best_of = tf.TensorShape([None, search.best])
    shapes = (
        tf.TensorShape([]),
        tf.TensorShape([None]),
        tf.TensorShape([None, width, None]),
        tf.TensorShape([None, width]),
        _Texts(best_of.concatenate([None]), best_of, best_of),
        state_shapes(state),
    )
    *_, found, _ = tf.while_loop(go_on, body, first, shapes)
    return _hypotheses(found, pad)


def _best(one: _Texts, other: _Texts, count: int) -> _Texts:
    both = _Texts(*(tf.concat(pair, axis=1) for pair in zip(one, other)))
    log_probs, chosen = tf.math.top_k(both.log_probs, count)
    return _Texts(
        tf.gather(both.ids, chosen, batch_dims=1),
        log_probs,
        tf.gather(both.ended, chosen, batch_dims=1),
    )


def _hypotheses(found: _Texts, pad: int) -> Hypotheses:
    valid = found.log_probs > MINUS_INFINITY
    ids = tf.where(valid[:, :, None], found.ids, pad)
    lengths = tf.reduce_sum(tf.cast(ids != pad, tf.int32), axis=2)
    return Hypotheses(
        ids=ids[:, :, : tf.reduce_max(lengths)],
        lengths=lengths,
        log_probs=found.log_probs,
        objective=found.log_probs,
        ended=found.ended & valid,
        valid=valid,
    )
