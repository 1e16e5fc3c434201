"""Options of inspect_data; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.data.geometry import MAX_PIXELS
from ocr_tf.encoders import ENCODERS
from ocr_tf.experiment.config.experiment import Data
from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option
from ocr_tf.reading_order import DIRECTIONS

_DATA = Data()


@dataclasses.dataclass(frozen=True)
class InspectData:
    """Looks at lines before anything is trained on them, and says what is wrong with them.

    It reads every label and decodes every image: what would be skipped, which symbols there are, which
    images and labels training and test share, also where a copy was compressed or scaled. Nothing is
    changed.
    """

    val: tuple[str, ...] = option((), "Validation lines, as --data.val of a training takes them.")
    test: tuple[str, ...] = option((), "Test lines, as --data.test of evaluate takes them.")
    height: int = option(
        _DATA.height, "Height that images are scaled to, in pixels.", minimum=8, maximum=512
    )
    width: int = option(
        _DATA.width,
        "Width that every image is stretched to, in pixels; 0: the aspect ratio is kept.",
        minimum=0,
        maximum=8192,
    )
    max_width: int = option(
        _DATA.max_width,
        "Width from where on an image is refused when scaled to the height, in pixels.",
        minimum=8,
        maximum=32768,
    )
    max_pixels: int = option(
        _DATA.max_pixels,
        "Pixels of an image, as stored, beyond which it is refused.",
        minimum=64,
        maximum=MAX_PIXELS,
    )
    rotate: str = option(
        _DATA.rotate,
        "Degrees clockwise by which every image is turned, as --data.rotate of a training.",
        choices=("0", "90", "180", "270"),
    )
    encoder: str = option(
        "compact",
        "Encoder whose steps the labels must fit in, with its default options.",
        choices=ENCODERS,
    )
    direction: str = option(
        _DATA.direction,
        "The direction in which the lines are read, as --data.direction of a training takes it.",
        choices=("ask", *DIRECTIONS),
    )
    normalize: str = option(
        _DATA.normalize,
        "What is done to labels first, as --data.normalize of a training.",
        choices=tuple(NORMALIZATIONS),
    )
    page: str = option(
        "",
        "Also write this HTML page, with pictures and plots, and beside it a table of all lines that the "
        "findings name, which ends in .tsv.",
    )
    sheet: int = option(
        60, "Lines of each role on the page's contact sheet.", minimum=0, maximum=1000
    )
