"""HEADS: the configuration of every head, TensorFlow-free; its network is in the file it builds.

A new head is one new file beside these, its configuration and one line in HEADS, and an experiment.
The contract is in `base`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ocr_tf.alphabet import Alphabet
from ocr_tf.options import option
from ocr_tf.registry import Registry


@dataclasses.dataclass(frozen=True)
class CTC:
    """Connectionist temporal classification (Graves et al. 2006)."""

    def needed_steps(self, ids: list[int]) -> int:
        """Counts the fewest encoder steps that can spell a label: its length and adjacent repeats."""
        return len(ids) + sum(a == b for a, b in zip(ids, ids[1:]))

    def build(self, alphabet: Alphabet) -> Any:
        """Makes the head for an alphabet."""
        from ocr_tf.heads.ctc import CTCHead

        return CTCHead(alphabet)


@dataclasses.dataclass(frozen=True)
class Attention:
    """Sequence to sequence with additive attention (Bahdanau et al. 2015)."""

    units: int = option(256, "Units of the decoder's LSTM cell.", minimum=1)
    attention_units: int = option(
        128, "Units of the layer that scores a frame, and of the attention vector.", minimum=1
    )
    embedding: int = option(64, "Size of the embedding of the previous symbol.", minimum=1)
    positions: int = option(
        32,
        "Sines and cosines of a frame's position that are given to the attention beside the frame, an "
        "even number; 0: the frame's content alone.",
        minimum=0,
        maximum=512,
    )
    location: int = option(
        15,
        "Frames around a frame, an odd number, whose attention so far its score sees (location-aware "
        "attention, Chorowski et al. 2015); 0: none.",
        minimum=0,
        maximum=255,
    )
    guide: float = option(
        1.0,
        "Weight at the start of training of a loss that draws attention to the line's diagonal (guided "
        "attention, Tachibana et al. 2018); 0: none.",
        minimum=0,
    )
    ctc: float = option(
        0.5,
        "Share at the start of training of a CTC loss on the same frames, by which the encoder learns "
        "where symbols are (Kim et al. 2017); it reads nothing. 0: none.",
        minimum=0,
        maximum=0.99,
    )
    aids_until: float = option(
        0.5,
        "Share of the training's steps over which --head.guide and --head.ctc fade to nothing.",
        minimum=0.001,
        maximum=1,
    )
    dropout: float = option(
        0.2, "Dropout rate in front of the decoder's output layer.", minimum=0, maximum=0.99
    )
    symbol_dropout: float = option(
        0.1,
        "Share of the decoder's previous symbols that are replaced by zeros in training, so that it looks "
        "at the image.",
        minimum=0,
        maximum=1,
    )
    smoothing: float = option(
        0.0,
        "Label smoothing of the training loss: the share of the target that all classes share evenly.",
        minimum=0,
        maximum=0.99,
    )

    def __post_init__(self) -> None:
        if self.positions % 2:
            raise ValueError(f"--head.positions: an even number, not {self.positions}")
        if self.location and not self.location % 2:
            raise ValueError(f"--head.location: an odd number or 0, not {self.location}")

    def needed_steps(self, ids: list[int]) -> int:
        """Counts the encoder steps that a label needs: the decoder writes at most one symbol a step."""
        return len(ids)

    def build(self, alphabet: Alphabet) -> Any:
        """Makes the head for an alphabet."""
        from ocr_tf.heads.attention import AttentionHead

        return AttentionHead(alphabet, self)


HEADS: Registry[Any] = Registry("head", {"ctc": CTC, "attention": Attention})
