"""Options of `read_page`; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import checkpoint_option, search_option
from ocr_tf.options import option
from ocr_tf.page.layout import METHODS

FORMATS = ("text", "hocr", "alto", "overlay")


@dataclasses.dataclass(frozen=True)
class ReadPage:
    """Reads the image of a page: finds its lines, and prints the text of each.

    MODEL is a run, an export, or a file of train_classical. Lines are in the order of reading, column by
    column.
    """

    lines: str = option(
        "boost",
        "How lines are found; boost: a classifier tells text from the rest, and text is grouped; profile: "
        "the page is cut along blanks.",
        choices=METHODS,
    )
    format: tuple[str, ...] = option(
        ("text",),
        "What is written to --output, comma-separated; text: NAME.txt; hocr: NAME.hocr; alto: NAME.xml, "
        "which the source alto: reads; overlay: NAME.lines.png, the lines drawn over the page.",
        choices=FORMATS,
    )
    output: str = option("", "The folder that files go to. Default: the text is printed alone.")
    checkpoint: str = checkpoint_option()
    search: str = search_option()
