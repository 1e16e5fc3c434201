"""Attention: a recurrent decoder that looks at the frames anew for every symbol.

Bahdanau et al. 2015 (additive attention), in tensorflow-addons' wiring: an LSTM cell reads the previous
symbol and the previous attention vector; its output queries the frames; the attention vector, a layer
over cell output and context, gives the logits. The only file that imports tensorflow_addons.
"""

from __future__ import annotations

import math
import os
import warnings
from typing import TYPE_CHECKING, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Greedy, Search, autoregressive
from ocr_tf.decode.autoregressive import Decoder, State
from ocr_tf.heads.base import Head, as_float32
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

# The compiled operations do not load everywhere, and exported graphs must not need them.
os.environ["TF_ADDONS_PY_OPS"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library announces its end of life at import
    import tensorflow_addons as tfa

if TYPE_CHECKING:
    from ocr_tf.heads import Attention


class AttentionHead(Head):
    """A decoder with additive attention; see the module."""

    def __init__(self, alphabet: Alphabet, config: Attention):
        super().__init__(alphabet)
        self.config = config
        self.mechanism = tfa.seq2seq.BahdanauAttention(
            config.attention_units, name="mechanism", dtype=tf.float32
        )
        # `output_attention` must stay on: without it the logits would come from a cell output that has
        # not seen the frames at this step.
        self.wrapper = tfa.seq2seq.AttentionWrapper(
            tf.keras.layers.LSTMCell(config.units, name="decoder_lstm", dtype=tf.float32),
            self.mechanism,
            attention_layer_size=config.attention_units,
            output_attention=True,
            name="wrapper",
            dtype=tf.float32,
        )
        self.decoder = tfa.seq2seq.BasicDecoder(
            self.wrapper, tfa.seq2seq.sampler.TrainingSampler(), name="decoder", dtype=tf.float32
        )
        self.output_layer = tf.keras.layers.Dense(alphabet.classes, name="output", dtype=tf.float32)
        with tf.name_scope(self.name):
            self.embedding = self.add_weight("embedding", [alphabet.classes + 1, config.embedding])

    def _embed(self, ids: Tensor) -> Tensor:
        """Embeds ids (symbols, end, start) as vectors; by a product, whose gradient is dense."""
        return tf.one_hot(ids, self.alphabet.classes + 1) @ self.embedding

    def _begin(self, frames: Frames) -> State:
        """Shows the frames to the attention mechanism, and gives the state before the first symbol."""
        values = as_float32(frames).values
        batch, steps = tf.shape(values)[0], tf.shape(values)[1]
        # Position in the frames lets the decoder move on from where it looked last; content alone
        # must find its place anew at every symbol, which long lines full of repeats make hard.
        places = tf.tile(positions(steps, self.config.positions)[None], [batch, 1, 1])
        memory = tf.concat([values, places], axis=-1)
        self.mechanism.setup_memory(memory, memory_sequence_length=frames.lengths)
        return self.wrapper.get_initial_state(batch_size=batch, dtype=tf.float32)

    def _logits(
        self, frames: Frames, labels: Labels, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Forces the labels: logits [B, L + 1, C] and targets [B, L + 1], which end with `end`."""
        end, start = self.alphabet.end, self.alphabet.start
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        symbols = tf.where(inside, labels.ids, end)
        targets = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=end)
        inputs = self._embed(tf.pad(symbols, [[0, 0], [1, 0]], constant_values=start))
        if key is not None and self.config.symbol_dropout > 0:
            # A hidden symbol teaches the decoder to look at the image, not at its own last word.
            draw = rng.uniform(tf.shape(inputs)[:2], rng.fold(key, "symbols"))
            inputs *= tf.cast(draw >= self.config.symbol_dropout, tf.float32)[:, :, None]
        # For every line as many steps as the array of labels has, whichever lines are in this part of a
        # batch: what is dropped depends on that number.
        batch, steps = tf.unstack(tf.shape(targets))
        outputs, _, _ = self.decoder(
            inputs, initial_state=self._begin(frames), sequence_length=tf.fill([batch], steps)
        )
        attended = rng.dropout(outputs.rnn_output, self.config.dropout, key, "attended")
        return self.output_layer(attended), targets

    def loss(self, frames: Frames, labels: Labels, key: Optional[Tensor] = None) -> Tensor:
        """Computes the cross entropy of the symbols and the end; see `Head.loss`."""
        with tf.name_scope(self.name):
            logits, targets = self._logits(frames, labels, key)
        log_probs = tf.nn.log_softmax(logits)
        right = tf.gather(log_probs, targets, batch_dims=2)
        if key is not None and self.config.smoothing > 0:
            share = self.config.smoothing
            right = (1 - share) * right + share * tf.reduce_mean(log_probs, axis=-1)
        inside = tf.sequence_mask(labels.lengths + 1, tf.shape(targets)[1])
        losses = -tf.reduce_sum(tf.where(inside, right, 0.0), axis=1)
        # The decoder's bound is a symbol a step: it never writes a longer text.
        return tf.where(labels.lengths <= frames.lengths, losses, float("inf"))

    def score(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.score`."""
        return -self.loss(frames, labels)

    def step(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Goes one symbol on: ids [N], state -> (log_probs [N, C], alignment [N, T], state)."""
        with tf.name_scope(self.name):
            attended, state = self.wrapper(self._embed(ids), state)
            log_probs = tf.nn.log_softmax(self.output_layer(attended))
        return log_probs, state.alignments, state

    def decoder_of(self, frames: Frames) -> Decoder:
        """Returns what searches need of these frames; see `Decoder`."""

        def begin(copies: int) -> State:
            repeated = frames if copies == 1 else _repeat(frames, copies)
            with tf.name_scope(self.name):
                return self._begin(repeated)

        alphabet = self.alphabet
        return Decoder(begin, self.step, alphabet.start, alphabet.end, alphabet.pad)

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`; a text has at most a symbol a frame."""
        return (search or Greedy()).autoregressive(self.decoder_of(frames), frames.lengths)

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.align`: the weights of attention."""
        _, rows = autoregressive.force(self.decoder_of(frames), labels)
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        return tf.where(inside[:, :, None], rows[:, :-1], 0.0)


def _repeat(frames: Frames, copies: int) -> Frames:
    """Frames of B lines -> of B * copies, those of a line side by side."""
    return Frames(*(tf.repeat(values, copies, axis=0) for values in frames))


def positions(steps: Tensor, size: int) -> Tensor:
    """Returns sines and cosines of the step [T, size]; wavelengths grow geometrically, 4 to 4096 steps.

    Vaswani et al. 2017, section 3.5: a shift in position is a linear map of these.
    """
    waves = size // 2
    lengths = 4.0 * 1024.0 ** (tf.range(waves, dtype=tf.float32) / max(1, waves - 1))
    angles = 2 * math.pi * tf.range(steps, dtype=tf.float32)[:, None] / lengths
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
