"""A Transformer's decoder: every symbol looks at the symbols before it and at the frames.

Vaswani et al. 2017, with the normalization in front of each part of a layer (Xiong et al. 2020), which
trains without a long warm-up. All symbols of a known text go through it at once. In a search, the keys and
values of the symbols so far are kept, so that a step computes those of one symbol.

Shapes: N prefixes or lines, S symbols that are given, P symbols before them, T frames, E units, H heads.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode.autoregressive import State
from ocr_tf.heads.autoregressive import AutoregressiveHead
from ocr_tf.heads.base import as_float32
from ocr_tf.positions import positions
from ocr_tf.types import Frames, Tensor

if TYPE_CHECKING:
    from ocr_tf.heads import Transformer

OUTSIDE = -1e30  # the score of what must not be looked at


class Seen(NamedTuple):
    """Holds the keys and values that one attention looks at."""

    keys: Tensor  # [N, H, K, E / H]
    values: Tensor  # [N, H, K, E / H]


class MultiHeadAttention(tf.keras.layers.Layer):
    """Scaled dot-product attention of several heads: Vaswani et al. 2017, section 3.2."""

    def __init__(self, units: int, heads: int, **kwargs: Any):
        """Makes the layers; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.units, self.heads = units, heads
        # Without biases: one of the keys would change no weight.
        self.to_query, self.to_key, self.to_value, self.to_output = (
            tf.keras.layers.Dense(units, use_bias=False, name=name, dtype=self.dtype)
            for name in ("query", "key", "value", "output")
        )

    def show(self, values: Tensor) -> Seen:
        """Makes keys and values of vectors [N, K, E]."""
        with tf.name_scope(self.name):
            return Seen(self._split(self.to_key(values)), self._split(self.to_value(values)))

    def call(self, values: Tensor, seen: Seen, allowed: Tensor) -> tuple[Tensor, Tensor]:
        """Looks: [N, S, E] -> [N, S, E], and the weights [N, H, S, K].

        Args:
            values: what looks.
            seen: what it looks at.
            allowed: bool, of a shape that broadcasts to the weights'; at least one of each row's K.
        """
        query = self._split(self.to_query(values)) / math.sqrt(self.units // self.heads)
        energies = tf.matmul(query, seen.keys, transpose_b=True)
        weights = tf.nn.softmax(tf.where(allowed, energies, OUTSIDE))
        found = tf.transpose(tf.matmul(weights, seen.values), [0, 2, 1, 3])  # [N, S, H, E / H]
        shape = tf.shape(values)
        return self.to_output(tf.reshape(found, [shape[0], shape[1], self.units])), weights

    def _split(self, values: Tensor) -> Tensor:
        """Gives each head its part: [N, K, E] -> [N, H, K, E / H]."""
        shape = tf.shape(values)
        parts = [shape[0], shape[1], self.heads, self.units // self.heads]
        return tf.transpose(tf.reshape(values, parts), [0, 2, 1, 3])


class DecoderLayer(tf.keras.layers.Layer):
    """Self-attention over the symbols so far, attention to the frames, and a feed-forward network."""

    def __init__(self, config: Transformer, **kwargs: Any):
        """Makes the parts; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.rate = config.dropout
        self.symbols, self.frames = (
            MultiHeadAttention(config.units, config.heads, name=name, dtype=self.dtype)
            for name in ("symbols", "frames")
        )
        self.hidden = tf.keras.layers.Dense(
            config.feed_forward, "relu", name="hidden", dtype=self.dtype
        )
        self.forward = tf.keras.layers.Dense(config.units, name="forward", dtype=self.dtype)
        self.norms = [_norm(f"{part}_norm") for part in ("symbols", "frames", "forward")]

    def show(self, memory: Tensor) -> Seen:
        """Makes keys and values of the frames [N, T, E]."""
        with tf.name_scope(self.name):
            return self.frames.show(memory)

    def call(
        self, values: Tensor, past: Seen, seen: Seen, inside: Tensor, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor, Seen]:
        """Goes S symbols on: [N, S, E] -> [N, S, E], the weights of the frames, and the longer past.

        Args:
            values: of the symbols.
            past: the P symbols before them.
            seen: the frames.
            inside: [N, T] bool, which of them are the line's.
            key: in training, of dropout.

        Returns:
            values [N, S, E], weights [N, H, S, T], and the P + S symbols that the next ones follow.
        """
        before, given = tf.shape(past.keys)[2], tf.shape(values)[1]
        normed = self.norms[0](values)
        past = Seen(*(tf.concat(pair, axis=2) for pair in zip(past, self.symbols.show(normed))))
        places = tf.range(before + given)
        causal = tf.expand_dims(places[before:], 1) >= tf.expand_dims(places, 0)  # [S, P + S]
        found, _ = self.symbols(normed, past, causal)
        values += rng.dropout(found, self.rate, key, "symbols")
        line = tf.expand_dims(tf.expand_dims(inside, 1), 1)  # [N, 1, 1, T]
        found, weights = self.frames(self.norms[1](values), seen, line)
        values += rng.dropout(found, self.rate, key, "frames")
        found = self.forward(self.hidden(self.norms[2](values)))
        return values + rng.dropout(found, self.rate, key, "forward"), weights, past


class TransformerHead(AutoregressiveHead):
    """A Transformer's decoder; see the module. Its state is each layer's past."""

    config: Transformer

    def __init__(self, alphabet: Alphabet, config: Transformer):
        super().__init__(alphabet, config)
        self.project = tf.keras.layers.Dense(config.units, name="frames", dtype=tf.float32)
        self.layers = [
            DecoderLayer(config, name=f"layer{number}", dtype=tf.float32)
            for number in range(1, config.layers + 1)
        ]
        self.norm = _norm("norm")
        self.make_symbol_layers(config.units, config.units)
        self._seen: tuple[tuple[Seen, ...], Tensor] = (
            (),
            None,
        )  # by each layer, and what is inside

    def begin(self, frames: Frames) -> State:
        """Keeps each layer's keys and values of the frames; see `AutoregressiveHead.begin`."""
        values = as_float32(frames).values
        batch, steps = tf.shape(values)[0], tf.shape(values)[1]
        inside = tf.sequence_mask(frames.lengths, steps)
        values = self.project(tf.where(tf.expand_dims(inside, 2), values, 0.0))
        memory = values + positions(steps, self.config.units)
        self._seen = tuple(layer.show(memory) for layer in self.layers), inside
        heads = self.config.heads
        none = tf.zeros([batch, heads, 0, self.config.units // heads])
        return tuple(Seen(none, none) for _ in self.layers)

    def advance(self, inputs: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """See `AutoregressiveHead.advance`."""
        vectors, alignments, state = self._go_on(tf.expand_dims(inputs, 1), state, None)
        return tf.squeeze(vectors, 1), tf.squeeze(alignments, 1), state

    def attend(
        self, frames: Frames, inputs: Tensor, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """See `AutoregressiveHead.attend`; all symbols at once."""
        vectors, alignments, _ = self._go_on(inputs, self.begin(frames), key)
        return vectors, alignments

    def _go_on(
        self, inputs: Tensor, state: State, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor, State]:
        """Goes S symbols on: embedded symbols [N, S, E] -> vectors [N, S, E], [N, S, T], state.

        The alignment is the mean over heads of the last layer's weights of the frames.
        """
        first = tf.cast(tf.shape(state[0].keys)[2], tf.float32)
        places = positions(tf.shape(inputs)[1], self.config.units, first)
        # Vaswani et al. 2017, section 3.4: the factor brings embeddings to the size of positions.
        values = inputs * math.sqrt(self.config.units) + places
        values = rng.dropout(values, self.config.dropout, key, "embedded")
        by_layer, inside = self._seen
        longer = []
        for layer, past, seen in zip(self.layers, state, by_layer):
            own = None if key is None else rng.fold(key, layer.name)
            values, weights, past = layer(values, past, seen, inside, own)
            longer.append(past)
        return self.norm(values), tf.reduce_mean(weights, axis=1), tuple(longer)


def _norm(name: str) -> tf.keras.layers.Layer:
    """Makes a layer normalization (Ba et al. 2016); by an epsilon this small, of plain operations."""
    return tf.keras.layers.LayerNormalization(epsilon=1e-6, name=name, dtype=tf.float32)
