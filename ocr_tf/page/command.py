"""Reads the image of a page; TensorFlow-free until a run or an export is opened."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from ocr_tf.atomic import atomic_write
from ocr_tf.data.page_image import PAGES
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.page.alto import alto
from ocr_tf.page.config import ReadPage
from ocr_tf.page.find import find_lines
from ocr_tf.page.hocr import hocr
from ocr_tf.page.overlay import overlay
from ocr_tf.page.readers import PageReader, check_reader, open_reader
from ocr_tf.page.result import ReadLine, ReadResult
from ocr_tf.terminal import escape_name, escape_text
from ocr_tf.types import Array

DOUBT = 0.65  # probability a symbol, below which a reading says little


def run(config: ReadPage, image: str, model: str) -> ReadResult:
    """Finds and reads the lines of a page; prints their texts, and writes what --format says.

    A page without lines is a result: nothing is printed but a note on standard error.

    Raises:
        InputError: no such model or image, or flags that would do nothing.
    """
    if config.output:
        check_writable(Path(config.output), f"--output={config.output}", folder=True)
    elif config.format != ReadPage().format:
        raise InputError(
            f"--format={','.join(config.format)} needs --output, the folder that files go to"
        )
    search = check_reader(model, config.checkpoint, config.search)
    try:
        page = PAGES.read(Path(image))
    except InputError as error:
        raise InputError(f"{image}: {error}") from None
    reader = open_reader(model, config.checkpoint, search)
    result = read_page(page, Path(image).name, reader, config.lines)
    if not result.lines:
        print(f"note: {escape_name(image)}: no lines found", file=sys.stderr)
    doubtful = sum(map(_is_doubtful, result.lines))
    if 2 * doubtful > len(result.lines):
        print(
            f"note: {escape_name(image)}: {doubtful} of {len(result.lines)} lines are empty or have "
            f"less than {DOUBT:.0%} a symbol: perhaps pictures, not text; --format=overlay shows them",
            file=sys.stderr,
        )
    if config.output:  # first: whoever takes what is printed may not take all
        _write(config, Path(config.output), result)
    for line in result.lines:
        print(escape_text(line.text))
    return result


def read_page(page: Array, name: str, reader: PageReader, method: str) -> ReadResult:
    """Finds the lines of a page, [H, W] uint8, and reads them; names those that cannot be read."""
    found = find_lines(page, method)
    texts = reader.read([found.cut(box) for box in found.boxes])
    lines = []
    for number, (box, text) in enumerate(zip(found.boxes, texts), 1):
        if text.trouble:
            print(f"note: {escape_name(name)}, line {number}: {text.trouble}", file=sys.stderr)
        lines.append(ReadLine(found.polygon(box), text.text, text.log_prob))
    return ReadResult(name, page, found.degrees, lines)


def _is_doubtful(line: ReadLine) -> bool:
    """Tells whether a line has no text, or one of a low probability: the geometric mean over its symbols."""
    if not line.text.strip():
        return True
    return line.log_prob is not None and line.log_prob < math.log(DOUBT) * len(line.text)


def _write(config: ReadPage, folder: Path, result: ReadResult) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(result.image).stem
    texts = "".join(f"{escape_text(line.text)}\n" for line in result.lines)
    writers = {
        "text": (".txt", lambda: texts.encode()),
        "hocr": (".hocr", lambda: hocr(result)),
        "alto": (".xml", lambda: alto(result)),
        "overlay": (".lines.png", lambda: overlay(result)),
    }
    for name in dict.fromkeys(config.format):
        ending, content = writers[name]
        path = folder / f"{stem}{ending}"
        atomic_write(path, content())
        print(f"written to {path}", file=sys.stderr)
