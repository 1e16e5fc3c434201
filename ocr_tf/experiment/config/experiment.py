"""The frozen configuration of an experiment; TensorFlow-free, so that help is instant."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from ocr_tf import options
from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.geometry import MAX_LINE_PIXELS, MAX_PIXELS, Geometry
from ocr_tf.encoders import ENCODERS
from ocr_tf.heads import HEADS
from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option
from ocr_tf.processor import has_bfloat16
from ocr_tf.reading_order import DIRECTIONS
from ocr_tf.rnn import CELLS, STACKS


@dataclasses.dataclass(frozen=True)
class Data:
    """The lines to train on and to validate with, and the size of their images."""

    train: tuple[str, ...] = option(
        (),
        "Training lines: labels files (path<TAB>text), folders or scheme:SPEC, comma-separated.",
    )
    weights: tuple[str, ...] = option(
        (),
        "How often lines of each source of --data.train are trained on, as 3,1; an epoch stays as long as "
        "all lines together. Default: each line once an epoch.",
    )
    val: tuple[str, ...] = option(
        (),
        "Validation lines, by which the best checkpoint is chosen. Default: a share of the training "
        "lines is set aside.",
        alias="select",
    )
    val_share: float = option(
        0.1,
        "Share of the training lines to set aside for validation where --data.val is not given.",
        minimum=0,
        maximum=0.9,
    )
    val_groups: str = option(
        "",
        "Regular expression that extracts the group (page, writer) from a line's id: lines set aside for "
        "validation are whole groups.",
    )
    share: float = option(
        1.0,
        "Train on this share of the training lines. It is chosen by a hash of each image, so that a "
        "small share is part of every larger one.",
        minimum=0.001,
        maximum=1,
    )
    max_length: int = option(
        0, "Train only on labels of at most this many symbols; 0: no limit.", minimum=0
    )
    direction: str = option(
        "ask",
        "The direction in which the lines are read. rtl, auto: labels are brought to the order in which "
        "their symbols stand in the image, and readings back; ltr: labels stand in that order already; "
        "ask: as ltr, but labels with right-to-left symbols are refused.",
        choices=("ask", *DIRECTIONS),
    )
    normalize: str = option(
        "none",
        "What is done to labels before they are trained on and scored: none; lower, lower case; or "
        "alphanumeric, lower case, letters and digits only.",
        choices=tuple(NORMALIZATIONS),
    )
    lines: str = option(
        "",
        "File with the sha256 of one image a line: train on these images alone. Studies write it.",
    )
    alphabet: str = option(
        "",
        "File with one symbol a line: what can be read. Default: the symbols of the training labels.",
    )
    height: int = option(
        32, "Height of the line images fed to the encoder, in pixels.", minimum=8, maximum=512
    )
    width: int = option(
        0,
        "Stretch every image to this width, in pixels; 0: keep the aspect ratio and pad.",
        minimum=0,
        maximum=8192,
    )
    max_width: int = option(
        4096,
        "Refuse images that are wider than this when scaled to the height, in pixels.",
        minimum=8,
        maximum=32768,
    )
    max_pixels: int = option(
        MAX_LINE_PIXELS,
        "Refuse images of more pixels than this, as they are stored, before they are decoded: a small file "
        "may hold a very large image.",
        minimum=64,
        maximum=MAX_PIXELS,
    )
    rotate: str = option(
        "0",
        "Turn every image by so many degrees clockwise, as for vertical lines: 270 lays down a line that is "
        "read from top to bottom.",
        choices=("0", "90", "180", "270"),
    )
    augment: Augment = dataclasses.field(default_factory=Augment.of)
    cache_mb: int = option(
        1024,
        "Memory for images that were decoded and scaled once, in megabytes; those beyond go to a temporary "
        "file.",
        minimum=0,
    )
    max_skipped: float = option(
        0.25,
        "Stop if more than this share of the training lines would be skipped: a wrong alphabet or height "
        "leaves few.",
        minimum=0,
        maximum=1,
    )
    strict: bool = option(
        False, "Stop at the first training line that cannot be used, instead of skipping it."
    )

    @property
    def spelling(self) -> Spelling:
        """Returns how labels are turned into symbols."""
        return Spelling("ltr" if self.direction == "ask" else self.direction, self.normalize)


@dataclasses.dataclass(frozen=True)
class Sequence:
    """The stack of bidirectional recurrent layers between encoder and head."""

    layers: int = option(
        2,
        "Bidirectional recurrent layers; 0: the head reads the encoder's output.",
        minimum=0,
        maximum=16,
    )
    units: int = option(128, "Recurrent units in each direction.", minimum=1)
    dropout: float = option(
        0.0, "Dropout rate on the output of each layer.", minimum=0, maximum=0.99
    )
    cell: str = option(
        "lstm",
        "The recurrent unit: lstm; gru, the gated recurrent unit whose reset gate acts on the recurrent "
        "product; rnn, the simple one with a tanh.",
        choices=CELLS,
    )
    stack: str = option(
        "deep",
        "What each layer reads of the one below: deep, both directions; separate, its own direction alone, "
        "so that a forward and a backward stack meet at the top.",
        choices=STACKS,
    )
    projection: int = option(
        0,
        "Units of a linear layer between one bidirectional layer and the next, as CRNN's code has it; 0: "
        "none.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        if self.projection and self.stack == "separate":
            raise ValueError(
                "--sequence.projection would mix the directions that --sequence.stack=separate keeps apart; "
                "leave one of them out"
            )


OPTIMIZERS = ("adam", "adamw", "adadelta", "momentum")
STRATEGIES = ("none", "mirrored", "multi_worker")
DECAYS = ("constant", "linear", "cosine")
PARTS = ("encoder", "sequence", "head")


@dataclasses.dataclass(frozen=True)
class Train:
    """How the network is trained: optimizer, learning rate, validations and checkpoints."""

    seed: int = option(
        0,
        "Random seed of first weights, order of lines, augmentation and dropout.",
        minimum=0,
        maximum=2**31 - 1,
    )
    steps: int = option(3000, "Training steps, of one batch each.", minimum=1)
    batch_size: int = option(32, "Lines in a batch.", minimum=1)
    batch_columns: int = option(
        32768,
        "A batch of wider lines is cut so that its lines have at most so many columns of pixels, padding "
        "included; 0: it is not.",
        minimum=0,
    )
    optimizer: str = option(
        "adam",
        "Optimizer; momentum is stochastic gradient descent with --train.momentum.",
        choices=OPTIMIZERS,
    )
    learning_rate: float = option(1e-3, "Peak learning rate.", minimum=0)
    weight_decay: float = option(
        0.01,
        "Weight decay of kernels (adamw only); biases, normalizations and embeddings are left out.",
        minimum=0,
    )
    momentum: float = option(
        0.9,
        "Share of the last update that is added to the next (momentum only).",
        minimum=0,
        maximum=0.999,
    )
    warmup_steps: int = option(
        100, "Steps over which the learning rate rises linearly from 0.", minimum=0
    )
    decay: str = option(
        "cosine",
        "How the learning rate falls to 0 at the last step; constant: it does not.",
        choices=DECAYS,
    )
    normalize_gradient: bool = option(
        True,
        "Bring the gradient of every step to the same norm, so that what a step does follows from its "
        "direction alone, under every head.",
    )
    clip_norm: float = option(
        0.0,
        "Of gradients that are not normalized, bring those of a greater global norm to this one; 0: none. "
        "Heads differ in their gradients' norms, and so in what this does.",
        minimum=0,
    )
    evaluate_every: int = option(
        0, "Steps from one validation to the next; 0: an epoch.", minimum=0
    )
    checkpoint_every: int = option(
        0,
        "Steps between checkpoints, beside those at validations; 0: at validations alone.",
        minimum=0,
    )
    log_every: int = option(
        10, "Steps from one point of the training curves to the next.", minimum=1
    )
    previews: int = option(
        6,
        "Validation lines whose readings and alignments TensorBoard shows.",
        minimum=0,
        maximum=32,
    )
    profile_steps: int = option(
        0,
        "Steps to profile for TensorBoard, after the first three; 0: none.",
        minimum=0,
        maximum=1000,
    )
    patience: int = option(
        0, "Stop early after this many validations without a lower CER; 0: never.", minimum=0
    )
    bfloat16: str = option(
        "auto",
        "Compute encoder and sequence in bfloat16 (mixed precision); the weights stay float32. auto: where "
        "the processor multiplies in it.",
        choices=("auto", "true", "false"),
    )
    strategy: str = option(
        "none",
        "Devices that share each batch. none: one; mirrored: all GPUs of this machine (without one, all "
        "logical CPUs); multi_worker: all devices of the machines that TF_CONFIG names. On another number "
        "of devices a training gives the same but for rounding, and is resumed with a warning.",
        choices=STRATEGIES,
    )
    deterministic_ops: bool = option(
        True,
        "Where there is a GPU, take operations alone that give the same bits each time, which may be slower; "
        "on processors all do.",
    )
    continue_from: str = option(
        "",
        "Run folder: go on from its last checkpoint as a new run, with other steps, learning rate or "
        "gradient clipping; all else must be the same.",
    )
    init_from: str = option("", "Run folder: start from the weights of its best checkpoint.")
    init_parts: str = option(
        "all",
        "Which weights to take from --train.init_from.",
        choices=("all", "encoder+sequence"),
    )
    freeze: tuple[str, ...] = option(
        (), "Parts of the network whose weights stay as they are.", choices=PARTS
    )

    def __post_init__(self) -> None:
        if self.normalize_gradient and self.clip_norm:
            raise ValueError(
                f"--train.clip_norm={self.clip_norm} is for gradients that are not normalized; leave it out, "
                "or give --train.normalize_gradient=false too"
            )

    @property
    def mixed(self) -> bool:
        """Tells whether encoder and sequence compute in bfloat16."""
        return has_bfloat16() if self.bfloat16 == "auto" else self.bfloat16 == "true"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Everything that a run needs: structure is chosen in Python, numbers by flags."""

    name: str
    encoder: Any = dataclasses.field(default_factory=ENCODERS["compact"])
    head: Any = dataclasses.field(default_factory=HEADS["ctc"])
    data: Data = dataclasses.field(default_factory=Data)
    sequence: Sequence = dataclasses.field(default_factory=Sequence)
    train: Train = dataclasses.field(default_factory=Train)

    def __post_init__(self) -> None:
        options.check(self)
        # An encoder of one's own need not have any.
        rectifier = getattr(self.encoder, "rectifier", None)
        if rectifier is not None and rectifier.points and not self.data.width:
            raise ValueError(
                f"--encoder.rectifier.points={rectifier.points} is for images of one size; give their width, "
                "as --data.width=100, or leave it out"
            )

    @property
    def encoder_name(self) -> str:
        """The name that the encoder is registered under. Raises InputError where it is not."""
        return ENCODERS.name_of(self.encoder)

    @property
    def head_name(self) -> str:
        """The name that the head is registered under. Raises InputError where it is not."""
        return HEADS.name_of(self.head)

    def settled(self, mixed: Optional[bool] = None) -> Experiment:
        """Fixes what depends on the machine: --train.bfloat16=auto becomes `mixed`, or what it has."""
        if self.train.bfloat16 != "auto":
            return self
        word = str(self.train.mixed if mixed is None else mixed).lower()
        return dataclasses.replace(self, train=dataclasses.replace(self.train, bfloat16=word))

    def check_registered(self) -> None:
        """Raises InputError where encoder or head is of a class that no other process could name."""
        _ = self.encoder_name, self.head_name

    @property
    def geometry(self) -> Geometry:
        """The size that line images are brought to."""
        data = self.data
        return Geometry(
            data.height, data.width, data.max_width, data.max_pixels, rotate=int(data.rotate)
        )


def unwritable(
    experiment: Experiment, alphabet: Alphabet, text: str, width: Optional[int]
) -> Optional[tuple[str, str]]:
    """Tells why no model of an experiment can read a text; None if one can.

    Args:
        experiment: head and encoder.
        alphabet: the symbols that are read.
        text: a label.
        width: of its image, scaled to the experiment's height, in pixels; None where it is not known.

    Returns:
        A kind, `symbol` or `unreachable`, and a reason.
    """
    unknown = alphabet.unknown(text)
    if unknown:
        return "symbol", f"not in the alphabet: {' '.join(map(repr, unknown))}"
    if width is None:
        return None
    needed = experiment.head.needed_steps(alphabet.encode(text))
    steps = experiment.encoder.steps(width)
    if needed > steps:
        return "unreachable", f"the label needs {needed} steps, the image has {steps}"
    return None
