"""Options of `train_classical`; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.classical.rules import RULES
from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option
from ocr_tf.reading_order import DIRECTIONS


@dataclasses.dataclass(frozen=True)
class ClassicalData:
    """Names the training lines, and says how images and labels are prepared."""

    train: tuple[str, ...] = option(
        (), "Training lines: labels files, folders or scheme:SPEC, comma-separated."
    )
    height: int = option(48, "Pixels that images are scaled to.", minimum=16, maximum=256)
    normalize: str = option("none", "What is done to labels first.", choices=tuple(NORMALIZATIONS))
    direction: str = option("ltr", "The direction in which lines are read.", choices=DIRECTIONS)


@dataclasses.dataclass(frozen=True)
class TrainClassical:
    """Trains the classical recognizer, which segments a line and classifies its characters.

    Measure it with evaluate, in the place of a RUN.
    """

    classifier: str = option(
        "svm",
        "svm: linear support vector machines; boost: boosted trees.",
        choices=("svm", "boost"),
    )
    binarize: str = option(
        "otsu",
        "otsu: one threshold for a line; sauvola: one for each pixel.",
        choices=("otsu", "sauvola"),
    )
    pieces: int = option(5, "Pieces that a character may be cut into.", minimum=1, maximum=10)
    rounds: int = option(
        2, "How often all lines are aligned with their texts and learned anew.", minimum=0
    )
    rules: str = option(
        "none",
        "Repairs of texts; context: digits among letters become letters that look like them, and letters "
        "among digits digits.",
        choices=RULES,
    )
    lines: int = option(2000, "Lines that are learned at most, at even places.", minimum=1)
    data: ClassicalData = dataclasses.field(default_factory=ClassicalData)
