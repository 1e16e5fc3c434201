"""CTC's lattice: the log-space forward pass (score) and the occupancies it gives with its mirror image.

Graves et al. 2006, Connectionist temporal classification, section 4.1. States are the label with blanks
around every symbol, S = 2 L + 1; alpha[t, s] is the log probability of having spelt s states' worth of
the label by step t, the step's own emission included (equation 6).
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.types import Frames, Labels

MINUS_INFINITY = float("-inf")


def _log_add(*terms: tf.Tensor) -> tf.Tensor:
    """log(sum(exp(terms))), minus infinity where all are."""
    return tf.reduce_logsumexp(tf.stack(terms), axis=0)


def _states(labels: Labels, blank: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Class of every state, and whether it may be entered from two before it: ([B, S], [B, S])."""
    valid = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
    symbols = tf.where(valid, labels.ids, blank)
    blanks = tf.fill(tf.shape(symbols), blank)
    interleaved = tf.reshape(tf.stack([blanks, symbols], axis=2), [tf.shape(symbols)[0], -1])
    states = tf.pad(interleaved, [[0, 0], [0, 1]], constant_values=blank)
    two_before = tf.pad(states, [[0, 0], [2, 0]], constant_values=blank)[:, :-2]
    return states, (states != blank) & (states != two_before)


def _emissions(log_probs: Frames, states: tf.Tensor) -> tf.Tensor:
    """Log probability of each state's class at each step: [T, B, S]."""
    by_class = tf.transpose(log_probs.values, [0, 2, 1])  # [B, C, T]
    return tf.transpose(tf.gather(by_class, states, batch_dims=1), [2, 0, 1])


def _alphas(emissions: tf.Tensor, skips: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """[T, B, S] emissions -> alpha [T, B, S]; steps behind a line's length repeat its last one."""
    size = tf.shape(skips)[1]

    def shift(alpha: tf.Tensor, by: int) -> tf.Tensor:
        return tf.pad(alpha, [[0, 0], [by, 0]], constant_values=MINUS_INFINITY)[:, :size]

    def step(t: tf.Tensor, alpha: tf.Tensor, saved: tf.TensorArray) -> tuple:
        skipped = tf.where(skips, shift(alpha, 2), MINUS_INFINITY)
        moved = _log_add(alpha, shift(alpha, 1), skipped) + emissions[t]
        alpha = tf.where((t < lengths)[:, None], moved, alpha)
        return t + 1, alpha, saved.write(t, alpha)

    first = tf.where(tf.range(size) < 2, emissions[0], MINUS_INFINITY)
    steps = tf.shape(emissions)[0]
    saved = tf.TensorArray(tf.float32, steps, element_shape=[None, None]).write(0, first)
    shapes = (tf.TensorShape([]), tf.TensorShape([None, None]), tf.TensorShape(None))
    *_, saved = tf.while_loop(lambda t, *_: t < steps, step, (1, first, saved), shapes)
    return saved.stack()


def _total(alphas: tf.Tensor, label_lengths: tf.Tensor) -> tf.Tensor:
    """Log probability of the whole label: alpha of the last two states at the last step."""
    last = alphas[-1]
    blank = tf.gather(last, 2 * label_lengths, batch_dims=1)
    symbol = tf.gather(last, tf.maximum(2 * label_lengths - 1, 0), batch_dims=1)
    return _log_add(blank, tf.where(label_lengths > 0, symbol, MINUS_INFINITY))


def score(log_probs: Frames, labels: Labels, blank: int) -> tf.Tensor:
    """log p(label | frames), summed over all paths: [B] float32.

    Minus infinity for a label that no path of the line's length spells; an empty label is all blanks.

    Args:
        log_probs: values [B, T, C], normalised over C, natural log.
        labels: ids [B, L].
        blank: the class of no symbol.
    """
    states, skips = _states(labels, blank)
    alphas = _alphas(_emissions(log_probs, states), skips, log_probs.lengths)
    return _total(alphas, labels.lengths)


def occupancies(log_probs: Frames, labels: Labels, blank: int) -> tf.Tensor:
    """p(path is in symbol l at step t | label, frames): [B, L, T]; 0 for unreachable labels and padding.

    A backward pass is a forward pass over the mirrored line and label, so there is one recursion.
    """
    states, skips = _states(labels, blank)
    steps, sizes = log_probs.lengths, 2 * labels.lengths + 1
    emissions = _emissions(log_probs, states)
    alphas = _alphas(emissions, skips, steps)

    def mirror(values: tf.Tensor) -> tf.Tensor:
        """[T, B, S] turned within each line's steps and states."""
        turned = tf.reverse_sequence(values, steps, seq_axis=0, batch_axis=1)
        return tf.reverse_sequence(turned, sizes, seq_axis=2, batch_axis=1)

    # The mirrored label's skips lead from a symbol to the symbol two before it in the original.
    into = tf.pad(skips, [[0, 0], [0, 2]])[:, 2:]
    mirrored_skips = tf.reverse_sequence(into, sizes, seq_axis=1, batch_axis=0)
    betas = mirror(_alphas(mirror(emissions), mirrored_skips, steps))
    # Both passes count the step's own emission: take it out once.
    both = alphas + betas - emissions
    finite = tf.math.is_finite(both) & tf.sequence_mask(sizes, tf.shape(states)[1])
    # A step's states share the label's whole probability. Divided anew at every step, because the
    # logarithms of long lines are too coarse in float32 for one total to fit all steps.
    shares = tf.nn.softmax(tf.where(finite, both, MINUS_INFINITY))
    shares = tf.where(finite, shares, 0.0)  # [T, B, S]
    symbols = tf.transpose(shares[:, :, 1::2], [1, 2, 0])  # [B, L, T]
    in_label = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])[:, :, None]
    in_line = tf.sequence_mask(steps, tf.shape(symbols)[2])[:, None, :]
    return tf.where(in_label & in_line, symbols, 0.0)


def needed_steps(labels: Labels) -> tf.Tensor:
    """The fewest steps that spell each label: its length and its adjacent repeats: [B]."""
    same = tf.cast(labels.ids[:, 1:] == labels.ids[:, :-1], tf.int32)
    inside = tf.sequence_mask(labels.lengths - 1, tf.shape(same)[1], tf.int32)
    return labels.lengths + tf.reduce_sum(same * inside, axis=1)
