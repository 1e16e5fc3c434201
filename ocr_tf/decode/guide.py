"""Guides: what a search knows of texts apart from the image, language models and a lexicon.

A guide is one or several parts that follow each prefix. Their tables are constants of the graph, so that an
export carries them.

    G  numbers in the state of a prefix, those of all parts      K  symbols
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from ocr_tf.language.automaton import Automaton
from ocr_tf.language.words import WordModel
from ocr_tf.types import Array, Tensor


class Part(Protocol):
    """A part of a guide; `size` numbers are its state."""

    size: int

    def gains(self, states: Tensor) -> Tensor:
        """Returns what each symbol adds: states [..., size] -> [..., K]; minus infinity where forbidden."""
        ...

    def ends(self, states: Tensor) -> Tensor:
        """Returns what the end of the text adds: states [..., size] -> [...]."""
        ...

    def follow(self, states: Tensor, symbols: Tensor) -> Tensor:
        """Goes on by a symbol each: states [..., size], symbols [...] -> [..., size]."""
        ...


class Tables:
    """A part that is an automaton (`ocr_tf.language.automaton`): a model of symbols, or a lexicon."""

    size = 1

    def __init__(self, automaton: Automaton, weight: float = 1.0, bonus: float = 0.0):
        """Weighs the automaton's weights, and adds a bonus for each symbol."""
        # Outside of any graph, so that all graphs of an export share the tables.
        with tf.init_scope():
            self._gains = tf.constant(_scaled(automaton.weight, weight, bonus))
            self._ends = tf.constant(_scaled(automaton.final, weight, 0.0))
            self._next = tf.constant(automaton.next)

    def gains(self, states: Tensor) -> Tensor:
        """See `Part.gains`."""
        return tf.gather(self._gains, states[..., 0])

    def ends(self, states: Tensor) -> Tensor:
        """See `Part.ends`."""
        return tf.gather(self._ends, states[..., 0])

    def follow(self, states: Tensor, symbols: Tensor) -> Tensor:
        """See `Part.follow`."""
        after = tf.gather_nd(self._next, tf.stack([states[..., 0], symbols], axis=-1))
        return tf.expand_dims(after, -1)


class Words:
    """A part that is a lexicon with a model of its words (`ocr_tf.language.words`).

    Its state is the lexicon's and the model's. A word counts with the symbol behind it, or with the end.
    """

    size = 2

    def __init__(self, model: WordModel, weight: float = 1.0, bonus: float = 0.0):
        """Weighs the model's log p, and adds a bonus for each word."""
        self._lexicon = Tables(model.lexicon.automaton)
        self._weight, self._bonus = weight, bonus
        self._order, self._vocabulary = model.order, model.vocabulary
        with tf.init_scope():
            self._free = tf.constant(model.lexicon.free)
            self._word, self._keys = tf.constant(model.word), tf.constant(model.keys)
            self._log_probs, self._next = tf.constant(model.log_probs), tf.constant(model.next)
            self._backoff, self._shorter = tf.constant(model.backoff), tf.constant(model.shorter)
            self._final = tf.constant(model.final)

    def gains(self, states: Tensor) -> Tensor:
        """See `Part.gains`."""
        gain, _ = self._spoken(states)
        behind = tf.where(self._free, tf.expand_dims(gain, -1), 0.0)
        return self._lexicon.gains(states) + behind

    def ends(self, states: Tensor) -> Tensor:
        """See `Part.ends`."""
        gain, history = self._spoken(states)
        return self._lexicon.ends(states) + gain + self._weight * tf.gather(self._final, history)

    def follow(self, states: Tensor, symbols: Tensor) -> Tensor:
        """See `Part.follow`."""
        _, history = self._spoken(states)
        history = tf.where(tf.gather(self._free, symbols), history, states[..., 1])
        node = self._lexicon.follow(states, symbols)
        return tf.concat([node, tf.expand_dims(history, -1)], axis=-1)

    def _spoken(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Returns what the word adds that each prefix ends in, and the history after it: [...] each.

        Where it ends in none, nothing is added and the history stays.
        """
        word, asked = tf.gather(self._word, states[..., 0]), states[..., 1]
        gain, after, skipped = tf.zeros_like(word, tf.float32), asked, 0.0
        left = word >= 0
        for _ in range(self._order):  # by back-off, until a history has the word
            key = tf.cast(asked, tf.int64) * self._vocabulary + tf.cast(word, tf.int64)
            place = tf.searchsorted(self._keys, tf.reshape(key, [-1]))
            place = tf.reshape(tf.minimum(place, tf.size(self._keys) - 1), tf.shape(key))
            hit = left & (tf.gather(self._keys, place) == key)
            found = skipped + tf.gather(self._log_probs, place)
            gain = tf.where(hit, self._weight * found + self._bonus, gain)
            after = tf.where(hit, tf.gather(self._next, place), after)
            left &= ~hit
            skipped += tf.gather(self._backoff, asked)
            asked = tf.gather(self._shorter, asked)
        return gain, after


class Guide:
    """Follows prefixes by all of its parts; the state of each prefix is [G] int32, at first zeros."""

    def __init__(self, parts: Sequence[Part]):
        self._parts = parts
        self.size = sum(part.size for part in parts)

    def _split(self, states: Tensor) -> list[Tensor]:
        pieces: list[Tensor] = tf.split(states, [part.size for part in self._parts], axis=-1)
        return pieces

    def gains(self, states: Tensor) -> Tensor:
        """Sums what each symbol adds: states [..., G] -> [..., K]; minus infinity where forbidden."""
        pairs = zip(self._parts, self._split(states))
        return tf.add_n([part.gains(own) for part, own in pairs])

    def ends(self, states: Tensor) -> Tensor:
        """Sums what the end of the text adds: states [..., G] -> [...]."""
        return tf.add_n([part.ends(own) for part, own in zip(self._parts, self._split(states))])

    def follow(self, states: Tensor, symbols: Tensor) -> Tensor:
        """Goes on by a symbol each: states [..., G], symbols [...] -> [..., G]."""
        pairs = zip(self._parts, self._split(states))
        return tf.concat([part.follow(own, symbols) for part, own in pairs], axis=-1)

    def score(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Scores whole texts, their ends included: ids [N, L], lengths [N] -> [N]."""
        count, longest = tf.shape(ids)[0], tf.shape(ids)[1]

        def body(i: Tensor, states: Tensor, total: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            inside, symbols = i < lengths, tf.maximum(ids[:, i], 0)
            gain = tf.gather(self.gains(states), symbols, batch_dims=1)
            after = self.follow(states, symbols)
            return (
                i + 1,
                tf.where(inside[:, None], after, states),
                total + tf.where(inside, gain, 0.0),
            )

        first = tf.zeros([count, self.size], tf.int32)
        shapes = (tf.TensorShape([]), tf.TensorShape([None, self.size]), tf.TensorShape([None]))
        _, states, total = tf.while_loop(
            lambda i, *_: i < longest, body, (0, first, tf.zeros([count])), shapes
        )
        return total + self.ends(states)


def _scaled(values: Array, weight: float, bonus: float) -> Array:
    """Weighs log p; what is forbidden stays so."""
    with np.errstate(invalid="ignore"):
        scaled = np.where(np.isneginf(values), values, weight * values + bonus)
    return scaled.astype(np.float32)
