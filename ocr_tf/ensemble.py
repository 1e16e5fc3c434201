"""Several trained networks that read as one: by the mean of what they put out, or by a vote over their texts.

What a second network is worth is the measure of what a better head, or more seeds, could be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Optional

import tensorflow as tf

from ocr_tf.decode import Greedy, Search, ctc_lattice
from ocr_tf.decode.autoregressive import Decoder, State, force, symbol_confidences
from ocr_tf.decode.pool import Scores, best_of
from ocr_tf.errors import InputError
from ocr_tf.heads.autoregressive import AutoregressiveHead
from ocr_tf.heads.ctc import CTCHead
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Frames, Hypotheses, Images, Labels, Tensor

AVERAGE, VOTE = "average", "vote"
WAYS = (VOTE, AVERAGE)


class Ensemble:
    """Reads as a `Recognizer` does; its frames are those of all members."""

    def __init__(self, members: Sequence[Recognizer], way: str = VOTE):
        """Joins networks that read the same symbols in images of the same height.

        Args:
            members: two or more.
            way: VOTE: each member searches, each text that one of them found is scored by all, and
                p(text | image) is the mean of theirs; `length_norm` and `coverage` only help to find
                texts. AVERAGE: a search goes over the mean of their
                distributions, step by step, for heads of one kind alone.

        Raises:
            InputError: members that cannot be joined.
        """
        first, *others = members
        for other in others:
            if other.alphabet != first.alphabet or other.height != first.height:
                raise InputError(
                    "an ensemble's runs must have the same alphabet and --data.height; leave out those "
                    "that differ"
                )
        self.members, self.alphabet, self.height = tuple(members), first.alphabet, first.height
        self.head: _Head = _Voting(self) if way == VOTE else _averaging(self)

    def __call__(self, images: Images) -> tuple[Frames, ...]:
        """Images [B, H, W, 1] -> the frames of each member."""
        return tuple(member(images) for member in self.members)

    def recognize(self, images: Images, search: Optional[Search] = None) -> Hypotheses:
        """Reads images; without a search, greedily."""
        return self.head.decode(self(images), search)


class _Head:
    """Answers evaluation as a head does, from the frames of all members."""

    def __init__(self, ensemble: Ensemble):
        self.heads = [member.head for member in ensemble.members]
        self.alphabet = ensemble.alphabet

    def score(self, frames: Sequence[Frames], labels: Labels) -> Tensor:
        """See `Head.score`."""
        raise NotImplementedError

    def decode(self, frames: Sequence[Frames], search: Optional[Search] = None) -> Hypotheses:
        """See `Head.decode`."""
        raise NotImplementedError

    def symbol_confidences(self, frames: Sequence[Frames], labels: Labels) -> Optional[Tensor]:
        """See `Head.symbol_confidences`; None where there is no distribution to take it from."""
        return None


class _Voting(_Head):
    """Scores by the mean of the members' probabilities of a text, which is a probability again."""

    def score(self, frames: Sequence[Frames], labels: Labels) -> Tensor:
        return _log_mean([head.score(own, labels) for head, own in zip(self.heads, frames)])

    def decode(self, frames: Sequence[Frames], search: Optional[Search] = None) -> Hypotheses:
        search = search or Greedy()

        def scorer(ids: Tensor, lengths: Tensor) -> Scores:
            count = ids.shape[1]
            labels = Labels(tf.reshape(ids, [-1, tf.shape(ids)[2]]), tf.reshape(lengths, [-1]))
            repeated = [Frames(*(tf.repeat(v, count, axis=0) for v in own)) for own in frames]
            score = tf.reshape(self.score(repeated, labels), tf.shape(lengths))
            return Scores(score, score)

        proposed = [head.decode(own, search.widest()) for head, own in zip(self.heads, frames)]
        guide = search.guide(self.alphabet)
        return best_of(proposed, scorer, search.best, self.alphabet.pad, guide)


def _averaging(ensemble: Ensemble) -> _Head:
    heads = [member.head for member in ensemble.members]
    for kind, average in ((CTCHead, _AveragedCTC), (AutoregressiveHead, _AveragedDecoder)):
        if all(isinstance(head, kind) for head in heads):
            return average(ensemble)
    raise InputError(
        "an ensemble's distributions can be averaged if all heads are CTC's, or all write one symbol "
        f"after another; leave out the others, or join them by {VOTE}"
    )


class _AveragedCTC(_Head):
    """CTC over the mean of the members' distributions of each frame."""

    def log_probs(self, frames: Sequence[Frames]) -> Frames:
        """Averages [B, T, C]."""
        each = [head.log_probs(own) for head, own in zip(self.heads, frames)]
        for other in each[1:]:
            tf.debugging.assert_equal(other.lengths, each[0].lengths)
        return Frames(_log_mean([one.values for one in each]), each[0].lengths)

    def score(self, frames: Sequence[Frames], labels: Labels) -> Tensor:
        return ctc_lattice.score(self.log_probs(frames), labels, self.alphabet.blank)

    def symbol_confidences(self, frames: Sequence[Frames], labels: Labels) -> Optional[Tensor]:
        return ctc_lattice.symbol_confidences(self.log_probs(frames), labels, self.alphabet.blank)

    def decode(self, frames: Sequence[Frames], search: Optional[Search] = None) -> Hypotheses:
        return (search or Greedy()).ctc(self.log_probs(frames), self.alphabet)


class _AveragedDecoder(_Head):
    """A decoder whose every step is the mean of the members' steps."""

    def decoder_of(self, frames: Sequence[Frames]) -> Decoder:
        """Steps all members side by side."""
        decoders = [head.decoder_of(own) for head, own in zip(self.heads, frames)]

        def begin(copies: int) -> State:
            return tuple(decoder.begin(copies) for decoder in decoders)

        def step(ids: Tensor, states: State) -> tuple[Tensor, Tensor, State]:
            steps: list[Any] = [d.step(ids, state) for d, state in zip(decoders, states)]
            log_probs = _log_mean([one[0] for one in steps])
            alignment = tf.add_n([one[1] for one in steps]) / len(steps)
            return log_probs, alignment, tuple(one[2] for one in steps)

        return Decoder(begin, step, self.alphabet)

    def score(self, frames: Sequence[Frames], labels: Labels) -> Tensor:
        return tf.reduce_sum(self._gains(frames, labels), axis=1)

    def symbol_confidences(self, frames: Sequence[Frames], labels: Labels) -> Optional[Tensor]:
        return symbol_confidences(self._gains(frames, labels), labels)

    def _gains(self, frames: Sequence[Frames], labels: Labels) -> Tensor:
        """Computes log p of each symbol and the end, [B, L + 1]; minus infinity for unreachable labels."""
        gains, _ = force(self.decoder_of(frames), labels)
        reachable = labels.lengths <= frames[0].lengths
        return tf.where(reachable[:, None], gains, float("-inf"))

    def decode(self, frames: Sequence[Frames], search: Optional[Search] = None) -> Hypotheses:
        return (search or Greedy()).autoregressive(self.decoder_of(frames), frames[0].lengths)


def _log_mean(values: Sequence[Tensor]) -> Tensor:
    """Returns the log of the mean of probabilities whose logs are given."""
    return tf.reduce_logsumexp(tf.stack(values), axis=0) - math.log(len(values))
