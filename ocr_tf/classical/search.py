"""The best path through a lattice, with a language model or without; TensorFlow-free.

Viterbi's algorithm over (cut, state of the language model). At every cut the best `width` states are kept;
without a language model there is one, and the search is exact.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.classical.lattice import Lattice
from ocr_tf.language.automaton import Automaton
from ocr_tf.types import Array


class Guide(NamedTuple):
    """A language model of symbols and what it counts."""

    automaton: Automaton
    weight: float
    bonus: float = 0.0  # for each symbol, spaces too

    def gains(self, states: Array, symbols: Array) -> Array:
        """Returns what symbols add after states; both of one shape, or of shapes that broadcast."""
        found: Array = self.automaton.weight[states, symbols].astype(np.float64)
        return self.weight * found + self.bonus


class Found(NamedTuple):
    """A text and what the search ranked it by."""

    ids: list[int]  # of the alphabet, spaces included
    objective: float


class _Beginnings(NamedTuple):
    """The paths that are kept at a cut."""

    scores: Array  # [B]
    states: Array  # [B] int, of the language model
    texts: list[tuple[int, ...]]


NONE = _Beginnings(np.zeros(0), np.zeros(0, np.int64), [])


def search(
    lattice: Lattice,
    symbols: Array,
    space: Optional[int],
    guide: Optional[Guide] = None,
    width: int = 16,
) -> Found:
    """Finds the best text.

    Args:
        lattice: of a line.
        symbols: [C] int, the symbol of the alphabet that each class is.
        space: the symbol that a space is; None where the alphabet has none.
        guide: the language model.
        width: states that are kept at a cut.
    """
    pieces, longest, _ = lattice.runs.shape
    empty = _Beginnings(np.zeros(1), np.zeros(1, np.int64), [()])
    kept = [empty]  # at each cut, the paths whose last character ends at it or before
    for end in range(1, pieces + 1):
        arrived = [kept[-1]._replace(scores=kept[-1].scores + lattice.dirt)]
        for first in range(max(0, end - longest), end):
            run = lattice.runs[first, end - first - 1]
            for before in _with_spaces(lattice, kept[first], first, space, guide):
                arrived.append(_followed(before, run, symbols, guide, width))
        kept.append(_best(arrived, width))
    scores = kept[-1].scores.copy()
    if guide is not None:
        scores += guide.weight * guide.automaton.final[kept[-1].states]
    best = int(np.argmax(scores))
    return Found(list(kept[-1].texts[best]), float(scores[best]))


def _with_spaces(
    lattice: Lattice,
    before: _Beginnings,
    cut: int,
    space: Optional[int],
    guide: Optional[Guide],
) -> list[_Beginnings]:
    """Gives paths to a cut as they go on there: without a space, and with one where they have characters."""
    begun = np.array([bool(text) for text in before.texts])
    without = before._replace(scores=before.scores + np.where(begun, lattice.none[cut], 0.0))
    if space is None or not begun.any() or lattice.space[cut] < -1e3:
        return [without]
    chosen = np.flatnonzero(begun)
    scores, states = before.scores[chosen] + lattice.space[cut], before.states[chosen]
    if guide is not None:
        scores = scores + guide.gains(states, np.array(space))
        states = guide.automaton.next[states, space].astype(np.int64)
    texts = [(*before.texts[i], space) for i in chosen]
    return [without, _Beginnings(scores, states, texts)]


def _followed(
    before: _Beginnings, run: Array, symbols: Array, guide: Optional[Guide], width: int
) -> _Beginnings:
    """Goes on by a character each, keeping the best `width` continuations."""
    if guide is None:
        best, symbol = int(np.argmax(before.scores)), int(np.argmax(run))
        score = before.scores[best] + run[symbol]
        text = (*before.texts[best], int(symbols[symbol]))
        return _Beginnings(np.array([score]), np.zeros(1, np.int64), [text])
    gains = guide.gains(before.states[:, None], symbols[None])
    scores = before.scores[:, None] + run[None] + gains
    # More of one state may be among them: kept are as many as could be needed.
    order = np.argsort(-scores, axis=None, kind="stable")[: 4 * width]
    rows, columns = np.unravel_index(order, scores.shape)
    states = guide.automaton.next[before.states[rows], symbols[columns]].astype(np.int64)
    texts = [(*before.texts[r], int(symbols[c])) for r, c in zip(rows, columns)]
    return _Beginnings(scores[rows, columns], states, texts)


def _best(arrived: list[_Beginnings], width: int) -> _Beginnings:
    """Keeps the best path of each state, and of these the best `width`; one of no text is a state apart."""
    scores = np.concatenate([a.scores for a in arrived])
    states = np.concatenate([a.states for a in arrived])
    texts = [text for a in arrived for text in a.texts]
    chosen: dict[tuple[int, bool], int] = {}
    for i in np.argsort(-scores, kind="stable").tolist():
        chosen.setdefault((int(states[i]), bool(texts[i])), i)
        if len(chosen) == width + 1:
            break
    places = list(chosen.values())[:width]
    return _Beginnings(scores[places], states[places], [texts[i] for i in places])
