"""PAGE XML: the TextLines of pages, `page:FOLDER` or `page:FILE.xml`, `?images=FOLDER`.

A line's text is its TextEquiv with the lowest index, or that of its words; lines without are left out.
Its image is the polygon of its Coords, cut out of Page's imageFilename (`ocr_tf.data.page_image.cut`), or
a band around its Baseline where there are no Coords (`ocr_tf.data.baselines`). Text that is turned stays
so. Defined by the PAGE-XML schemas of PRImA, 2010 (Point elements) to 2019 (points attributes).
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional
from xml.etree.ElementTree import Element

from ocr_tf.data.page_lines import (
    Outline,
    Page,
    PageLines,
    number_of,
    one_line,
    open_pages,
    points_of,
)
from ocr_tf.data.xml_file import below, children
from ocr_tf.errors import InputError
from ocr_tf.types import Array

ROOT = "PcGts"


def open_page(rest: str) -> PageLines:
    """Opens PAGE files.

    Raises:
        InputError: see `open_pages`.
    """
    return open_pages("page", rest, ROOT, parse)


def parse(root: Element, file: Path) -> Page:
    """Reads the lines of a PAGE document.

    Raises:
        InputError: it has no page, or one that names no image.
    """
    page = next(children(root, "Page"), None)
    if page is None or not page.get("imageFilename"):
        raise InputError(f"{file}: no Page with an imageFilename")
    lines = []
    for line in below(page, "TextLine"):
        text = _text(line) or " ".join(filter(None, map(_text, children(line, "Word"))))
        polygon = _points(line, "Coords")
        if polygon is not None and len(polygon) < 3:
            polygon = None
        lines.append(Outline(line.get("id", ""), text, polygon, _points(line, "Baseline")))
    rows, columns = (number_of(page.get(name)) for name in ("imageHeight", "imageWidth"))
    return Page(page.get("imageFilename", ""), rows, columns, lines)


def _points(line: Element, name: str) -> Optional[Array]:
    element = next(children(line, name), None)
    if element is None:
        return None
    points = element.get("points")
    if points is None:  # before 2013
        points = " ".join(f"{p.get('x')},{p.get('y')}" for p in children(element, "Point"))
    return points_of(points)


def _text(element: Element) -> str:
    """Returns the main text of a line or word; empty where it has none."""
    texts = list(children(element, "TextEquiv"))
    if not texts:
        return ""
    main = min(texts, key=lambda text: number_of(text.get("index")))
    return one_line("".join(unicode.text or "" for unicode in children(main, "Unicode")))
