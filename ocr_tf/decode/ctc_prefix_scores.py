"""CTC's probability of every text that begins with a prefix, for a decoder's beam to rank by.

Watanabe et al. 2017, Hybrid CTC/Attention Architecture for End-to-End Speech Recognition, algorithm 2. The
recursion over steps is linear in each prefix' own sums, so that cumulative sums solve it for all steps at
once; and the score of all symbols behind a prefix is one product of matrices.

    B, T, K  lines, steps, symbols      W  prefixes of a line

A prefix' state, for t = 0 .. T, is log p of the paths over the first t steps that spell it and end in its
last symbol (gamma^n), and of those that end in a blank (gamma^b).
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from ocr_tf.types import Frames, Tensor

NEVER = -1e9  # stands for log 0, as sums and differences must stay finite
NONE = -1  # the last symbol of the empty prefix
LEAST = 1e-37  # of a probability that is scaled by the greatest


class PrefixSums(NamedTuple):
    """The states of a batch's prefixes."""

    last: Tensor  # [B, W] int32, the last symbol; NONE where there is none
    in_symbol: Tensor  # [B, W, T + 1] float64
    in_blank: Tensor  # [B, W, T + 1] float64


class PrefixScores:
    """Scores prefixes of the lines whose CTC distributions it is made of."""

    def __init__(self, log_probs: Frames, blank: int):
        """Takes natural log [B, T, C], normalized over C; symbols are the classes before the blank.

        Steps behind a line's end become certain blanks, which change nothing.
        """
        inside = tf.sequence_mask(log_probs.lengths, tf.shape(log_probs.values)[1])[:, :, None]
        values = tf.where(inside, tf.maximum(log_probs.values, NEVER), NEVER)
        self._symbols = values[:, :, :blank]  # [B, T, K]
        self._by_symbol = tf.transpose(self._symbols, [0, 2, 1])
        self._blank = tf.cast(tf.where(inside[:, :, 0], values[:, :, blank], 0.0), tf.float64)

    def begin(self, width: int) -> PrefixSums:
        """Returns the states of empty prefixes, `width` a line."""
        batch, steps = tf.shape(self._blank)[0], tf.shape(self._blank)[1]
        blanks = tf.pad(tf.cumsum(self._blank, axis=1), [[0, 0], [1, 0]])
        return PrefixSums(
            tf.fill([batch, width], NONE),
            tf.fill([batch, width, steps + 1], tf.constant(NEVER, tf.float64)),
            tf.tile(blanks[:, None], [1, width, 1]),
        )

    def gains(self, sums: PrefixSums) -> Tensor:
        """Scores each prefix with each symbol behind it, whatever follows: [B, W, K] float32.

        That is log of the sum over t of p(the prefix within the steps before t) p(the symbol at t). A
        symbol that is less than LEAST times as probable as the most probable place of the prefix has that.
        """
        before = self._before(sums, repeats=False)[:, :, :-1]
        most = tf.reduce_max(before, axis=2, keepdims=True)
        shares = tf.cast(tf.exp(before - most), tf.float32) @ tf.exp(self._symbols)
        scores = tf.math.log(tf.maximum(shares, LEAST)) + tf.cast(most, tf.float32)
        again = tf.reduce_logsumexp(sums.in_blank[:, :, :-1] + self._own(sums.last), axis=2)
        symbols = tf.range(tf.shape(scores)[2])
        is_last = sums.last[:, :, None] == symbols
        return tf.where(is_last, tf.cast(again, tf.float32)[:, :, None], scores)

    def whole(self, sums: PrefixSums) -> Tensor:
        """Scores each prefix as a whole text, log p(text | image): [B, W] float32."""
        ends = self._before(sums, repeats=False)[:, :, -1]
        return tf.cast(ends, tf.float32)

    def follow(self, sums: PrefixSums, parents: Tensor, symbols: Tensor) -> PrefixSums:
        """Grows prefixes: each of [B, W] is number `parents` of before, and `symbols` behind it."""
        sums = PrefixSums(*(tf.gather(values, parents, batch_dims=1) for values in sums))
        repeats = (symbols == sums.last)[:, :, None]
        before = tf.where(
            repeats, self._before(sums, repeats=True), self._before(sums, repeats=False)
        )
        in_symbol = _recursion(before, self._own(symbols))
        blanks = tf.broadcast_to(self._blank[:, None], tf.shape(in_symbol[:, :, 1:]))
        return PrefixSums(symbols, in_symbol, _recursion(in_symbol, blanks))

    def _before(self, sums: PrefixSums, repeats: bool) -> Tensor:
        """Log p of the paths behind which a symbol begins anew (phi): [B, W, T + 1]."""
        if repeats:
            return sums.in_blank
        return tf.reduce_logsumexp(tf.stack([sums.in_blank, sums.in_symbol]), axis=0)

    def _own(self, symbols: Tensor) -> Tensor:
        """Gathers log p of each prefix' symbol at every step: [B, W] -> [B, W, T] float64."""
        values = tf.gather(self._by_symbol, tf.maximum(symbols, 0), batch_dims=1)
        return tf.cast(tf.where((symbols == NONE)[:, :, None], NEVER, values), tf.float64)


def _recursion(arriving: Tensor, emissions: Tensor) -> Tensor:
    """Solves r_0 = log 0, r_t = log(exp(r_{t-1}) + exp(arriving_{t-1})) + emissions_t for all t.

    Divided by the product of emissions up to t, a step only adds: a cumulative sum. In float64, whose
    digits the products of long lines need.

    Args:
        arriving: [B, W, T + 1].
        emissions: [B, W, T], of steps 1 .. T.

    Returns:
        [B, W, T + 1].
    """
    products = tf.cumsum(emissions, axis=2)
    through = tf.cumsum(emissions, axis=2, exclusive=True)
    sums = tf.math.cumulative_logsumexp(arriving[:, :, :-1] - through, axis=2)
    never = tf.constant(NEVER, tf.float64)
    return tf.pad(
        tf.maximum(products + sums, never), [[0, 0], [0, 0], [1, 0]], constant_values=NEVER
    )
