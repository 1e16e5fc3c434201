"""Options of the commands beside training itself; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.data.augment.options import Augment
from ocr_tf.data.geometry import Geometry
from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option
from ocr_tf.reading_order import DIRECTIONS


@dataclasses.dataclass(frozen=True)
class ShownData:
    """The size that line images are brought to, as in training."""

    height: int = option(
        32, "Height of the line images fed to the encoder, in pixels.", minimum=8, maximum=512
    )
    width: int = option(
        0,
        "Stretch every image to this width, in pixels; 0: keep the aspect ratio.",
        minimum=0,
        maximum=8192,
    )
    rotate: str = option(
        "0", "Turn every image by so many degrees clockwise.", choices=("0", "90", "180", "270")
    )
    augment: Augment = dataclasses.field(default_factory=Augment.of)

    @property
    def geometry(self) -> Geometry:
        """The size as the reading of images takes it."""
        return Geometry(self.height, self.width, rotate=int(self.rotate))


@dataclasses.dataclass(frozen=True)
class ShowAugmentation:
    """Draws what augmentation does to some lines: each perturbation alone, then what training would see.

    A column is a line. Alone, a perturbation is drawn for every line, whatever its probability; below, each
    row is an epoch, with the probabilities and the share as they are set.
    """

    output: str = option("augmentation.png", "The picture to write.")
    count: int = option(4, "Lines to show, chosen at random.", minimum=1, maximum=32)
    epochs: int = option(8, "Epochs to show.", minimum=0, maximum=64)
    seed: int = option(
        0,
        "Random seed: which lines, and what training with this --train.seed draws for them.",
        minimum=0,
        maximum=2**31 - 1,
    )
    data: ShownData = dataclasses.field(default_factory=ShownData)


@dataclasses.dataclass(frozen=True)
class TrainLM:
    """Estimates an n-gram language model from labels or text files, for searches: --search=lm:FILE.

    Interpolated modified Kneser-Ney smoothing; the result is an ARPA file.
    """

    data: tuple[str, ...] = option(
        (), "Lines whose labels are learned: labels files, folders or scheme:SPEC, comma-separated."
    )
    text: tuple[str, ...] = option((), "UTF-8 text files, a text a line, comma-separated.")
    run: str = option(
        "",
        "Of --data, learn only the labels of lines that this run was trained on: those of its validation "
        "lines stay unseen.",
    )
    unit: str = option(
        "symbols",
        "What the model is of: symbols, for --search=lm:FILE; or words, which go with a lexicon.",
        choices=("symbols", "words"),
    )
    order: int = option(6, "Symbols or words of the longest n-grams.", minimum=1, maximum=20)
    normalize: str = option(
        "none",
        "What is done to texts first, as --data.normalize of the training.",
        choices=tuple(NORMALIZATIONS),
    )
    direction: str = option(
        "ltr",
        "The direction in which lines are read, as --data.direction of the training: a model is of symbols "
        "in the order of the image.",
        choices=DIRECTIONS,
    )
