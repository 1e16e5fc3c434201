"""Writes drawn pages with their lines as PNG and ALTO files, to train recognizers of lines on.

    python -m ocr_tf.page.draw_pages FOLDER PAGES SEED

`--data.train=alto:FOLDER` opens them. TensorFlow-free.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ocr_tf.atomic import atomic_write
from ocr_tf.data.png import encode_png
from ocr_tf.page.alto import alto
from ocr_tf.page.result import ReadLine, ReadResult
from ocr_tf.page.synthetic import DrawnPage, PageStyle, draw_page


def run(folder: Path, pages: int, seed: int) -> None:
    """Draws pages of one column, level, with the noise of PageStyle."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(pages):
        write(draw_page(PageStyle(), seed, index), folder, f"page-{index:03d}")


def write(page: DrawnPage, folder: Path, name: str) -> None:
    """Writes a page as NAME.png and NAME.xml."""
    atomic_write(folder / f"{name}.png", encode_png(page.pixels, compress_level=1))
    lines = [ReadLine(page.polygon(line), line.text, 0.0) for line in page.lines]
    truth = ReadResult(f"{name}.png", page.pixels, page.degrees, lines)
    atomic_write(folder / f"{name}.xml", alto(truth))


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
