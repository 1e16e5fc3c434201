"""What export and predict can be told; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import batch_size_option, checkpoint_option
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Export:
    """Writes a SavedModel that takes encoded images and gives texts, log-probabilities and ok; or, if
    OUTPUT ends in .tflite, a TensorFlow Lite file."""

    checkpoint: str = checkpoint_option()
    n_best: int = option(
        5,
        "Texts of a line that the SavedModel's signature n_best gives; 0 leaves it out.",
        minimum=0,
    )
    beam: int = option(8, "Width of the beam that searches for them.", minimum=1)


@dataclasses.dataclass(frozen=True)
class Predict:
    """Reads images: path, text and confidence, separated by tabs, one image a line.

    Tabs, line ends and backslashes in a path are printed as \\t, \\n, \\r and \\\\.
    """

    checkpoint: str = checkpoint_option()
    batch_size: int = batch_size_option()
    n_best: int = option(
        0,
        "Lines an image: that many texts, best first, which a beam finds. 0: the one of the greedy "
        "search.",
        minimum=0,
    )
