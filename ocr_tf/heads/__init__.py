"""HEADS: the configuration of every head, TensorFlow-free; its network is in the file it builds.

A new head is one new file beside these, its configuration and one line in HEADS, and an experiment.
The contract is in `base`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple

from ocr_tf.alphabet import Alphabet
from ocr_tf.options import option
from ocr_tf.registry import Registry


class Aid(NamedTuple):
    """An option that helps a head in training, or keeps it from overfitting, unless it is 0.

    A configuration lists its own as `AIDS`, so that a comparison can say what one head had and another
    had not.
    """

    option: str
    name: str  # as in: attention had location-aware scores
    until: str = ""  # the option that says at which share of the training it has faded
    aligns: bool = False  # more of it helps an alignment to form

    def in_use(self, head: Any) -> str:
        """Names it with its options, as far as a head's configuration has it on; else empty."""
        value = getattr(head, self.option)
        if not value:
            return ""
        flags = f"--head.{self.option}={value:g}"
        if self.until:
            share = getattr(head, self.until)
            flags += f", fading until --head.{self.until}={share:g} of the training"
        return f"{self.name} ({flags})"


def aids_of(head: Any) -> tuple[Aid, ...]:
    """Lists the aids that a head's configuration may have; a head of one's own need not list any."""
    return getattr(head, "AIDS", ())


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


_GUIDE = (
    "Weight at the start of training of a loss that draws attention to the line's diagonal (guided "
    "attention, Tachibana et al. 2018); 0: none."
)


@dataclasses.dataclass(frozen=True)
class Autoregressive:
    """Holds the options of all heads that write one symbol after another."""

    AIDS: ClassVar[tuple[Aid, ...]] = (
        Aid("guide", "a guide to the diagonal", "aids_until", aligns=True),
        Aid("ctc", "a CTC loss beside its own", "aids_until", aligns=True),
        Aid("coverage", "a coverage loss"),
        Aid("sampling", "scheduled sampling"),
        Aid("symbol_dropout", "dropout of previous symbols"),
        Aid("smoothing", "label smoothing"),
    )

    guide: float = option(1.0, _GUIDE, minimum=0)
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
    coverage: float = option(
        0.0,
        "Weight in training of a loss on attention to frames that were attended to before (coverage loss, "
        "See et al. 2017); 0: none.",
        minimum=0,
    )
    sampling: float = option(
        0.0,
        "Share at the end of training of the decoder's previous symbols that are its own readings in place "
        "of the label's (scheduled sampling, Bengio et al. 2015); it grows from 0, and costs a second "
        "pass. 0: none.",
        minimum=0,
        maximum=1,
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

    def needed_steps(self, ids: list[int]) -> int:
        """Counts the encoder steps that a label needs: the decoder writes at most one symbol a step."""
        return len(ids)


@dataclasses.dataclass(frozen=True)
class Attention(Autoregressive):
    """Sequence to sequence with attention: additive (Bahdanau et al. 2015) or a dot product."""

    AIDS = (
        Aid("location", "location-aware scores"),
        *Autoregressive.AIDS,
        Aid("dropout", "dropout in the decoder"),
    )

    units: int = option(256, "Units of the decoder's LSTM cell.", minimum=1)
    attention_units: int = option(
        128, "Units of the layer that scores a frame, and of the attention vector.", minimum=1
    )
    scoring: str = option(
        "additive",
        "How a frame is scored: additive, by a hidden layer (Bahdanau et al. 2015), or dot, by a product "
        "with the cell's output (Luong et al. 2015, general).",
        choices=("additive", "dot"),
    )
    heads: int = option(
        1,
        "Mechanisms that each look at the frames in their own way and share --head.attention_units "
        "evenly (multi-head attention, Vaswani et al. 2017).",
        minimum=1,
    )
    output: str = option(
        "linear",
        "What is applied to the attention vector: linear, nothing, or tanh (Luong et al. 2015).",
        choices=("linear", "tanh"),
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
    dropout: float = option(
        0.2, "Dropout rate in front of the decoder's output layer.", minimum=0, maximum=0.99
    )

    def __post_init__(self) -> None:
        if self.positions % 2:
            raise ValueError(f"--head.positions: an even number, not {self.positions}")
        if self.location and not self.location % 2:
            raise ValueError(f"--head.location: an odd number or 0, not {self.location}")
        # A number below 1 is refused with all others that are out of bounds.
        if self.attention_units % max(1, self.heads):
            raise ValueError(
                f"--head.heads: a divisor of --head.attention_units={self.attention_units}, not {self.heads}"
            )

    def build(self, alphabet: Alphabet) -> Any:
        """Makes the head for an alphabet."""
        from ocr_tf.heads.attention import AttentionHead

        return AttentionHead(alphabet, self)


@dataclasses.dataclass(frozen=True)
class Transformer(Autoregressive):
    """A Transformer's decoder over the frames (Vaswani et al. 2017)."""

    AIDS = (*Autoregressive.AIDS, Aid("dropout", "dropout in the decoder"))

    units: int = option(
        128, "Size of the vectors between layers, an even number; also of embeddings.", minimum=2
    )
    layers: int = option(
        2, "Layers of self-attention, attention to the frames and feed-forward.", minimum=1
    )
    heads: int = option(4, "Heads of each attention; they share --head.units evenly.", minimum=1)
    feed_forward: int = option(512, "Hidden units of each feed-forward network.", minimum=1)
    dropout: float = option(
        0.1,
        "Dropout rate of embedded symbols, and of what each part of a layer adds.",
        minimum=0,
        maximum=0.99,
    )

    guide: float = option(0.0, _GUIDE, minimum=0)  # docs/training.md compares

    def __post_init__(self) -> None:
        if self.units % 2:
            raise ValueError(f"--head.units: an even number, not {self.units}")
        if self.units % max(1, self.heads):
            raise ValueError(
                f"--head.heads: a divisor of --head.units={self.units}, not {self.heads}"
            )

    def build(self, alphabet: Alphabet) -> Any:
        """Makes the head for an alphabet."""
        from ocr_tf.heads.transformer import TransformerHead

        return TransformerHead(alphabet, self)


@dataclasses.dataclass(frozen=True)
class CTCAttention(Attention):
    """CTC and attention on the same frames, trained and read together (Kim et al. 2017)."""

    AIDS: ClassVar[tuple[Aid, ...]] = tuple(aid for aid in Attention.AIDS if aid.option != "ctc")

    ctc: float = option(
        0.5,
        "Share of CTC's loss, in training and in the score of a text; the rest is attention's.",
        minimum=0.01,
        maximum=0.99,
    )

    def needed_steps(self, ids: list[int]) -> int:
        """Counts the fewest encoder steps in which both branches can write a label: CTC's."""
        return CTC().needed_steps(ids)

    def branch(self) -> Attention:
        """Returns the configuration of the attention branch, whose own CTC loss would be a second one."""
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(Attention)}
        return Attention(**{**options, "ctc": 0.0})

    def build(self, alphabet: Alphabet) -> Any:
        """Makes the head for an alphabet."""
        from ocr_tf.heads.ctc_attention import CTCAttentionHead

        return CTCAttentionHead(alphabet, self)


HEADS: Registry[Any] = Registry(
    "head",
    {
        "ctc": CTC,
        "attention": Attention,
        "transformer": Transformer,
        "ctc_attention": CTCAttention,
    },
)
