"""CTC's lattice: scores, occupancies, confidences and best paths of labels.

One forward pass in log space gives the score, with its mirror image the occupancies, and with maxima in
place of sums the best path.

Graves et al. 2006, Connectionist temporal classification, section 4.1. States are the label with blanks
around every symbol, S = 2 L + 1; alpha[t, s] is the log probability of having spelt s states' worth of
the label by step t, the step's own emission included (equation 6).
"""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

from ocr_tf.types import Frames, Labels, Tensor

MINUS_INFINITY = float("-inf")
AT_ONCE = 8  # texts of a line that are scored together: their emissions are [T, B, AT_ONCE, S]

Merge = Callable[..., Tensor]
Loop = tuple[Any, ...]  # tensors and tensor arrays, the variables of a loop


def _log_add(*terms: Tensor) -> Tensor:
    """Returns log(sum(exp(terms))), minus infinity where all are."""
    return tf.reduce_logsumexp(tf.stack(terms), axis=0)


def _log_max(*terms: Tensor) -> Tensor:
    return tf.reduce_max(tf.stack(terms), axis=0)


def _states(labels: Labels, blank: int) -> tuple[Tensor, Tensor]:
    """Lists the class of every state, and if it may be entered from two before it: ([B, S], [B, S])."""
    valid = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
    symbols = tf.where(valid, labels.ids, blank)
    blanks = tf.fill(tf.shape(symbols), blank)
    interleaved = tf.reshape(tf.stack([blanks, symbols], axis=2), [tf.shape(symbols)[0], -1])
    states = tf.pad(interleaved, [[0, 0], [0, 1]], constant_values=blank)
    two_before = tf.pad(states, [[0, 0], [2, 0]], constant_values=blank)[:, :-2]
    return states, (states != blank) & (states != two_before)


def _emissions(log_probs: Frames, states: Tensor) -> Tensor:
    """Gathers the log probability of each state's class at each step: [T, B, S]."""
    by_class = tf.transpose(log_probs.values, [0, 2, 1])  # [B, C, T]
    return tf.transpose(tf.gather(by_class, states, batch_dims=1), [2, 0, 1])


def _alphas(
    emissions: Tensor,
    skips: Tensor,
    lengths: Tensor,
    merge: Merge = _log_add,
    every: bool = True,
) -> Tensor:
    """Passes forward: emissions [T, B, S] -> alpha [T, B, S].

    Steps behind a line's length repeat its last one.

    `merge` makes one of the paths that meet in a state: their sum, or the best of them. If not every
    step is wanted, the last alone is kept: [1, B, S].
    """
    size = tf.shape(skips)[1]

    def shift(alpha: Tensor, by: int) -> Tensor:
        return tf.pad(alpha, [[0, 0], [by, 0]], constant_values=MINUS_INFINITY)[:, :size]

    def step(t: Tensor, alpha: Tensor, saved: Loop) -> Loop:
        skipped = tf.where(skips, shift(alpha, 2), MINUS_INFINITY)
        moved = merge(alpha, shift(alpha, 1), skipped) + emissions[t]
        alpha = tf.where((t < lengths)[:, None], moved, alpha)
        return t + 1, alpha, tuple(array.write(t, alpha) for array in saved)

    first = tf.where(tf.range(size) < 2, emissions[0], MINUS_INFINITY)
    steps = tf.shape(emissions)[0]
    saved: Loop = ()
    if every:
        array = tf.TensorArray(tf.float32, steps, element_shape=[None, None])
        saved = (array.write(0, first),)
    shapes = (tf.TensorShape([]), tf.TensorShape([None, None]), (tf.TensorShape(None),) * every)
    _, last, saved = tf.while_loop(lambda t, *_: t < steps, step, (1, first, saved), shapes)
    return saved[0].stack() if every else last[None]


