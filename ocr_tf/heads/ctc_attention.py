"""CTC and attention over the same frames, trained and read together.

Kim et al. 2017, Joint CTC-Attention Based End-to-End Speech Recognition Using Multi-Task Learning,
equation 12:

    loss = w * ctc + (1 - w) * attention

The head's score is minus that loss: the log of p_ctc^w p_attention^(1 - w), which sums to at most 1 over all
texts (Hoelder's inequality). How far below 1 says how little the branches agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Union

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Greedy, Search, ctc_lattice
from ocr_tf.decode.joint import Branches
from ocr_tf.heads.attention import AttentionHead
from ocr_tf.heads.base import Head
from ocr_tf.heads.ctc import CTCHead
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

if TYPE_CHECKING:
    from ocr_tf.heads import CTCAttention


class CTCAttentionHead(Head):
    """Two heads on one sequence of frames; see the module."""

    def __init__(self, alphabet: Alphabet, config: CTCAttention):
        super().__init__(alphabet)
        self.weight = config.ctc
        with tf.name_scope(self.name):
            self.ctc = CTCHead(alphabet, "ctc")
            self.attention = AttentionHead(alphabet, config.branch(), "attention")

    @property
    def temperature(self) -> Union[Tensor, float]:  # type: ignore[override]
        """Returns that of both branches; see `Head`."""
        return self.ctc.temperature

    @temperature.setter
    def temperature(self, value: Union[Tensor, float]) -> None:
        self.ctc.temperature = self.attention.temperature = value

    def loss(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """Weighs the losses of both; see `Head.loss`."""
        with tf.name_scope(self.name):
            by_ctc = self.ctc.loss(frames, labels, key, progress)
            by_attention = self.attention.loss(frames, labels, key, progress)
        return self.weight * by_ctc + (1 - self.weight) * by_attention

    def score(self, frames: Frames, labels: Labels) -> Tensor:
        """Weighs the scores of both; see `Head.score`."""
        with tf.name_scope(self.name):
            by_ctc = self.ctc.score(frames, labels)
            by_attention = self.attention.score(frames, labels)
        return self.weight * by_ctc + (1 - self.weight) * by_attention

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.align`: the weights of attention."""
        with tf.name_scope(self.name):
            return self.attention.align(frames, labels)

    def symbol_confidences(self, frames: Frames, labels: Labels) -> Optional[Tensor]:
        """Weighs those of both branches; see `Head.symbol_confidences`."""
        with tf.name_scope(self.name):
            by_ctc: Tensor = self.ctc.symbol_confidences(frames, labels)
            by_attention: Tensor = self.attention.symbol_confidences(frames, labels)
        reached = (ctc_lattice.needed_steps(labels) <= frames.lengths)[:, None]
        return tf.where(reached, self.weight * by_ctc + (1 - self.weight) * by_attention, 0.0)

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`."""
        return (search or Greedy()).joint(self.branches_of(frames))

    def branches_of(self, frames: Frames) -> Branches:
        """Returns what searches need of these frames; see `Branches`."""

        def scores(ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
            by_ctc = ctc_lattice.score_each(log_probs, ids, lengths, self.alphabet.blank)
            repeated = Frames(*(tf.repeat(values, ids.shape[1], axis=0) for values in frames))
            labels = Labels(tf.reshape(ids, [-1, tf.shape(ids)[2]]), tf.reshape(lengths, [-1]))
            with tf.name_scope(self.name):
                by_attention = self.attention.score(repeated, labels)
            return by_ctc, tf.reshape(by_attention, tf.shape(lengths))

        with tf.name_scope(self.name):
            log_probs = self.ctc.log_probs(frames)
            decoder = self.attention.decoder_of(frames)
        return Branches(log_probs, decoder, frames.lengths, scores, self.weight)
