"""Measures on drawn pages how well lines are found, and what that costs a recognizer.

    python -m ocr_tf.page.measure PAGES [MODEL]

TensorFlow-free until a run or an export is opened.
"""

from __future__ import annotations

import sys
from typing import NamedTuple, Optional

from ocr_tf.metrics.error_rates import measure
from ocr_tf.page.find import FoundLines, find_lines
from ocr_tf.page.layout import METHODS
from ocr_tf.page.matching import Matches, match, pairs
from ocr_tf.page.readers import PageReader, check_reader, open_reader
from ocr_tf.page.synthetic import DrawnPage, PageStyle, draw_page

SEED = 2718  # other pages than those by which the rules were set
STYLES = {
    "one column": PageStyle(),
    "two columns": PageStyle(columns=2),
    "one column, 3 degrees": PageStyle(degrees=3.0),
    "two columns, 3 degrees": PageStyle(columns=2, degrees=3.0),
    "one column, noise and dirt": PageStyle(noise=20.0, dirt=150),
    "two columns, noise, dirt, a picture": PageStyle(columns=2, noise=20.0, dirt=150, pictures=1),
}

Texts = list[tuple[str, str]]  # references and what was read


class Measured(NamedTuple):
    """What was found on pages of one style by one method."""

    matches: Matches
    texts: (
        Texts  # lines that were not found are read as empty; what is no line has an empty reference
    )


def find_and_read(page: DrawnPage, method: str, reader: Optional[PageReader]) -> Measured:
    """Finds the lines of a page and, with a reader, reads them."""
    found = find_lines(page.pixels, method)
    places = [found.polygon(box) for box in found.boxes]
    true = [page.polygon(line) for line in page.lines]
    matches = match(places, true)
    if reader is None:
        return Measured(matches, [])
    return Measured(matches, _texts(page, found, reader, dict(pairs(places, true))))


def _texts(page: DrawnPage, found: FoundLines, reader: PageReader, paired: dict[int, int]) -> Texts:
    read = [text.text for text in reader.read([found.cut(box) for box in found.boxes])]
    missed = set(range(len(page.lines))) - set(paired.values())
    texts = [
        (page.lines[paired[i]].text if i in paired else "", text) for i, text in enumerate(read)
    ]
    return [*texts, *((page.lines[k].text, "") for k in sorted(missed))]


def perfect(page: DrawnPage, reader: PageReader) -> Texts:
    """Reads the lines of a page as they were drawn."""
    read = reader.read([page.cut(line) for line in page.lines])
    return [(line.text, text.text) for line, text in zip(page.lines, read)]


def run(pages: int, model: str = "") -> None:
    """Prints a line for each style and method: precision, recall, F1 and, with a model, CER."""
    reader = None
    if model:
        reader = open_reader(model, "best", check_reader(model, "best", "greedy"))
    for name, style in STYLES.items():
        drawn = [draw_page(style, SEED, index) for index in range(pages)]
        if reader is not None:
            cut = [text for page in drawn for text in perfect(page, reader)]
            print(f"{name}: perfectly cut, CER {_cer(cut)}", flush=True)
        for method in METHODS:
            measured = [find_and_read(page, method, reader) for page in drawn]
            matches = Matches()
            for one in measured:
                matches = matches.plus(one.matches)
            shares = matches.precision, matches.recall, matches.f1
            figures = " ".join(f"{share:.4f}" for share in shares)
            texts = [text for one in measured for text in one.texts]
            cer = f", CER {_cer(texts)}" if texts else ""
            print(f"{name}: {method}, precision, recall, F1 {figures}{cer}", flush=True)


def _cer(texts: Texts) -> str:
    cer = measure(texts).as_dict()["cer"]
    return f"{100 * float(cer or 0):.2f} %"


if __name__ == "__main__":
    run(int(sys.argv[1]), *sys.argv[2:3])