def _ends(alphas: Tensor, label_lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Picks alpha of the two states in which a label may end, last blank and last symbol: [B] each."""
    last = alphas[-1]
    blank = tf.gather(last, 2 * label_lengths, batch_dims=1)
    symbol = tf.gather(last, tf.maximum(2 * label_lengths - 1, 0), batch_dims=1)
    return blank, tf.where(label_lengths > 0, symbol, MINUS_INFINITY)


def score(log_probs: Frames, labels: Labels, blank: int) -> Tensor:
    """Computes log p(label | frames), summed over all paths: [B] float32.

    Minus infinity for a label that no path of the line's length spells; an empty label is all blanks.

    Args:
        log_probs: values [B, T, C], normalized over C, natural log.
        labels: ids [B, L].
        blank: the class of no symbol.
    """
    states, skips = _states(labels, blank)
    emissions = _emissions(log_probs, states)
    alphas = _alphas(emissions, skips, log_probs.lengths, every=False)
    return _log_add(*_ends(alphas, labels.lengths))


def score_each(log_probs: Frames, ids: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Computes `score` of several texts of each line: ids [B, N, L], lengths [B, N] -> [B, N].

    N must be known where the graph is made.
    """
    by_class = tf.transpose(log_probs.values, [0, 2, 1])  # [B, C, T]

    def some(first: int) -> Tensor:
        """Scores up to AT_ONCE of the texts."""
        own, sizes = ids[:, first : first + AT_ONCE], lengths[:, first : first + AT_ONCE]
        count = own.shape[1]
        batch, longest = tf.shape(own)[0], tf.shape(own)[2]
        labels = Labels(tf.reshape(own, [-1, longest]), tf.reshape(sizes, [-1]))
        states, skips = _states(labels, blank)
        emissions = tf.gather(by_class, tf.reshape(states, [batch, -1]), batch_dims=1)
        steps = tf.shape(emissions)[2]
        emissions = tf.reshape(
            tf.transpose(emissions, [2, 0, 1]), [steps, batch * count, tf.shape(states)[1]]
        )
        alphas = _alphas(emissions, skips, tf.repeat(log_probs.lengths, count), every=False)
        return tf.reshape(_log_add(*_ends(alphas, labels.lengths)), [-1, count])

    return tf.concat([some(first) for first in range(0, ids.shape[1], AT_ONCE)], axis=1)


def forced_path(log_probs: Frames, labels: Labels, blank: int) -> tuple[Tensor, Tensor]:
    """Finds the most probable of the paths that spell a label (Viterbi), and its log probability.

    Returns:
        [B, T] int32, the index in the label of the symbol that each step belongs to, -1 for blank,
        behind a line's length, and throughout for a label that no path spells; and [B] float32,
        minus infinity for such a label.
    """
    states, skips = _states(labels, blank)
    steps = log_probs.lengths
    alphas = _alphas(_emissions(log_probs, states), skips, steps, _log_max)
    in_blank, in_symbol = _ends(alphas, labels.lengths)
    size = tf.shape(states)[1]

    def back(t: Tensor, state: Tensor, saved: tf.TensorArray) -> Loop:
        """Goes from the state at step t to the best of those before it that it can be entered from."""
        saved = saved.write(t, state)
        origins = state[:, None] - [0, 1, 2]  # [B, 3]
        allowed = (origins >= 0) & tf.stack(
            [tf.ones_like(state, tf.bool)] * 2 + [tf.gather(skips, state, batch_dims=1)], axis=1
        )
        before = alphas[tf.maximum(t - 1, 0)]
        reached = tf.gather(before, tf.maximum(origins, 0), batch_dims=1)
        moved = tf.argmax(tf.where(allowed, reached, MINUS_INFINITY), 1, tf.int32)
        return t - 1, tf.where(t < steps, state - moved, state), saved

    last = 2 * labels.lengths - tf.cast(in_symbol >= in_blank, tf.int32)
    last = tf.clip_by_value(last, 0, size - 1)
    most = tf.shape(alphas)[0]
    saved = tf.TensorArray(tf.int32, most, element_shape=[None])
    shapes = (tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape(None))
    *_, saved = tf.while_loop(lambda t, *_: t >= 0, back, (most - 1, last, saved), shapes)
    path = tf.transpose(saved.stack())  # [B, T] states
    total = _log_max(in_blank, in_symbol)
    spelt = tf.sequence_mask(steps, most) & tf.math.is_finite(total)[:, None]
    return tf.where(spelt & (path % 2 == 1), path // 2, -1), total


def occupancies(log_probs: Frames, labels: Labels, blank: int) -> Tensor:
    """Computes p(path is in symbol l at step t | label, frames): [B, L, T].

    It is 0 for unreachable labels and padding.
    """
    both = forward_backward(log_probs, labels, blank)
    sizes = 2 * labels.lengths + 1
    finite = tf.math.is_finite(both) & tf.sequence_mask(sizes, tf.shape(both)[2])
    # A step's states share the label's whole probability. Divided anew at every step, because the
    # logarithms of long lines are too coarse in float32 for one total to fit all steps.
    shares = tf.nn.softmax(tf.where(finite, both, MINUS_INFINITY))
    shares = tf.where(finite, shares, 0.0)  # [T, B, S]
    symbols = tf.transpose(shares[:, :, 1::2], [1, 2, 0])  # [B, L, T]
    in_label = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])[:, :, None]
    in_line = tf.sequence_mask(log_probs.lengths, tf.shape(symbols)[2])[:, None, :]
    return tf.where(in_label & in_line, symbols, 0.0)


