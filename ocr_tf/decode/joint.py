"""Searches for a head with two branches over the same frames: CTC and an autoregressive decoder.

Texts are ranked by w log p_ctc + (1 - w) log p_decoder, and what a guide adds. Either each branch
proposes texts, which both then score (`rescored`), or the decoder's beam ranks its prefixes by
both as it goes (`one_pass`: Hori et al. 2017, Joint CTC/Attention Decoding for End-to-End Speech Recognition,
section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.decode.autoregressive import Decoder, greedy
from ocr_tf.decode.autoregressive_beam import Ranking, beam
from ocr_tf.decode.ctc_greedy import search as best_path
from ocr_tf.decode.ctc_prefix_scores import PrefixScores
from ocr_tf.decode.guide import Guide
from ocr_tf.decode.pool import Scores, best_of
from ocr_tf.types import Frames, Hypotheses, Tensor

MINUS_INFINITY = float("-inf")


class Branches(NamedTuple):
    """Both branches of a head that has seen a batch of B lines."""

    log_probs: Frames  # [B, T, C] of CTC, normalized over C
    decoder: Decoder
    bounds: Tensor  # [B] int32, the most symbols that the decoder may write
    # scores(ids [B, N, L], lengths [B, N]) -> log p(text | image) by CTC and by the decoder, [B, N] each
    scores: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    weight: float  # of CTC in the head's own score


def scored(branches: Branches, found: Hypotheses) -> Hypotheses:
    """Gives texts that one branch has ranked alone the head's own score."""
    score = _mean(*branches.scores(found.ids, found.lengths), branches.weight)
    return found._replace(log_probs=tf.where(found.valid, score, MINUS_INFINITY))


def one_pass(
    branches: Branches,
    weight: float,
    width: int,
    best: int,
    guide: Optional[Guide] = None,
    bonus: float = 0.0,
) -> Hypotheses:
    """Returns the K best texts of a beam that ranks by both branches, and both branches' greedy texts.

    Args:
        branches: the head.
        weight: w, above 0 and below 1.
        width: prefixes of a line that are kept at every step.
        best: K, at most `width`.
        guide: a language model or lexicon.
        bonus: the most that the guide may give for a symbol.
    """
    decoder, blank = branches.decoder, branches.decoder.alphabet.blank
    both = Ranking(PrefixScores(branches.log_probs, blank), weight, guide, bonus)
    proposed = [
        best_path(branches.log_probs, blank, decoder.alphabet.pad),
        greedy(decoder, branches.bounds),
        beam(decoder, branches.bounds, width, best, both),
    ]
    return rescored(branches, proposed, weight, best, guide)


def rescored(
    branches: Branches,
    proposed: Sequence[Hypotheses],
    weight: float,
    best: int,
    guide: Optional[Guide] = None,
) -> Hypotheses:
    """Returns the K best of the texts that each branch proposes, by both branches and the guide, exactly."""

    def scorer(ids: Tensor, lengths: Tensor) -> Scores:
        both = branches.scores(ids, lengths)
        return Scores(_mean(*both, weight), _mean(*both, branches.weight))

    return best_of(proposed, scorer, best, branches.decoder.alphabet.pad, guide)


def _mean(by_ctc: Tensor, by_decoder: Tensor, weight: float) -> Tensor:
    """Weighs both; one that does not count may be minus infinity."""
    if weight in (0, 1):
        return by_ctc if weight else by_decoder
    return weight * by_ctc + (1 - weight) * by_decoder
