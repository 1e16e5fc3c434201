"""CTC's prefix beam search: the paths of a text are summed while the best prefixes are followed.

Graves 2012, Supervised Sequence Labelling with Recurrent Neural Networks, section 7.5.3; Hannun et al.
2014, First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs.
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.decode import ctc_lattice
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

# Stands for log 0 in the search, whose sums must stay finite.
NEVER = -1e9
MINUS_INFINITY = float("-inf")


def prefix_beam(log_probs: Frames, blank: int, pad: int, width: int, best: int) -> Hypotheses:
    """Returns the texts that a beam finds, best first by `ctc_lattice.score`.

    The search sums only the paths that stayed in its beam, so all that it finds are scored anew and
    sorted: fewer texts are the first of more.

    Args:
        log_probs: [B, T, C] natural log, normalized over C.
        blank: the class of no symbol, the last one.
        pad: what fills ids behind a text's length.
        width: prefixes of a line that are kept at every step.
        best: K, texts of a line that are returned, at most `width`.
    """
    ids = _search(log_probs, pad, width)  # [W, B, L]
    lengths = tf.reduce_sum(tf.cast(ids != pad, tf.int32), axis=2)

    def score_one(text: tuple[Tensor, Tensor]) -> Tensor:
        # What stands in for a missing text has a symbol that is none.
        real = tf.reduce_all(text[0] < blank, axis=1)
        labels = Labels(tf.minimum(text[0], blank), text[1])
        return tf.where(real, ctc_lattice.score(log_probs, labels, blank), MINUS_INFINITY)

    # One text of every line at a time: together they would take W copies of the log probabilities.
    scores = tf.map_fn(score_one, (ids, lengths), fn_output_signature=log_probs.values.dtype)
    score, order = tf.math.top_k(tf.transpose(scores), best)
    ids, lengths = tf.transpose(ids, [1, 0, 2]), tf.transpose(lengths)
    valid = score > MINUS_INFINITY
    ids = tf.where(valid[:, :, None], tf.gather(ids, order, batch_dims=1), pad)
    lengths = tf.where(valid, tf.gather(lengths, order, batch_dims=1), 0)
    return Hypotheses(ids[:, :, : tf.reduce_max(lengths)], lengths, score, score, valid, valid)


def _search(log_probs: Frames, pad: int, width: int) -> Tensor:
    """TensorFlow's search: ids [W, B, L]; those of missing texts hold symbols of C - 1 and above."""
    values = tf.maximum(log_probs.values, NEVER)
    # A line of one step has C texts, and fewer than W fail the whole batch: so there are more classes.
    missing = max(0, width - values.shape[2])
    more = tf.fill([*tf.unstack(tf.shape(values)[:2]), missing], NEVER)
    values = tf.concat([values[:, :, :-1], more, values[:, :, -1:]], axis=2)
    texts, _ = tf.nn.ctc_beam_search_decoder(
        tf.transpose(values, [1, 0, 2]), log_probs.lengths, width, width
    )
    stacked = tf.sparse.concat(0, texts, expand_nonconcat_dims=True)  # [W * B, L]
    ids = tf.cast(tf.sparse.to_dense(stacked, pad), tf.int32)
    return tf.reshape(ids, [width, tf.shape(values)[0], -1])