def forward_backward(log_probs: Frames, labels: Labels, blank: int) -> Tensor:
    """Computes log p of the paths that spell a label and are in a state at a step: [T, B, S].

    Graves et al. 2006, equation 13: alpha beta / y. Over a step's states they sum to p(label | frames). What
    stands behind a line's steps and states means nothing. A backward pass is a forward pass over the
    mirrored line and label, so there is one recursion.
    """
    states, skips = _states(labels, blank)
    steps, sizes = log_probs.lengths, 2 * labels.lengths + 1
    emissions = _emissions(log_probs, states)
    alphas = _alphas(emissions, skips, steps)

    def mirror(values: Tensor) -> Tensor:
        """Turns [T, B, S] within each line's steps and states."""
        turned = tf.reverse_sequence(values, steps, seq_axis=0, batch_axis=1)
        return tf.reverse_sequence(turned, sizes, seq_axis=2, batch_axis=1)

    # The mirrored label's skips lead from a symbol to the symbol two before it in the original.
    into = tf.pad(skips, [[0, 0], [0, 2]])[:, 2:]
    mirrored_skips = tf.reverse_sequence(into, sizes, seq_axis=1, batch_axis=0)
    betas = mirror(_alphas(mirror(emissions), mirrored_skips, steps))
    # Both passes count the step's own emission: take it out once.
    return alphas + betas - emissions


def symbol_confidences(log_probs: Frames, labels: Labels, blank: int) -> Tensor:
    """Averages the posterior of each symbol over the steps that it holds: [B, L] in [0, 1].

    For symbol l of class c it is sum_t w_lt p_t(c) / sum_t w_lt, with w of `occupancies` and p_t(c) the
    step's probability of the class. Given the label, w says where the symbol is; p, which does not know the
    label, whether the network sees it there. The values of a label are not independent, and their product
    is not its probability. 0 for unreachable labels and padding.
    """
    weights = occupancies(log_probs, labels, blank)
    inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
    by_class = tf.transpose(log_probs.values, [0, 2, 1])  # [B, C, T]
    emitted = tf.gather(by_class, tf.where(inside, labels.ids, blank), batch_dims=1)  # [B, L, T]
    seen = tf.reduce_sum(tf.where(weights > 0, weights * tf.exp(emitted), 0.0), axis=2)
    # The two sums round apart, by which a sure symbol would end above 1.
    return tf.minimum(tf.math.divide_no_nan(seen, tf.reduce_sum(weights, axis=2)), 1.0)


def needed_steps(labels: Labels) -> Tensor:
    """Counts the fewest steps that spell each label, its length and its adjacent repeats: [B]."""
    same = tf.cast(labels.ids[:, 1:] == labels.ids[:, :-1], tf.int32)
    inside = tf.sequence_mask(labels.lengths - 1, tf.shape(same)[1], tf.int32)
    return labels.lengths + tf.reduce_sum(same * inside, axis=1)
