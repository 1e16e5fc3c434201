"""Estimates an n-gram model from texts: interpolated modified Kneser-Ney; TensorFlow-free.

Chen and Goodman 1998, An Empirical Study of Smoothing Techniques for Language Modeling, section 3; the
counts of beginnings, the vocabulary and the discounts where there are too few counts are as in Heafield et
al. 2013, Scalable Modified Kneser-Ney Language Model Estimation. With a(hw) the adjusted count of a gram,
how often it occurs where it is of the highest order or begins a text, else after how many different tokens,

    p(w | h) = max(a(hw) - D(a(hw)), 0) / sum_x a(hx)  +  g(h) p(w | h')
    g(h)     = (D(1) N_1(h) + D(2) N_2(h) + D(3) N_3+(h)) / sum_x a(hx)

where N_k(h) is the number of tokens x with a(hx) = k, and p(w) without a history is interpolated with one
over the size of the vocabulary.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ocr_tf.language.ngrams import BEGIN, END, UNKNOWN, Gram, NGrams

FALLBACK = (0.5, 1.0, 1.5)  # discounts where the counts of counts give none


class Discounts(NamedTuple):
    """What is taken off the counts of one, of two, and of three and more."""

    one: float
    two: float
    more: float

    def of(self, count: int) -> float:
        """The discount of a count."""
        return (0.0, self.one, self.two, self.more)[min(count, 3)]


def estimate(texts: Iterable[Sequence[str]], order: int) -> NGrams:
    """Estimates a model of texts of tokens.

    Args:
        texts: the tokens of each; none of them special.
        order: tokens of the longest grams.

    Raises:
        ValueError: there is no text, or the order is below 1.
    """
    if order < 1:
        raise ValueError(f"an order of at least 1, not {order}")
    counts = _counted(texts, order)
    if not counts[0]:
        raise ValueError("no text to estimate a language model from")
    adjusted = _adjusted(counts)
    log_probs: list[dict[Gram, float]] = []
    backoffs: dict[Gram, float] = {}
    lower: dict[Gram, float] = {}
    for number, grams in enumerate(adjusted):
        probs, weights = _interpolated(grams, lower, first=number == 0)
        log_probs.append({gram: math.log(p) for gram, p in probs.items() if p > 0})
        backoffs |= {history: math.log(g) for history, g in weights.items() if history and g > 0}
        lower = probs
    log_probs[0][(BEGIN,)] = -99 * math.log(10)  # it is never predicted, but begins histories
    return NGrams(tuple(log_probs), backoffs)


def _counted(texts: Iterable[Sequence[str]], order: int) -> list[Counter[Gram]]:
    """How often each gram of each order occurs; a text begins with one BEGIN and ends with END."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(order)]
    for text in texts:
        said = (BEGIN, *text, END)
        for n, counter in enumerate(counts, 1):
            counter.update(said[i : i + n] for i in range(len(said) - n + 1))
    return counts


def _adjusted(counts: list[Counter[Gram]]) -> list[dict[Gram, int]]:
    """Counts for all orders but the highest the different tokens before a gram, unless it begins a text."""
    adjusted: list[dict[Gram, int]] = [{} for _ in counts]
    adjusted[-1] = dict(counts[-1])
    for n in range(len(counts) - 1):
        before = Counter(gram[1:] for gram in counts[n + 1])
        adjusted[n] = {
            gram: number if gram[0] == BEGIN else before[gram] for gram, number in counts[n].items()
        }
    adjusted[0].pop((BEGIN,), None)
    return adjusted


def discounts(counts: Iterable[int]) -> Discounts:
    """Estimates the discounts of an order (Chen and Goodman 1998, equation 26) from its counts."""
    times = Counter(counts)
    n1, n2, n3, n4 = (times[k] for k in range(1, 5))
    if not (n1 and n2 and n3):
        return Discounts(*FALLBACK)
    y = n1 / (n1 + 2 * n2)
    found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    if any(not 0 <= d <= k for k, d in enumerate(found, 1)):
        return Discounts(*FALLBACK)
    return Discounts(*found)


def _interpolated(
    grams: dict[Gram, int], lower: dict[Gram, float], first: bool
) -> tuple[dict[Gram, float], dict[Gram, float]]:
    """Probabilities of an order's grams, and the weight g of each of its histories.

    Args:
        grams: adjusted counts.
        lower: probabilities of the order below.
        first: whether this is the order of single tokens, below which all tokens are as likely.
    """
    taken = discounts(grams.values())
    totals: dict[Gram, int] = {}
    spared: dict[Gram, float] = {}
    for gram, count in grams.items():
        history = gram[:-1]
        totals[history] = totals.get(history, 0) + count
        spared[history] = spared.get(history, 0.0) + min(taken.of(count), count)
    weights = {history: spared[history] / totals[history] for history in totals}
    uniform = 1 / (len(grams) + 1) if first else 0.0  # all tokens, END and UNKNOWN
    probs = {
        gram: max(count - taken.of(count), 0.0) / totals[gram[:-1]]
        + weights[gram[:-1]] * (uniform if first else lower[gram[1:]])
        for gram, count in grams.items()
    }
    if first:
        probs[(UNKNOWN,)] = weights[()] * uniform
    return probs, weights
