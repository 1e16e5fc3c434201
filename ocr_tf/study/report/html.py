"""Pages for a browser: one self-contained HTML file each, without scripts, that also prints well.

The templates are beside this file: `base.html` holds the style sheet and is extended by each page,
`pieces.html` the parts that pages share. Whatever comes from data is escaped.
"""

from __future__ import annotations

import base64
import itertools
import math
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple, Union

import cv2
import jinja2
from rapidfuzz.distance import Levenshtein

from ocr_tf.data.png import encode_png
from ocr_tf.normalization import nfc
from ocr_tf.types import Array

# Pixels of a picture at most: a hundred of nothing but noise stay under 10 MB.
AREA = 70_000


class Segment(NamedTuple):
    """A piece of a text that is compared with another."""

    text: str  # empty where only the other text has something
    same: bool


class Differences(NamedTuple):
    """Two texts, cut where they differ: the segments of one stand against those of the other."""

    reference: list[Segment]
    text: list[Segment]


class Picture(NamedTuple):
    """An image inside a page."""

    uri: str  # a PNG as data:
    width: int  # pixels of the PNG
    height: int


def render(template: str, **values: Any) -> str:
    """A page made from one of the templates, all values escaped."""
    return environment().get_template(template).render(values, template=template)


def is_made_from(template: str, path: Union[str, Path]) -> bool:
    """Whether a file is a page that `render` made from this template."""
    with open(path, "rb") as file:
        return _generator(template).encode() in file.read(1000)


def differences(reference: str, text: str) -> Differences:
    """Where two texts differ, by a shortest way of edits; letters keep their marks."""
    one, other = _letters(nfc(reference)), _letters(nfc(text))
    edits = Levenshtein.opcodes(one, other)
    compared = Differences([], [])
    for same, run in itertools.groupby(edits, key=lambda edit: edit.tag == "equal"):
        together = list(run)  # Neighboring edits are one difference.
        first, last = together[0], together[-1]
        was, now = one[first.src_start : last.src_end], other[first.dest_start : last.dest_end]
        compared.reference.append(Segment("".join(was), same))
        compared.text.append(Segment("".join(now), same))
    return compared


def picture(pixels: Array) -> Picture:
    """Embeds a gray image [H, W] uint8, made smaller if it has more than AREA pixels."""
    if pixels.size > AREA:
        scale = math.sqrt(AREA / pixels.size)
        height = min(AREA, max(1, math.floor(pixels.shape[0] * scale)))
        width = min(AREA // height, max(1, math.floor(pixels.shape[1] * scale)))
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    data = base64.b64encode(encode_png(pixels, optimize=True)).decode()
    return Picture(f"data:image/png;base64,{data}", pixels.shape[1], pixels.shape[0])


def _letters(text: str) -> list[str]:
    """Code points with the combining marks that follow them."""
    letters: list[str] = []
    for symbol in text:
        if letters and unicodedata.combining(symbol):
            letters[-1] += symbol
        else:
            letters.append(symbol)
    return letters


def _generator(template: str) -> str:
    return f'<meta name="generator" content="ocr_tf {template}">'


def environment(*rooms: str) -> jinja2.Environment:
    """Finds the templates of some rooms, as ocr_tf.preflight, and those beside this file that they extend."""
    every = (*rooms, "ocr_tf.study.report")
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(room) for room in every]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
