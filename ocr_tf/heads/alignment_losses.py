"""Losses on where a decoder looks, over the alignments of its symbols and the end, [B, L + 1, T]."""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.types import Frames, Labels, Tensor

# The guide's band, g in `off_diagonal`, is this share of the line's width over sqrt(number of symbols).
DRIFT = 0.3


def off_diagonal(alignments: Tensor, labels: Labels, frames: Frames) -> Tensor:
    """Sums the attention that is far from the diagonal, over the symbols and the end: [B].

    Tachibana et al. 2018, equation 5: looking at frame t of T for symbol n of N costs
    1 - exp(-(n / N - t / T)^2 / 2g^2), where g is the width of the band along the diagonal. Theirs is one for
    all lines; here it is DRIFT / sqrt(N): where symbols' widths vary independently, so does the place of
    a line's middle symbol.

    Args:
        alignments: [B, L + 1, T].
        labels: the symbols that they are of.
        frames: the frames that they are over.
    """
    count = tf.cast(labels.lengths + 1, tf.float32)[:, None, None]
    steps = tf.cast(frames.lengths, tf.float32)[:, None, None]
    symbol = (
        tf.range(tf.shape(alignments)[1], dtype=tf.float32)[:, None] + 0.5
    ) / count  # [B, L + 1, 1]
    frame = (tf.range(tf.shape(alignments)[2], dtype=tf.float32) + 0.5) / steps  # [B, 1, T]
    near = tf.exp(-tf.square(symbol - frame) * count / (2 * DRIFT**2))
    return tf.reduce_sum(tf.where(symbol < 1, alignments * (1 - near), 0.0), axis=[1, 2])


def coverage_loss(alignments: Tensor, labels: Labels) -> Tensor:
    """Sums the attention to frames that were attended to before, over the symbols and the end: [B].

    See et al. 2017, equations 10 and 12: min(a_nt, c_nt) over all n and t, where c_n is the sum of the
    alignments a of all symbols before n.

    Args:
        alignments: [B, L + 1, T].
        labels: the symbols that they are of.
    """
    covered = tf.cumsum(alignments, axis=1, exclusive=True)
    again = tf.reduce_sum(tf.minimum(alignments, covered), axis=2)  # [B, L + 1]
    inside = tf.sequence_mask(labels.lengths + 1, tf.shape(again)[1])
    return tf.reduce_sum(tf.where(inside, again, 0.0), axis=1)
