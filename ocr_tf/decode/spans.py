"""Spans: from a symbol's weights over the steps of a line to where the symbol is."""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.types import Tensor


def by_column(weights: Tensor, rows: int) -> Tensor:
    """Sums what steps of one column have: [B, L, T] -> [B, L, T / rows]; see `ocr_tf.encoders`."""
    if rows == 1:
        return weights
    shape = tf.shape(weights)
    return tf.reduce_sum(tf.reshape(weights, [shape[0], shape[1], shape[2] // rows, rows]), axis=3)


def spans(weights: Tensor, share: float = 0.8) -> Tensor:
    """Finds the central interval of steps with `share` of each symbol's weight: [B, L, 2] float32.

    Begin and end are counted in steps from the start of the line, 0 to T, between whole ones too: a
    step's weight is spread evenly over it, so a row with all its weight in step t gives
    (t + (1 - share) / 2, t + (1 + share) / 2). A row without weight (padding, labels that cannot be
    reached) gives (0, 0). Plain operations, for any B, L and T.

    Args:
        weights: [B, L, T], not negative, 0 behind a line's last step: what `Head.align` gives.
        share: above 0, at most 1.
    """
    weights = tf.cast(weights, tf.float32)
    before = tf.cumsum(weights, axis=2, exclusive=True)
    total = tf.reduce_max(before + weights, axis=2, keepdims=True)  # rounded as `before` is
    heavy = weights > 0
    divisor = tf.where(heavy, weights, 1.0)

    def reached(part: float, beyond: Tensor) -> Tensor:
        """Steps until `part` of the weight has passed; `beyond` says it of steps without weight."""
        passed = tf.clip_by_value((part * total - before) / divisor, 0.0, 1.0)
        return tf.reduce_sum(tf.where(heavy, passed, tf.cast(beyond, tf.float32)), axis=2)

    low, high = (1 - share) / 2, (1 + share) / 2
    # Where a stretch without weight parts the interval from the rest, neither end takes it in.
    begin = reached(low, before <= low * total)
    end = reached(high, before < high * total)
    return tf.where(total > 0, tf.stack([begin, end], axis=2), 0.0)
