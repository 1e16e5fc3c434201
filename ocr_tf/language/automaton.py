"""Automata over the symbols of an alphabet: a language model or a lexicon as tables; TensorFlow-free.

A search keeps a state for each of its prefixes. In state s, symbol c adds weight[s, c] to what it
ranks by and leads to next[s, c]; the end of a text adds final[s]. So a model or a lexicon of any kind is
three tensors, which a graph carries.

    S  states, of which the first is that of the empty text      K  symbols
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import NAMED, InputError
from ocr_tf.language.ngrams import BEGIN, END, UNKNOWN, Gram, NGrams
from ocr_tf.types import Array

SPACE = "<space>"  # the token of a space in models of symbols: tokens hold none
MOST_ENTRIES = 2**27  # of a table: a gigabyte for both
FORBIDDEN = float("-inf")


class Automaton(NamedTuple):
    """The tables; see the module."""

    weight: Array  # [S, K] float32
    next: Array  # [S, K] int32
    final: Array  # [S] float32

    def score(self, ids: Iterable[int]) -> float:
        """The sum of all weights of a text, its end included."""
        state, total = 0, 0.0
        for symbol in ids:
            total += float(self.weight[state, symbol])
            state = int(self.next[state, symbol])
        return total + float(self.final[state])


def token_of(symbol: str) -> str:
    """Returns the token of a symbol in a model of symbols."""
    return SPACE if symbol == " " else symbol


def of_ngrams(model: NGrams, alphabet: Alphabet, name: str) -> Automaton:
    """Makes the automaton of a model of symbols: log p of each after those before it, and of the end.

    Args:
        model: its tokens are single symbols, and SPACE.
        alphabet: symbols that the model does not know have the probability of its unknown token.
        name: the model's file, for messages.

    Raises:
        InputError: the model knows none of the symbols, is one of words, or is too large for a table.
    """
    tokens = list(map(token_of, alphabet.symbols))
    _refuse_others(model, tokens, name)
    ordered = histories(model)
    if len(ordered) * len(tokens) > MOST_ENTRIES:
        raise InputError(
            f"{name}: {len(ordered)} histories of {len(tokens)} symbols are too many for a table of "
            f"{MOST_ENTRIES} entries; train one of a lower order"
        )
    places = {history: i for i, history in enumerate(ordered)}
    tables = Automaton(
        np.zeros([len(ordered), len(tokens)]),
        np.zeros([len(ordered), len(tokens)], np.int64),
        np.zeros(len(ordered)),
    )
    columns = {token: [k] for k, token in enumerate(tokens)}
    columns[UNKNOWN] = [k for k, t in enumerate(tokens) if (t,) not in model.log_probs[0]]
    tables.weight[0] = tables.final[0] = model.log_prob(UNKNOWN, ())
    followers: list[list[Gram]] = [[] for _ in ordered]
    for gram in itertools.chain.from_iterable(model.log_probs):
        followers[places[gram[:-1]]].append(gram)
    for state, history in enumerate(ordered):
        if history:  # what it has not itself, it has from a shorter one
            before, backoff = shorter(history, model, places)
            tables.weight[state] = tables.weight[before] + backoff
            tables.next[state] = tables.next[before]
            tables.final[state] = tables.final[before] + backoff
        for gram in followers[state]:
            log_prob, token = model.log_probs[len(gram) - 1][gram], gram[-1]
            if token == END:
                tables.final[state] = log_prob
            elif columns.get(token):
                tables.weight[state, columns[token]] = log_prob
                tables.next[state, columns[token]] = places[longest(gram, model.order, places)]
    return _begun(tables, places[longest((BEGIN,), model.order, places)])


def _refuse_others(model: NGrams, tokens: list[str], name: str) -> None:
    """Raises InputError for a model of words, or of none of these symbols."""
    words = [token for token in model.tokens if len(token) > 1 and token != SPACE]
    if words:
        shown = ", ".join(words[:NAMED])
        raise InputError(f"{name}: a model of words ({shown}); train one of symbols by train_lm")
    if not any((token,) in model.log_probs[0] for token in tokens):
        raise InputError(f"{name}: knows none of the {len(tokens)} symbols of the alphabet")


def histories(model: NGrams) -> list[Gram]:
    """Lists the states of a model, short ones first: what something follows, or has a weight of back-off.

    A text is in the longest one that it ends in.
    """
    followed = {gram[:-1] for grams in model.log_probs for gram in grams}
    weighted = {history for history, weight in model.backoffs.items() if weight}
    return sorted({(), *followed, *weighted}, key=lambda history: (len(history), history))


def shorter(history: Gram, model: NGrams, places: Mapping[Gram, int]) -> tuple[int, float]:
    """Finds the state that is asked where a history has no follower, and what is added then.

    A model may lack the history that is a token shorter: nothing follows it. Then it is passed over.
    """
    total = 0.0
    while history:
        total += model.backoffs.get(history, 0.0)
        history = history[1:]
        if history in places:
            break
    return places[history], total


def longest(gram: Gram, order: int, places: Mapping[Gram, int]) -> Gram:
    """Returns the longest end of a gram that is a state, of those that a model of this order can have."""
    gram = gram[max(0, len(gram) - order + 1) :]
    while gram not in places:
        gram = gram[1:]
    return gram


def _begun(automaton: Automaton, begin: int) -> Automaton:
    """Renumbers the states so that the first is that of the empty text."""
    order = np.arange(len(automaton.final))
    order[[0, begin]] = order[[begin, 0]]  # its own inverse
    return Automaton(
        automaton.weight[order].astype(np.float32),
        order[automaton.next[order]].astype(np.int32),
        automaton.final[order].astype(np.float32),
    )
