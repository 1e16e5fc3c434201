"""CTC: one distribution over symbols and blank for every frame (Graves et al. 2006)."""

from __future__ import annotations

from typing import Optional, Union

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Greedy, Search, ctc_lattice
from ocr_tf.heads.base import Head, as_float32
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor

DEEPEST = 75.0  # nats below the best class; exp(-75) / C is still a normal float32


class CTCHead(Head):
    """A dense layer over every frame; see the module."""

    def __init__(self, alphabet: Alphabet, name: str = "head"):
        super().__init__(alphabet, name)
        self.output_layer = tf.keras.layers.Dense(alphabet.classes, name="output", dtype="float32")

    def logits(self, frames: Frames) -> Tensor:
        """Classifies frames: [B, T, D] -> [B, T, C]; the blank is the last class."""
        with tf.name_scope(self.name):
            return self.output_layer(as_float32(frames).values)

    def log_probs(self, frames: Frames) -> Frames:
        """Classifies frames: [B, T, D] -> [B, T, C] natural log, at the temperature, normalized over C."""
        return Frames(tf.nn.log_softmax(self.tempered(self.logits(frames))), frames.lengths)

    def loss(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """See `Head.loss`; below -score where a path needs a class DEEPEST nats under the best."""
        return ctc_loss(self.logits(frames), frames.lengths, labels, self.alphabet.blank)

    def score(self, frames: Frames, labels: Labels) -> Tensor:
        """Sums over all paths; see `Head.score`."""
        return ctc_lattice.score(self.log_probs(frames), labels, self.alphabet.blank)

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """See `Head.align`: the probability of being in a symbol at a step."""
        return ctc_lattice.occupancies(self.log_probs(frames), labels, self.alphabet.blank)

    def symbol_confidences(self, frames: Frames, labels: Labels) -> Optional[Tensor]:
        """See `Head.symbol_confidences`."""
        return ctc_lattice.symbol_confidences(self.log_probs(frames), labels, self.alphabet.blank)

    def path(self, frames: Frames, labels: Labels) -> Optional[tuple[Tensor, Tensor]]:
        """See `Head.path`."""
        return ctc_lattice.forced_path(self.log_probs(frames), labels, self.alphabet.blank)

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`."""
        return (search or Greedy()).ctc(self.log_probs(frames), self.alphabet)


def ctc_loss(logits: Tensor, steps: Tensor, labels: Labels, blank: int) -> Tensor:
    """Computes -log p(label) by `tf.nn.ctc_loss`, for every label: logits [B, T, C], steps [B] -> [B].

    It is infinite, without a gradient, for labels that cannot be reached.
    """
    # The kernel refuses empty and unreachable labels for the whole batch, so those lines are given
    # a label that any line can spell, and their loss is replaced.
    fits = (labels.lengths > 0) & (ctc_lattice.needed_steps(labels) <= steps)
    lengths = tf.where(fits, labels.lengths, 1)
    ids = tf.pad(labels.ids, [[0, 0], [0, 1]])  # room for that label where all are empty
    ids = tf.where(fits[:, None] & (ids >= 0), ids, 0)
    # The kernel takes logarithms of probabilities, and one that underflows would make the loss
    # infinite. It is shown logits that cannot; the gradient passes as if they were the true ones.
    floor = tf.reduce_max(logits, axis=-1, keepdims=True) - DEEPEST
    shown = logits + tf.stop_gradient(tf.maximum(logits, floor) - logits)
    losses = tf.nn.ctc_loss(
        labels=tf.RaggedTensor.from_tensor(ids, lengths).to_sparse(),
        logits=tf.transpose(shown, [1, 0, 2]),
        label_length=None,
        logit_length=steps,
        logits_time_major=True,
        blank_index=blank,
    )
    return tf.where(fits, losses, _empty_loss(logits, steps, labels, blank))


def _empty_loss(logits: Tensor, steps: Tensor, labels: Labels, blank: int) -> Tensor:
    """Returns -score of an empty label (all blanks), and infinity for any other: [B]."""
    values = tf.nn.log_softmax(logits)[:, :, blank]
    inside = tf.sequence_mask(steps, tf.shape(values)[1])
    blanks = -tf.reduce_sum(tf.where(inside, values, 0.0), axis=1)
    return tf.where(labels.lengths == 0, blanks, float("inf"))
