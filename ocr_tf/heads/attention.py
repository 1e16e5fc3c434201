"""Attention: a recurrent decoder that looks at the frames anew for every symbol.

Bahdanau et al. 2015 (additive attention), in tensorflow-addons' wiring: an LSTM cell reads the previous
symbol and the previous attention vector; its output queries the frames; the attention vector, a layer
over cell output and context, gives the logits. The only file that imports tensorflow_addons.
"""

from __future__ import annotations

import math
import os
import warnings
from typing import TYPE_CHECKING, Any, Optional, Union

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Greedy, Search
from ocr_tf.decode.autoregressive import Decoder, State, symbol_confidences
from ocr_tf.heads import attention_loop
from ocr_tf.heads.base import Head, as_float32
from ocr_tf.heads.ctc import ctc_loss
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

# The compiled operations do not load everywhere, and exported graphs must not need them.
os.environ["TF_ADDONS_PY_OPS"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library announces its end of life at import
    import tensorflow_addons as tfa

if TYPE_CHECKING:
    from ocr_tf.heads import Attention


# The guide's band, g in `off_diagonal`, is this share of the line's width over sqrt(number of symbols).
DRIFT = 0.3


class LocationAttention(tfa.seq2seq.BahdanauAttention):
    """Additive attention that also sees where it has looked so far: `taps` weights on the summed alignment.

    Chorowski et al. 2015, equations 8 and 9, with the sum of all alignments (Shen et al. 2018) in place of
    the last one, and their two linear maps in one. Its state is that sum, [B, T].
    """

    def __init__(self, units: int, taps: int, **kwargs: Any):
        """Makes the mechanism; `kwargs` are those of BahdanauAttention."""
        super().__init__(units, **kwargs)
        self.taps = taps
        self.location: Any = None  # [taps, units], made by `build`

    def build(self, shape: Any) -> None:
        """Makes the weights."""
        super().build(shape)
        if self.taps:
            self.location = self.add_weight("location", [self.taps, self.units])

    def _calculate_attention(self, query: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        # TensorFlow Lite converts no slices that add an axis here.
        energies = self.keys + tf.expand_dims(self.query_layer(query), 1)
        if self.taps:
            looked = tf.expand_dims(state, 2)
            energies += tf.nn.conv1d(looked, tf.expand_dims(self.location, 1), 1, "SAME")
        energies = tf.linalg.matvec(tf.tanh(energies), self.attention_v)
        alignments = self.probability_fn(energies, state)
        return alignments, state + alignments


class AttentionHead(Head):
    """A decoder with additive attention; see the module."""

    def __init__(self, alphabet: Alphabet, config: Attention):
        super().__init__(alphabet)
        self.config = config
        self.mechanism = LocationAttention(
            config.attention_units, config.location, name="mechanism", dtype=tf.float32
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
        self.output_layer = tf.keras.layers.Dense(alphabet.classes, name="output", dtype=tf.float32)
        self.ctc_layer: Any = (
            tf.keras.layers.Dense(alphabet.classes, name="ctc", dtype=tf.float32)
            if config.ctc
            else None
        )
        with tf.name_scope(self.name):
            self.embedding = self.add_weight("embedding", [alphabet.classes + 1, config.embedding])

    def _embed(self, ids: Tensor) -> Tensor:
        """Embeds ids (symbols, end, start) as vectors; by a product, whose gradient is dense."""
        return tf.one_hot(ids, self.alphabet.classes + 1) @ self.embedding

    def _memory(self, frames: Frames) -> Tensor:
        """Returns what the mechanism is shown of the frames, [B, T, D + positions], 0 behind their ends."""
        values = as_float32(frames).values
        batch, steps = tf.shape(values)[0], tf.shape(values)[1]
        # Position in the frames lets the decoder move on from where it looked last; content alone
        # must find its place anew at every symbol, which long lines full of repeats make hard.
        places = tf.tile(positions(steps, self.config.positions)[None], [batch, 1, 1])
        inside = tf.expand_dims(tf.sequence_mask(frames.lengths, steps), 2)
        return tf.where(inside, tf.concat([values, places], axis=-1), 0.0)

    def _begin(self, frames: Frames) -> State:
        """Shows the frames to the attention mechanism, and gives the state before the first symbol."""
        memory = self._memory(frames)
        self.mechanism.setup_memory(memory, memory_sequence_length=frames.lengths)
        return self.wrapper.get_initial_state(batch_size=tf.shape(memory)[0], dtype=tf.float32)

    def _attend(self, frames: Frames, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Runs the decoder over the embedded symbols [B, N, E]: attention vectors [B, N, M], [B, N, T]."""
        if not self.wrapper.built:  # its weights are made at its first step
            self.wrapper(inputs[:, 0], self._begin(frames))
            if self.ctc_layer is not None:
                self.ctc_layer(as_float32(frames).values)
        cell, units = self.wrapper._cell, self.config.units
        symbols, feedback = tf.split(cell.kernel, [self.config.embedding, -1])
        output, context = tf.split(self.wrapper._attention_layers[0].kernel, [units, -1])
        memory = self._memory(frames)
        seen = attention_loop.Memory(
            keys=self.mechanism.memory_layer(memory),
            values=memory @ context,
            outside=tf.where(
                tf.sequence_mask(frames.lengths, tf.shape(memory)[1]), 0.0, attention_loop.OUTSIDE
            ),
        )
        weights = attention_loop.Weights(
            feedback=feedback,
            recurrent=cell.recurrent_kernel,
            query=self.mechanism.query_layer.kernel,
            score=self.mechanism.attention_v,
            output=output,
            location=self.mechanism.location,
        )
        projected = tf.transpose(inputs, [1, 0, 2]) @ symbols + cell.bias
        attended, alignments = attention_loop.decode(projected, seen, weights)
        return tf.transpose(attended, [1, 0, 2]), tf.transpose(alignments, [1, 0, 2])

    def _force(
        self, frames: Frames, labels: Labels, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Forces the labels: logits [B, L + 1, C], targets [B, L + 1] with the end, [B, L + 1, T]."""
        end, start = self.alphabet.end, self.alphabet.start
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        symbols = tf.where(inside, labels.ids, end)
        targets = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=end)
        inputs = self._embed(tf.pad(symbols, [[0, 0], [1, 0]], constant_values=start))
        if key is not None and self.config.symbol_dropout > 0:
            # A hidden symbol teaches the decoder to look at the image, not at its own last word.
            draw = rng.uniform(tf.shape(inputs)[:2], rng.fold(key, "symbols"))
            inputs *= tf.cast(draw >= self.config.symbol_dropout, tf.float32)[:, :, None]
        attended, alignments = self._attend(frames, inputs)
        attended = rng.dropout(attended, self.config.dropout, key, "attended")
        return self.output_layer(attended), targets, alignments

    def loss(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """Computes the cross entropy of the symbols and the end, and what guides it; see `Head.loss`."""
        with tf.name_scope(self.name):
            logits, targets, alignments = self._force(frames, labels, key)
        log_probs = tf.nn.log_softmax(logits)
        right = tf.gather(log_probs, targets, batch_dims=2)
        if key is not None and self.config.smoothing > 0:
            share = self.config.smoothing
            right = (1 - share) * right + share * tf.reduce_mean(log_probs, axis=-1)
        inside = tf.sequence_mask(labels.lengths + 1, tf.shape(targets)[1])
        losses = -tf.reduce_sum(tf.where(inside, right, 0.0), axis=1)
        if key is not None:
            fading = tf.maximum(0.0, 1 - progress / self.config.aids_until)
            losses = self._aided(losses, alignments, frames, labels, fading)
        # The decoder's bound is a symbol a step: it never writes a longer text.
        return tf.where(labels.lengths <= frames.lengths, losses, float("inf"))

    def _aided(
        self, losses: Tensor, alignments: Tensor, frames: Frames, labels: Labels, fading: Tensor
    ) -> Tensor:
        """Mixes in what helps to find the alignment; `fading` falls from 1 to 0 in training."""
        by_ctc, guide = self.config.ctc * fading, self.config.guide * fading
        if self.ctc_layer is not None:
            attended = losses
            losses = tf.cond(
                by_ctc > 0,
                lambda: (1 - by_ctc) * attended + by_ctc * self._ctc_loss(frames, labels),
                lambda: attended,
            )
        if self.config.guide > 0:
            losses += guide * off_diagonal(alignments, labels, frames)
        return losses

    def _ctc_loss(self, frames: Frames, labels: Labels) -> Tensor:
        """Computes CTC's loss on the same frames, [B]; 0 for labels that CTC cannot reach."""
        with tf.name_scope(self.name):
            logits = self.ctc_layer(as_float32(frames).values)
        # Its blank has the number of the decoder's end: both are the class behind the symbols.
        losses = ctc_loss(logits, frames.lengths, labels, self.alphabet.blank)
        return tf.where(tf.math.is_finite(losses), losses, 0.0)

    def score(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.score`."""
        return tf.reduce_sum(self._gains(frames, labels), axis=1)

    def symbol_confidences(self, frames: Frames, labels: Labels) -> Optional[Tensor]:
        """See `Head.symbol_confidences`: the probability of a symbol after those before it."""
        return symbol_confidences(self._gains(frames, labels), labels)

    def _gains(self, frames: Frames, labels: Labels) -> Tensor:
        """Computes log p of each symbol and the end after the symbols before, [B, L + 1]; 0 behind the end.

        All of a label that has more symbols than there are frames is minus infinity.
        """
        with tf.name_scope(self.name):
            logits, targets, _ = self._force(frames, labels, None)
        log_probs = tf.nn.log_softmax(self.tempered(logits))
        inside = tf.sequence_mask(labels.lengths + 1, tf.shape(targets)[1])
        gains = tf.where(inside, tf.gather(log_probs, targets, batch_dims=2), 0.0)
        # The decoder's bound is a symbol a step: it never writes a longer text.
        reached = labels.lengths <= frames.lengths
        return tf.where(reached[:, None], gains, float("-inf"))

    def step(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Goes one symbol on: ids [N], state -> (log_probs [N, C], alignment [N, T], state)."""
        with tf.name_scope(self.name):
            attended, state = self.wrapper(self._embed(ids), state)
            log_probs = tf.nn.log_softmax(self.tempered(self.output_layer(attended)))
        return log_probs, state.alignments, state

    def decoder_of(self, frames: Frames) -> Decoder:
        """Returns what searches need of these frames; see `Decoder`."""

        def begin(copies: int) -> State:
            repeated = frames if copies == 1 else _repeat(frames, copies)
            with tf.name_scope(self.name):
                return self._begin(repeated)

        return Decoder(begin, self.step, self.alphabet)

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`; a text has at most a symbol a frame."""
        return (search or Greedy()).autoregressive(self.decoder_of(frames), frames.lengths)

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.align`: the weights of attention."""
        with tf.name_scope(self.name):
            _, _, rows = self._force(frames, labels, None)
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        return tf.where(inside[:, :, None], rows[:, :-1], 0.0)


def off_diagonal(alignments: Tensor, labels: Labels, frames: Frames) -> Tensor:
    """Sums the attention that is far from the diagonal, over the symbols and the end: [B].

    Tachibana et al. 2018, equation 5: looking at frame t of T for symbol n of N costs
    1 - exp(-(n / N - t / T)^2 / 2g^2), where g is the width of the band along the diagonal. Theirs is one for
    all lines; here it is DRIFT / sqrt(N): where symbols' widths vary independently, so does the place of
    a line's middle symbol.

    Args:
        alignments: [B, L + 1, T].
        labels: the symbols that they are of.
        frames: the frames that they are over.
    """
    count = tf.cast(labels.lengths + 1, tf.float32)[:, None, None]
    steps = tf.cast(frames.lengths, tf.float32)[:, None, None]
    symbol = (
        tf.range(tf.shape(alignments)[1], dtype=tf.float32)[:, None] + 0.5
    ) / count  # [B, L + 1, 1]
    frame = (tf.range(tf.shape(alignments)[2], dtype=tf.float32) + 0.5) / steps  # [B, 1, T]
    near = tf.exp(-tf.square(symbol - frame) * count / (2 * DRIFT**2))
    return tf.reduce_sum(tf.where(symbol < 1, alignments * (1 - near), 0.0), axis=[1, 2])


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
