"""ALTO XML, versions 2 to 4: the TextLines of pages, `alto:FOLDER` or `alto:FILE.xml`, `?images=FOLDER`.

A line's text is that of its String, SP (a space) and HYP elements, as they follow each other; lines
without are left out. Its image is its Shape's Polygon, cut out of the page (`ocr_tf.data.page_image.cut`);
where there is none the box HPOS, VPOS, WIDTH, HEIGHT; where there is none a band around its BASELINE
(`ocr_tf.data.baselines`). Text that is turned stays so. The page's image is sourceImageInformation's
fileName; the unit must be pixel. Defined by the schemas of altoxml/schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional
from xml.etree.ElementTree import Element

import numpy as np

from ocr_tf.data.page_lines import (
    Outline,
    Page,
    PageLines,
    number_of,
    one_line,
    open_pages,
    points_of,
)
from ocr_tf.data.xml_file import below, children, local
from ocr_tf.errors import InputError
from ocr_tf.types import Array

ROOT = "alto"
BOX = ("HPOS", "VPOS", "WIDTH", "HEIGHT")


def open_alto(rest: str) -> PageLines:
    """Opens ALTO files.

    Raises:
        InputError: see `open_pages`; or coordinates are not in pixels.
    """
    return open_pages("alto", rest, ROOT, parse)


def parse(root: Element, file: Path) -> Page:
    """Reads the lines of an ALTO document.

    Raises:
        InputError: it measures in another unit, has several pages, or names no image.
    """
    unit = _first_text(root, "MeasurementUnit")
    if unit and unit != "pixel":
        raise InputError(f"{file}: measured in {unit}; export it with the MeasurementUnit pixel")
    image = _first_text(root, "fileName")
    if not image:
        raise InputError(f"{file}: no fileName in its sourceImageInformation")
    pages = list(below(root, "Page"))
    if len(pages) != 1:
        raise InputError(
            f"{file}: {len(pages) or 'no'} pages, and one image; write a file for each"
        )
    lines = []
    for line in below(pages[0], "TextLine"):
        text = one_line("".join(map(_content, line)))
        baseline = points_of(line.get("BASELINE"))
        lines.append(Outline(line.get("ID", ""), text, _polygon(line), baseline))
    rows, columns = (number_of(pages[0].get(name)) for name in ("HEIGHT", "WIDTH"))
    return Page(image, rows, columns, lines)


def _first_text(root: Element, name: str) -> str:
    found = next(below(root, name), None)
    return "" if found is None else (found.text or "").strip()


def _content(part: Element) -> str:
    """Returns what an element of a line adds to its text."""
    kind = local(part)
    return " " if kind == "SP" else part.get("CONTENT", "") if kind in ("String", "HYP") else ""


def _polygon(line: Element) -> Optional[Array]:
    """Returns a line's polygon or box; None where it has neither."""
    for shape in children(line, "Shape"):
        for polygon in children(shape, "Polygon"):
            points = points_of(polygon.get("POINTS"))
            if points is not None and len(points) >= 3:
                return points
    left, top, width, height = (number_of(line.get(name)) for name in BOX)
    if width <= 0 or height <= 0:
        return None
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
