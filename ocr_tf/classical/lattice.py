"""Characters as runs of neighboring pieces: what a line's texts weigh, exactly; TensorFlow-free.

The lattice is a semi-Markov model (Sarawagi and Cohen 2004, Semi-Markov Conditional Random Fields). Each run
of pieces is a character c or none; if runs were independent, a path that makes characters of some runs and of
no other would have the probability prod p(c | run) prod p(none | run). Divided by the same for the path
without any character, what is left is the product of the odds p(c | run) / p(none | run) along the path.
A piece that no run takes is dirt, which is rare. Before each character but the first there is a space
or none, with probabilities by the width of the gap.

    P  pieces    K  pieces of the longest run    C  classes
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ocr_tf.types import Array

NEVER = -np.inf


class Lattice(NamedTuple):
    """A line's weights, natural logarithms."""

    runs: Array  # [P, K, C] of the pieces p to p + k as class c; NEVER where there are fewer
    space: Array  # [P + 1] of a space before a character that begins at the cut
    none: Array  # [P + 1] of no space there
    dirt: float  # of a piece that is in no character

    @property
    def pieces(self) -> int:
        """Counts the pieces of the line."""
        return len(self.runs)


class Spelled(NamedTuple):
    """A text as a lattice has it: characters, each with or without a space before it."""

    classes: Array  # [N] int32
    spaces: Array  # [N] bool; the first is never looked at


class Run(NamedTuple):
    """Pieces that are one character."""

    first: int
    end: int  # the piece behind it


def log_total(lattice: Lattice) -> float:
    """Sums all paths: the logarithm of what normalizes the weights."""
    pieces, longest, _ = lattice.runs.shape
    with np.errstate(divide="ignore"):
        edges = _log_sum(lattice.runs, axis=2)
    gaps = np.logaddexp(lattice.space, lattice.none)
    empty = np.arange(pieces + 1) * lattice.dirt  # paths without a character; the others:
    begun = np.full(pieces + 1, NEVER)
    for end in range(1, pieces + 1):
        ways = [begun[end - 1] + lattice.dirt]
        for first in range(max(0, end - longest), end):
            before = np.logaddexp(empty[first], begun[first] + gaps[first])
            ways.append(before + edges[first, end - first - 1])
        begun[end] = _log_sum(np.array(ways), axis=0)
    return float(np.logaddexp(empty[-1], begun[-1]))


def log_score(lattice: Lattice, spelled: Spelled) -> float:
    """Sums all paths of a text; minus infinity where it has more characters than there are pieces."""
    return float(_table(lattice, spelled, summed=True)[len(spelled.classes), lattice.pieces])


def align(lattice: Lattice, spelled: Spelled) -> list[Run]:
    """Finds the best path of a text.

    Returns:
        The run of each character; none at all where no path has the text.
    """
    table = _table(lattice, spelled, summed=False)
    symbol, end = len(spelled.classes), lattice.pieces
    if table[symbol, end] == NEVER:
        return []
    runs: list[Run] = []
    while symbol:
        if table[symbol, end] == table[symbol, end - 1] + lattice.dirt:
            end -= 1
            continue
        ways = _ways(lattice, spelled, table, end)[:, symbol]
        longest = int(np.argmax(ways)) + 1
        runs.append(Run(end - longest, end))
        symbol, end = symbol - 1, end - longest
    return runs[::-1]


def _table(lattice: Lattice, spelled: Spelled, summed: bool) -> Array:
    """Weighs every beginning of a text up to every cut: [N + 1, P + 1], summed or at best."""
    pieces = lattice.pieces
    table = np.full([len(spelled.classes) + 1, pieces + 1], NEVER)
    table[0] = np.arange(pieces + 1) * lattice.dirt
    for end in range(1, pieces + 1):
        dirty = table[None, :, end - 1] + lattice.dirt
        ways = np.concatenate([dirty, _ways(lattice, spelled, table, end)])
        ways[1:, 0] = NEVER  # the empty beginning has one path: all is dirt
        table[:, end] = _log_sum(ways, axis=0) if summed else ways.max(axis=0)
    return table


def _ways(lattice: Lattice, spelled: Spelled, table: Array, end: int) -> Array:
    """Weighs the paths whose last character ends at a cut, by its length: [K', N + 1], from one piece on."""
    longest = min(lattice.runs.shape[1], end)
    ways = np.full([longest, len(table)], NEVER)
    for more in range(longest):
        first = end - more - 1
        gap = np.where(spelled.spaces, lattice.space[first], lattice.none[first])
        gap[:1] = 0.0
        ways[more, 1:] = table[:-1, first] + lattice.runs[first, more, spelled.classes] + gap
    return ways


def _log_sum(values: Array, axis: int) -> Array:
    """Returns log sum exp along an axis; NEVER of nothing but NEVER."""
    peak = np.max(values, axis=axis, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = np.log(np.exp(values - peak).sum(axis=axis)) + np.squeeze(peak, axis)
    return total
