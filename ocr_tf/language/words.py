"""A model of words over a lexicon, as tables: each word counts when a text has gone past it; TensorFlow-free.

An automaton of symbols would have a state for each history of words at each beginning of a word. So the two
stay apart: a search keeps a state of the lexicon and one of the model, which moves on at the ends of words.

    S  states of the lexicon      H  histories      A  n-grams      K  symbols
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ocr_tf.errors import InputError
from ocr_tf.language.automaton import histories, longest, shorter
from ocr_tf.language.lexicon import Lexicon
from ocr_tf.language.ngrams import BEGIN, END, UNKNOWN, NGrams
from ocr_tf.types import Array


class WordModel(NamedTuple):
    """The tables. History 0 is that of the empty text."""

    lexicon: Lexicon
    word: Array  # [S] int32, the model's number of the word that a state has spelled; -1: none
    vocabulary: int  # of the model's words, the unknown one included
    keys: Array  # [A] int64, sorted: history * vocabulary + word
    log_probs: Array  # [A] float32, log p of the word after the history
    next: Array  # [A] int32, the history after it
    backoff: Array  # [H] float32, what is added where a history has no such word
    shorter: Array  # [H] int32, the history that is asked then
    final: Array  # [H] float32, log p of the text's end
    order: int  # histories that are asked at most for one word


def of_words(model: NGrams, lexicon: Lexicon, name: str) -> WordModel:
    """Makes the tables of a model of words.

    Args:
        model: its tokens are words, spelled as labels are; others of the lexicon are unknown to it.
        lexicon: the words that may be written.
        name: the model's file, for messages.

    Raises:
        InputError: the model knows none of the words.
    """
    known = [gram[0] for gram in model.log_probs[0] if gram[0] not in (BEGIN, END, UNKNOWN)]
    numbers = {word: i for i, word in enumerate(known)}
    if not any(word in numbers for word in lexicon.words):
        raise InputError(
            f"{name}: knows none of the {len(lexicon.words)} words of the lexicon; is it a model of words?"
        )
    unknown = len(known)
    of_word = [numbers.get(word, unknown) for word in lexicon.words]
    ordered = histories(model)
    begin = longest((BEGIN,), model.order, dict.fromkeys(ordered, 0))
    ordered.remove(begin)
    ordered.insert(0, begin)
    places = {history: i for i, history in enumerate(ordered)}

    count = unknown + 1
    arcs = {}
    for grams in model.log_probs:
        for gram, log_prob in grams.items():
            word = unknown if gram[-1] == UNKNOWN else numbers.get(gram[-1])
            if word is not None:
                after = places[longest(gram, model.order, places)]
                arcs[places[gram[:-1]] * count + word] = log_prob, after
    root = places[()]
    arcs.setdefault(root * count + unknown, (model.log_prob(UNKNOWN, ()), root))
    keys = sorted(arcs)
    backs = [shorter(history, model, places) for history in ordered]
    return WordModel(
        lexicon=lexicon,
        word=np.array([of_word[i] if i >= 0 else -1 for i in lexicon.word], np.int32),
        vocabulary=count,
        keys=np.array(keys, np.int64),
        log_probs=np.array([arcs[key][0] for key in keys], np.float32),
        next=np.array([arcs[key][1] for key in keys], np.int32),
        backoff=np.array([weight for _, weight in backs], np.float32),
        shorter=np.array([place for place, _ in backs], np.int32),
        final=np.array([model.log_prob(END, history) for history in ordered], np.float32),
        order=model.order,
    )
