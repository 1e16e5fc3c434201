"""Lexicons: the words that a text may hold, as an automaton; TensorFlow-free."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import NAMED, InputError
from ocr_tf.language.automaton import FORBIDDEN, MOST_ENTRIES, Automaton
from ocr_tf.text_file import read_text_file
from ocr_tf.types import Array


def read_words(path: str | Path) -> list[str]:
    """Reads a UTF-8 file with one word on each line.

    Raises:
        InputError: it cannot be read, or holds no word.
    """
    text = read_text_file(path, "lexicon", "name a file with one word a line")
    words = [word for line in text.splitlines() if (word := line.strip())]
    if not words:
        raise InputError(f"{path}: holds no words; write one on each line")
    return words


class Lexicon(NamedTuple):
    """A lexicon over an alphabet."""

    automaton: Automaton  # of the texts whose words are all in it
    words: list[str]  # as they are spelled
    word: Array  # [S] int32, which of them a state has spelled; -1: none
    free: Array  # [K] bool, the symbols between words


def of_words(words: Iterable[str], alphabet: Alphabet, name: str) -> Lexicon:
    """Makes the automaton of texts whose words are all in a lexicon.

    Symbols that are in no word are free: they stand between words, in any number. Where there are none, a
    text is one word, or empty.

    Args:
        words: as they are written; they are spelled as labels are.
        alphabet: words with symbols that it lacks cannot be read, which is said on the terminal.
        name: the lexicon's file, for messages.

    Raises:
        InputError: no word can be read, or the table would be too large.
    """
    spelled = list(dict.fromkeys(filter(None, map(alphabet.spell, words))))
    lost = [word for word in spelled if alphabet.unknown(word)]
    readable = [word for word in spelled if not alphabet.unknown(word)]
    if not readable:
        raise InputError(f"{name}: every word has symbols that the alphabet lacks, as {lost[:1]}")
    if lost:
        print(
            f"{name}: {len(lost)} of {len(spelled)} words have symbols that the alphabet lacks and cannot be "
            f"read: {', '.join(lost[:NAMED])}",
            file=sys.stderr,
        )
    columns = {symbol: k for k, symbol in enumerate(alphabet.symbols)}
    children, ends = _trie([[columns[s] for s in word] for word in readable])
    size = len(alphabet)
    if len(children) * size > MOST_ENTRIES:
        raise InputError(
            f"{name}: {len(children)} beginnings of words of {size} symbols are too many for a table of "
            f"{MOST_ENTRIES} entries; give fewer words"
        )
    weight = np.full([len(children), size], FORBIDDEN, np.float32)
    following = np.zeros([len(children), size], np.int32)
    for state, own in enumerate(children):
        for symbol, child in own.items():
            weight[state, symbol], following[state, symbol] = 0.0, child
    done = np.array(ends) >= 0
    done[0] = True
    used = {symbol for own in children for symbol in own}
    free = np.array([k not in used for k in range(size)])
    weight[np.ix_(done, free)] = 0.0  # and on from the beginning, state 0
    automaton = Automaton(weight, following, np.where(done, 0.0, FORBIDDEN).astype(np.float32))
    return Lexicon(automaton, readable, np.array(ends, np.int32), free)


def _trie(words: Iterable[Sequence[int]]) -> tuple[list[dict[int, int]], list[int]]:
    """The children of each node by symbol, and the word that ends there or -1; node 0 is the root."""
    children: list[dict[int, int]] = [{}]
    ends = [-1]
    for number, word in enumerate(words):
        node = 0
        for symbol in word:
            if symbol not in children[node]:
                children[node][symbol] = len(children)
                children.append({})
                ends.append(-1)
            node = children[node][symbol]
        ends[node] = number
    return children, ends
