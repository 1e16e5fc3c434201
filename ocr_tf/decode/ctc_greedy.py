"""CTC's greedy search: the best class of every step, repeats merged, blanks removed.

Graves et al. 2006, section 3.2, best path decoding.
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.decode import ctc_lattice
from ocr_tf.decode.hypotheses import single
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor


def search(log_probs: Frames, blank: int, pad: int) -> Hypotheses:
    """Returns the text of each line's best path, log_probs [B, T, C], K = 1.

    The objective is the path's log probability; the text's own sums all paths that spell it.
    """
    labels, path = best_path(log_probs, blank, pad)
    score = ctc_lattice.score(log_probs, labels, blank)
    return single(labels, score, path, tf.ones_like(path, tf.bool))


def best_path(log_probs: Frames, blank: int, pad: int) -> tuple[Labels, Tensor]:
    """Returns the text of the best path, ids [B, L], and the log probability of the path [B].

    Args:
        log_probs: [B, T, C] natural log.
        blank: the class of no symbol.
        pad: what fills ids behind a text's length.
    """
    steps = tf.shape(log_probs.values)[1]
    inside = tf.sequence_mask(log_probs.lengths, steps)
    path = tf.argmax(log_probs.values, axis=-1, output_type=tf.int32)
    best = tf.reduce_sum(tf.where(inside, tf.reduce_max(log_probs.values, axis=-1), 0.0), axis=1)
    before = tf.pad(path, [[0, 0], [1, 0]], constant_values=blank)[:, :-1]
    kept = inside & (path != blank) & (path != before)
    # Each symbol kept goes to the place that the number of those before it gives.
    lengths = tf.reduce_sum(tf.cast(kept, tf.int32), axis=1)
    places = tf.cumsum(tf.cast(kept, tf.int32), axis=1, exclusive=True)
    at = tf.where(kept)  # [N, 2]
    target = tf.stack([tf.cast(at[:, 0], tf.int32), tf.gather_nd(places, at)], axis=1)
    ids = tf.fill([tf.shape(path)[0], tf.reduce_max(lengths)], pad)
    ids = tf.tensor_scatter_nd_update(ids, target, tf.gather_nd(path, at))
    return Labels(ids, lengths), best
