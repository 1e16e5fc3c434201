"""Guides: what a search knows of texts apart from the image, a language model or a lexicon.

A guide is one or several automata (`ocr_tf.language.automaton`) that follow each prefix. Its tables are
constants of the graph, so that an export carries them.

    N  prefixes      G  automata      K  symbols
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ocr_tf.language.automaton import Automaton
from ocr_tf.types import Array, Tensor


class Weighted(NamedTuple):
    """An automaton, and what its weights count in a search."""

    automaton: Automaton
    weight: float = 1.0  # factor on all of them
    bonus: float = 0.0  # added for each symbol


class Guide:
    """Follows prefixes; the state of each is [G] int32."""

    def __init__(self, parts: Sequence[Weighted]):
        self.parts = len(parts)
        # Outside of any graph, so that all graphs of an export share the tables.
        with tf.init_scope():
            self._gains = [
                tf.constant(_scaled(part, part.automaton.weight, part.bonus)) for part in parts
            ]
            self._ends = [tf.constant(_scaled(part, part.automaton.final, 0.0)) for part in parts]
            self._next = [tf.constant(part.automaton.next) for part in parts]

    def gains(self, states: Tensor) -> Tensor:
        """Gathers what each symbol adds: states [..., G] -> [..., K]; minus infinity where forbidden."""
        return tf.add_n([tf.gather(t, states[..., g]) for g, t in enumerate(self._gains)])

    def ends(self, states: Tensor) -> Tensor:
        """Gathers what the end of the text adds: states [..., G] -> [...]."""
        return tf.add_n([tf.gather(t, states[..., g]) for g, t in enumerate(self._ends)])

    def follow(self, states: Tensor, symbols: Tensor) -> Tensor:
        """Goes on by a symbol each: states [..., G], symbols [...] -> [..., G]."""
        after = [
            tf.gather_nd(t, tf.stack([states[..., g], symbols], axis=-1))
            for g, t in enumerate(self._next)
        ]
        return tf.stack(after, axis=-1)

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

        first = tf.zeros([count, self.parts], tf.int32)
        shapes = (tf.TensorShape([]), tf.TensorShape([None, self.parts]), tf.TensorShape([None]))
        _, states, total = tf.while_loop(
            lambda i, *_: i < longest, body, (0, first, tf.zeros([count])), shapes
        )
        return total + self.ends(states)


def _scaled(part: Weighted, values: Array, bonus: float) -> Array:
    """Weighs log p; what is forbidden stays so."""
    with np.errstate(invalid="ignore"):
        scaled = np.where(np.isneginf(values), values, part.weight * values + bonus)
    return scaled.astype(np.float32)
