"""Heads that write one symbol after another: all that does not depend on how their decoder is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Greedy, Search
from ocr_tf.decode.autoregressive import Decoder, State, state_shapes, symbol_confidences
from ocr_tf.heads.alignment_losses import coverage_loss, off_diagonal
from ocr_tf.heads.base import Head, as_float32
from ocr_tf.heads.ctc import ctc_loss
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

if TYPE_CHECKING:
    from ocr_tf.heads import Autoregressive


class AutoregressiveHead(Head):
    """Gives each symbol a distribution that depends on the frames and the symbols before it.

    A subclass makes its decoder's layers, calls `make_symbol_layers`, and has `begin` and `advance`,
    which go through a text symbol by symbol. `attend` goes through a known text by the same steps; a
    subclass may do that faster.
    """

    config: Autoregressive
    embedding: Any  # [C + 1, E]: symbols, end, start

    def __init__(self, alphabet: Alphabet, config: Autoregressive, name: str = "head"):
        super().__init__(alphabet, name)
        self.config = config

    def make_symbol_layers(self, embedding: int, size: int) -> None:
        """Makes what embeds symbols as [N, embedding], and what classifies the decoder's [N, size]."""
        self.size = size
        self.output_layer = _classifier(self.alphabet, "output")
        self.ctc_layer: Any = _classifier(self.alphabet, "ctc") if self.config.ctc else None
        with tf.name_scope(self.name):
            self.embedding = self.add_weight("embedding", [self.alphabet.classes + 1, embedding])

    def begin(self, frames: Frames) -> State:
        """Looks at the frames, and gives the state before the first symbol; see `Decoder.begin`."""
        raise NotImplementedError

    def advance(self, inputs: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Goes one symbol on: embedded symbols [N, E] -> vectors [N, size], alignment [N, T], state."""
        raise NotImplementedError

    def attend(
        self, frames: Frames, inputs: Tensor, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Goes through embedded symbols [B, N, E]: vectors [B, N, size], alignments [B, N, T].

        The key, in training, is of what the decoder drops out. Here that is nothing.
        """
        state, steps = self.begin(frames), tf.transpose(inputs, [1, 0, 2])
        count = tf.shape(steps)[0]

        def body(n: Tensor, vectors: Any, rows: Any, state: State) -> Any:
            vector, alignment, state = self.advance(steps[n], state)
            return n + 1, vectors.write(n, vector), rows.write(n, alignment), state

        first = (
            0,
            tf.TensorArray(tf.float32, count, element_shape=[None, self.size]),
            tf.TensorArray(tf.float32, count, element_shape=[None, None]),
            state,
        )
        shapes = (tf.TensorShape([]), tf.TensorShape(None), tf.TensorShape(None))
        _, vectors, rows, _ = tf.while_loop(
            lambda n, *_: n < count, body, first, (*shapes, state_shapes(state))
        )
        return tf.transpose(vectors.stack(), [1, 0, 2]), tf.transpose(rows.stack(), [1, 0, 2])

    def _embed(self, ids: Tensor) -> Tensor:
        """Embeds ids (symbols, end, start) as vectors; by a product, whose gradient is dense."""
        return tf.one_hot(ids, self.alphabet.classes + 1) @ self.embedding

    def _read(
        self, frames: Frames, previous: Tensor, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Classifies what follows each of the ids [B, N]: logits [B, N, C], alignments [B, N, T]."""
        inputs = self._embed(previous)
        if key is not None and self.config.symbol_dropout > 0:
            # A hidden symbol teaches the decoder to look at the image, not at its own last word.
            draw = rng.uniform(tf.shape(inputs)[:2], rng.fold(key, "symbols"))
            inputs *= tf.cast(draw >= self.config.symbol_dropout, tf.float32)[:, :, None]
        vectors, alignments = self.attend(frames, inputs, key)
        return self.output_layer(vectors), alignments

    def _force(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Forces the labels: logits [B, L + 1, C], targets [B, L + 1] with the end, [B, L + 1, T]."""
        end, start = self.alphabet.end, self.alphabet.start
        if self.ctc_layer is not None and not self.ctc_layer.built:
            self.ctc_layer(as_float32(frames).values)
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        symbols = tf.where(inside, labels.ids, end)
        targets = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=end)
        previous = tf.pad(symbols, [[0, 0], [1, 0]], constant_values=start)
        if key is not None and self.config.sampling > 0:
            share = self.config.sampling * progress
            previous = self._sampled(frames, previous, rng.fold(key, "sampling"), share)
        logits, alignments = self._read(frames, previous, key)
        return logits, targets, alignments

    def _sampled(
        self, frames: Frames, previous: Tensor, key: Tensor, share: Union[Tensor, float]
    ) -> Tensor:
        """Replaces a share of the previous symbols [B, N] by the decoder's own readings of their places.

        Scheduled sampling (Bengio et al. 2015) in two passes, as Mihaylova and Martins 2019 do it: the
        first, given the true symbols, without dropout and without a gradient, finds the likeliest
        symbol of every place.
        """
        logits, _ = self._read(frames, previous, None)
        likeliest = tf.argmax(logits[:, :-1, : self.alphabet.end], axis=-1, output_type=tf.int32)
        own = tf.concat([previous[:, :1], likeliest], axis=1)
        return tf.where(rng.uniform(tf.shape(previous), key) < share, own, previous)

    def loss(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """Computes the cross entropy of the symbols and the end, and what guides it; see `Head.loss`."""
        with tf.name_scope(self.name):
            logits, targets, alignments = self._force(frames, labels, key, progress)
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
        if self.config.coverage > 0:
            losses += self.config.coverage * coverage_loss(alignments, labels)
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
            logits, targets, _ = self._force(frames, labels)
        log_probs = tf.nn.log_softmax(self.tempered(logits))
        inside = tf.sequence_mask(labels.lengths + 1, tf.shape(targets)[1])
        gains = tf.where(inside, tf.gather(log_probs, targets, batch_dims=2), 0.0)
        # The decoder's bound is a symbol a step: it never writes a longer text.
        reached = labels.lengths <= frames.lengths
        return tf.where(reached[:, None], gains, float("-inf"))

    def step(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Goes one symbol on: ids [N], state -> (log_probs [N, C], alignment [N, T], state)."""
        with tf.name_scope(self.name):
            vectors, alignment, state = self.advance(self._embed(ids), state)
            log_probs = tf.nn.log_softmax(self.tempered(self.output_layer(vectors)))
        return log_probs, alignment, state

    def decoder_of(self, frames: Frames) -> Decoder:
        """Returns what searches need of these frames; see `Decoder`."""

        def begin(copies: int) -> State:
            repeated = frames if copies == 1 else _repeat(frames, copies)
            with tf.name_scope(self.name):
                return self.begin(repeated)

        return Decoder(begin, self.step, self.alphabet)

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`; a text has at most a symbol a frame."""
        return (search or Greedy()).autoregressive(self.decoder_of(frames), frames.lengths)

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.align`: the weights of attention."""
        with tf.name_scope(self.name):
            _, _, rows = self._force(frames, labels)
        inside = tf.sequence_mask(labels.lengths, tf.shape(labels.ids)[1])
        return tf.where(inside[:, :, None], rows[:, :-1], 0.0)


def _classifier(alphabet: Alphabet, name: str) -> tf.keras.layers.Layer:
    return tf.keras.layers.Dense(alphabet.classes, name=name, dtype=tf.float32)


def _repeat(frames: Frames, copies: int) -> Frames:
    """Frames of B lines -> of B * copies, those of a line side by side."""
    return Frames(*(tf.repeat(values, copies, axis=0) for values in frames))
