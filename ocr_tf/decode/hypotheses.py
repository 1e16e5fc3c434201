"""Hypotheses of searches that find one text a line."""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.types import Hypotheses, Labels, Tensor


def single(labels: Labels, score: Tensor, objective: Tensor, ended: Tensor) -> Hypotheses:
    """Returns one text a line, labels [B, L] and the others [B], as Hypotheses with K = 1."""
    return Hypotheses(
        ids=labels.ids[:, None],
        lengths=labels.lengths[:, None],
        log_probs=score[:, None],
        objective=objective[:, None],
        ended=ended[:, None],
        valid=tf.ones_like(ended[:, None]),
    )
