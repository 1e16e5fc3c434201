"""The contract of heads: each scores, decodes and aligns, with one meaning of probability for all."""

from __future__ import annotations

from typing import Optional, Union

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Search
from ocr_tf.types import Frames, Hypotheses, Labels, Tensor


class Head(tf.keras.layers.Layer):
    """From frames [B, T, D] to texts. Heads compute in float32, whatever the frames' dtype.

    `temperature` is what `tempered` divides logits by: 1, as trained, or what was fitted afterwards.
    """

    temperature: Union[Tensor, float] = 1.0

    def __init__(self, alphabet: Alphabet, name: str = "head"):
        super().__init__(name=name, dtype="float32")
        self.alphabet = alphabet

    def tempered(self, logits: Tensor) -> Tensor:
        """Divides logits by the temperature, [...] -> [...] (Guo et al. 2017, equation 9).

        A head does so in `score`, `decode` and `symbol_confidences`, and never in `loss`.
        """
        return logits / self.temperature

    def loss(
        self,
        frames: Frames,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """Computes what training minimizes: [B]; without a key (no dropout, no smoothing), -score.

        It is infinite, without a gradient, for labels that cannot be reached. The temperature is no part
        of it.

        Args:
            frames: what the encoder and the recurrent layers give.
            labels: the true texts.
            key: in training, of all that is drawn at random.
            progress: the share of the training's steps that are done, from 0 to 1. What only helps to
                begin (a prior, another loss) fades with it, and is gone at 1.
        """
        raise NotImplementedError

    def score(self, frames: Frames, labels: Labels) -> Tensor:
        """Computes log p(label | frames), natural log, of the whole string with its end: [B].

        It is defined for every label: the empty one too, and minus infinity for unreachable ones.
        """
        raise NotImplementedError

    def decode(self, frames: Frames, search: Optional[Search] = None) -> Hypotheses:
        """Returns the K best texts that a search finds; without one, the greedy text (K = 1).

        Raises:
            InputError: the search cannot be used with this kind of head.
        """
        raise NotImplementedError

    def align(self, frames: Frames, labels: Labels) -> Tensor:
        """Computes the weight of each step for each symbol of the label, without the end: [B, L, T]."""
        raise NotImplementedError

    def symbol_confidences(self, frames: Frames, labels: Labels) -> Optional[Tensor]:
        """Computes how sure the head is of each symbol of the label: [B, L] in [0, 1].

        Attention gives the symbol's probability after those before it; CTC, the mean of its frames'
        posteriors, see `ctc_lattice.symbol_confidences`. Both are of symbols that are written: neither tells
        of one that is missing. It is 0 behind a label's end and for labels that cannot be reached. None
        from a head that has no such measure.
        """
        return None

    def path(self, frames: Frames, labels: Labels) -> Optional[tuple[Tensor, Tensor]]:
        """Finds the best of the paths that spell each label, for a head whose score sums over paths.

        Returns:
            [B, T] int32, the index in the label of the symbol that each step belongs to, -1 for none;
            and [B], its log probability. None from a head without paths.
        """
        return None


def as_float32(frames: Frames) -> Frames:
    """Casts frames of any dtype."""
    return Frames(tf.cast(frames.values, tf.float32), frames.lengths)
