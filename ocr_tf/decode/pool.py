"""Ranks the texts that several searches propose for the same lines, and returns the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.decode.guide import Guide
from ocr_tf.types import Hypotheses, Tensor

LAST = -1e30  # ranks below all texts that there are
MINUS_INFINITY = float("-inf")


class Scores(NamedTuple):
    """Holds the scores of N texts of each of B lines."""

    objective: Tensor  # [B, N] what they are ranked by, without a guide
    log_probs: Tensor  # [B, N] log p(text | image)


# (ids [B, N, L], lengths [B, N]) -> their scores
Scorer = Callable[[Tensor, Tensor], Scores]


def best_of(
    proposed: Sequence[Hypotheses],
    scorer: Scorer,
    best: int,
    pad: int,
    guide: Optional[Guide] = None,
) -> Hypotheses:
    """Scores all proposed texts anew, and returns the K best.

    A line of which the guide allows nothing that was proposed reads as empty, and not ended.

    Args:
        proposed: of each search, for the same lines; a text may occur more than once.
        scorer: scores texts.
        best: K, at most the number of texts that are proposed for a line.
        pad: what fills ids behind a text's length.
        guide: a language model or lexicon, which counts beside the scorer's objective.
    """
    batch = tf.shape(proposed[0].lengths)[0]
    most = tf.reduce_max([tf.shape(texts.ids)[2] for texts in proposed])
    ids = [_widened(texts.ids, most, pad) for texts in proposed]
    # One text more, the empty one, for lines without any other.
    ids = tf.concat([*ids, tf.fill([batch, 1, most], pad)], axis=1)
    no = tf.zeros([batch, 1], tf.bool)
    lengths = tf.concat([*(texts.lengths for texts in proposed), tf.cast(no, tf.int32)], axis=1)
    ended = tf.concat([*(texts.ended for texts in proposed), no], axis=1)
    valid = tf.concat([*(texts.valid for texts in proposed), no], axis=1)

    objective, log_probs = scorer(ids, lengths)
    if guide is not None:
        gains = guide.score(tf.reshape(ids, [-1, most]), tf.reshape(lengths, [-1]))
        objective += tf.reshape(gains, tf.shape(objective))
    objective = tf.where(valid & ~_repeated(ids, valid), objective, MINUS_INFINITY)
    nothing = tf.reduce_all(objective == MINUS_INFINITY, axis=1, keepdims=True)
    count = ids.shape[1]
    objective = tf.where(nothing & (tf.range(count) == count - 1), LAST, objective)
    objective, order = tf.math.top_k(objective, best)

    def pick(values: Tensor) -> Tensor:
        return tf.gather(values, order, batch_dims=1)

    valid = objective > MINUS_INFINITY
    lengths = tf.where(valid, pick(lengths), 0)
    return Hypotheses(
        ids=tf.where(valid[:, :, None], pick(ids), pad)[:, :, : tf.reduce_max(lengths)],
        lengths=lengths,
        log_probs=tf.where(valid, pick(log_probs), MINUS_INFINITY),
        objective=objective,
        ended=valid & pick(ended),
        valid=valid,
    )


def _repeated(ids: Tensor, valid: Tensor) -> Tensor:
    """Marks texts [B, N, L] that one before them is equal to: [B, N]."""
    same = tf.reduce_all(ids[:, :, None] == ids[:, None, :], axis=3) & valid[:, None, :]
    places = tf.range(ids.shape[1])
    return tf.reduce_any(same & (places[None, :] < places[:, None]), axis=2)


def _widened(ids: Tensor, most: Tensor, pad: int) -> Tensor:
    """Pads texts [B, N, L] to [B, N, most]."""
    return tf.pad(ids, [[0, 0], [0, 0], [0, most - tf.shape(ids)[2]]], constant_values=pad)
