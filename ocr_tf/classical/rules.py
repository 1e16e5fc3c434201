"""Repairs of texts by context: letters among digits, digits among letters; TensorFlow-free.

A rule changes a symbol only for one that it is often taken for, that the alphabet has, and only where the
other symbols of its word leave no doubt. Rules know nothing of the image: see docs/classical.md for what they
are worth.
"""

from __future__ import annotations

import re
from collections.abc import Collection

RULES = ("none", "context")
DIGIT_OF = {
    "O": "0",
    "o": "0",
    "Q": "0",
    "D": "0",
    "I": "1",
    "l": "1",
    "|": "1",
    "Z": "2",
    "z": "2",
}
DIGIT_OF |= {"S": "5", "s": "5", "G": "6", "b": "6", "B": "8", "g": "9", "q": "9"}
LETTER_OF = {"0": "Oo", "1": "Il", "2": "Zz", "5": "Ss", "6": "Gb", "8": "B", "9": "gq"}
SURE = 0.6  # share of a word that is of one kind, from which the rest follows


def repair(text: str, rules: str, symbols: Collection[str]) -> str:
    """Applies rules to a text.

    Args:
        text: as it was read.
        rules: one of RULES; `context`: within a word of which three fifths or more are digits, letters
            that look like digits become these; of which three fifths or more are letters, the other way
            round, in the case of the letters beside them.
        symbols: those that the text may have.
    """
    if rules == "none":
        return text
    return re.sub(r"[^\W_|]+|\S+", lambda word: _repair_word(word[0], symbols), text)


def _repair_word(word: str, symbols: Collection[str]) -> str:
    digits = sum(symbol.isdigit() for symbol in word)
    letters = sum(symbol.isalpha() for symbol in word)
    known = digits + letters
    if not known or not digits or not letters:
        return word
    if digits >= SURE * known:
        return "".join(_allowed(symbol, DIGIT_OF.get(symbol, ""), symbols) for symbol in word)
    if letters >= SURE * known:
        return "".join(_letter(word, place, symbols) for place in range(len(word)))
    return word


def _letter(word: str, place: int, symbols: Collection[str]) -> str:
    """Returns the letter that a digit is taken for, in the case of the nearest letter."""
    candidates = LETTER_OF.get(word[place], "")
    near = sorted((i for i, s in enumerate(word) if s.isalpha()), key=lambda i: abs(i - place))
    upper = word[near[0]].isupper()
    for candidate in sorted(candidates, key=lambda c: c.isupper() != upper):
        if candidate in symbols:
            return candidate
    return word[place]


def _allowed(symbol: str, other: str, symbols: Collection[str]) -> str:
    return other if other and other in symbols else symbol
