"""The frozen configuration of an experiment; TensorFlow-free, so that help is instant."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.data.geometry import Geometry
from ocr_tf.encoders import ENCODERS
from ocr_tf.heads import HEADS
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Data:
    """Which lines, in which geometry."""

    train: tuple[str, ...] = option(
        (), "Training lines: labels files (path<TAB>text) or synthetic:SPEC, comma-separated."
    )
    val: tuple[str, ...] = option(
        (),
        "Validation lines, which choose the best checkpoint. Default: a share of the training lines.",
        alias="select",
    )
    val_share: float = option(
        0.1,
        "Share of training lines held out when --data.val is not given.",
        minimum=0,
        maximum=0.9,
    )
    share: float = option(
        1.0,
        "Share of the training lines to train on, chosen by the image; small shares are parts of "
        "large ones.",
        minimum=0.001,
        maximum=1,
    )
    max_length: int = option(
        0, "Train on labels of at most so many symbols; 0: of any length.", minimum=0
    )
    lines: str = option(
        "", "File of images' sha256, one a line: train on these alone. A study writes it."
    )
    alphabet: str = option(
        "", "File with one symbol a line. Default: learnt from the training labels."
    )
    height: int = option(
        32, "Height of the line images fed to the encoder, in pixels.", minimum=8, maximum=512
    )
    width: int = option(
        0,
        "Stretch every image to this width; 0 keeps the aspect ratio and pads.",
        minimum=0,
        maximum=8192,
    )
    max_width: int = option(
        4096,
        "Widest image accepted after scaling to the height, in pixels.",
        minimum=8,
        maximum=32768,
    )
    augment: bool = option(True, "Perturb training images (shift, scale, shear, noise).")
    strict: bool = option(False, "Stop at the first bad training sample instead of skipping it.")


@dataclasses.dataclass(frozen=True)
class Sequence:
    """The stack of bidirectional recurrent layers between encoder and head."""

    layers: int = option(
        2, "Bidirectional LSTM layers; 0 feeds the encoder to the head.", minimum=0, maximum=16
    )
    units: int = option(128, "LSTM units in each direction.", minimum=1)
    dropout: float = option(0.0, "Dropout on the output of each layer.", minimum=0, maximum=0.99)


OPTIMIZERS = ("adam", "adamw", "adadelta")
DECAYS = ("constant", "linear", "cosine")
PARTS = ("encoder", "sequence", "head")


@dataclasses.dataclass(frozen=True)
class Train:
    """How the weights are found."""

    seed: int = option(
        0, "Seed of weights, order, augmentation and dropout.", minimum=0, maximum=2**31 - 1
    )
    steps: int = option(3000, "Training steps.", minimum=1)
    batch_size: int = option(32, "Lines in a batch.", minimum=1)
    optimizer: str = option("adam", "Optimizer.", choices=OPTIMIZERS)
    learning_rate: float = option(1e-3, "Peak learning rate.", minimum=0)
    weight_decay: float = option(0.01, "Weight decay (adamw only).", minimum=0)
    warmup_steps: int = option(100, "Steps over which the rate rises linearly from 0.", minimum=0)
    decay: str = option("cosine", "Shape of the rate's fall to 0 at the last step.", choices=DECAYS)
    clip_norm: float = option(5.0, "Clip the gradient's global norm; 0 does not.", minimum=0)
    evaluate_every: int = option(0, "Steps between validations; 0: once an epoch.", minimum=0)
    checkpoint_every: int = option(
        0, "Steps between further checkpoints; 0: only at validations.", minimum=0
    )
    log_every: int = option(10, "Steps between points of the training curves.", minimum=1)
    previews: int = option(
        6, "Validation lines shown in TensorBoard, with their alignments.", minimum=0, maximum=32
    )
    profile_steps: int = option(
        0, "Steps to profile for TensorBoard, after a short warm-up.", minimum=0, maximum=1000
    )
    patience: int = option(
        0, "Stop after so many validations without a better CER; 0: never.", minimum=0
    )
    bfloat16: bool = option(False, "Compute encoder and sequence in mixed bfloat16.")
    init_from: str = option("", "Run folder whose best weights to start from.")
    init_parts: str = option(
        "all",
        "What to take from it: all weights, or encoder and sequence only.",
        choices=("all", "encoder+sequence"),
    )
    freeze: tuple[str, ...] = option(
        (), "Parts that do not learn (encoder, sequence, head).", choices=PARTS
    )


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

    @property
    def encoder_name(self) -> str:
        """The name that the encoder is registered under. Raises InputError where it is not."""
        return ENCODERS.name_of(self.encoder)

    @property
    def head_name(self) -> str:
        """The name that the head is registered under. Raises InputError where it is not."""
        return HEADS.name_of(self.head)

    def check_registered(self) -> None:
        """Raises InputError where encoder or head is of a class that no other process could name."""
        _ = self.encoder_name, self.head_name

    @property
    def geometry(self) -> Geometry:
        """The size that line images are brought to."""
        return Geometry(self.data.height, self.data.width, self.data.max_width)


def unwritable(
    experiment: Experiment, alphabet: Alphabet, text: str, width: int
) -> Optional[tuple[str, str]]:
    """Why no model of this kind reads `text` in an image of this width: a kind and a reason."""
    unknown = alphabet.unknown(text)
    if unknown:
        return "symbol", f"not in the alphabet: {' '.join(map(repr, unknown))}"
    needed = experiment.head.needed_steps(alphabet.encode(text))
    steps = experiment.encoder.steps(width)
    if needed > steps:
        return "unreachable", f"the label needs {needed} steps, the image has {steps}"
    return None
