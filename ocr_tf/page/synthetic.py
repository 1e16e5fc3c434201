"""Pages of known layout: lines in columns, pictures, rules, noise, skew; TensorFlow-free.

They train the classifier of components and measure how well lines are found. Page i is a function of its
style, a seed and i.
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

import cv2
import numpy as np

from ocr_tf.data.render.splits import generator
from ocr_tf.data.synthetic import FONTS, typeface
from ocr_tf.page import skew
from ocr_tf.page.layout import Box
from ocr_tf.types import Array

ROWS, COLUMNS = 1240, 900  # an A4 page at 107 dots an inch
MARGIN = 70
GUTTER = 2.6  # ems between columns
_PAGE = 32  # the random stream; those of lines have lower numbers


class PageStyle(NamedTuple):
    """What a page looks like."""

    columns: int = 1
    degrees: float = 0.0  # that it is turned clockwise
    noise: float = 3.0  # standard deviation, in grays
    pictures: int = 0
    dirt: int = 0  # specks


class TrueLine(NamedTuple):
    """A line that was drawn."""

    box: Box  # of its ink, before the page was turned
    text: str


class DrawnPage(NamedTuple):
    """A page and what is on it."""

    pixels: Array  # [H, W] uint8
    ink: Array  # [H, W] bool, where text is
    lines: list[TrueLine]  # in the order of reading
    degrees: float  # that it is turned clockwise

    def polygon(self, line: TrueLine) -> Array:
        """Returns the corners of a line's box, padded as `layout.Box.padded`, [4, 2], x and y."""
        corners = line.box.padded(*self.pixels.shape).corners()
        return skew.turned_back(corners, self.pixels.shape, self.degrees)

    def cut(self, line: TrueLine) -> Array:
        """Cuts a line out of the page, turned back by what it was turned: [h, w] uint8."""
        page = skew.turn(self.pixels, self.degrees)
        left, top, right, bottom = line.box.padded(*page.shape)
        return np.ascontiguousarray(page[top:bottom, left:right])


def draw_page(style: PageStyle, seed: int, index: int) -> DrawnPage:
    """Draws a page."""
    from PIL import Image, ImageDraw

    random = generator(seed, index, _PAGE)
    size = int(random.integers(20, 31))
    font = typeface(FONTS[int(random.integers(len(FONTS)))], size)
    leading = round(size * random.uniform(1.35, 1.7))
    mask = Image.new("L", (COLUMNS, ROWS))
    pen = ImageDraw.Draw(mask)
    paper, ink = random.uniform(200, 250), random.uniform(0, 70)
    base = np.full((ROWS, COLUMNS), paper, np.float32)
    gutter = round(GUTTER * size)
    width = (COLUMNS - 2 * MARGIN - (style.columns - 1) * gutter) // style.columns
    lines: list[TrueLine] = []
    pictures_in = random.integers(0, style.columns, style.pictures).tolist()
    for column in range(style.columns):
        left = MARGIN + column * (width + gutter)
        y = MARGIN + int(random.integers(0, 40))
        for _ in range(pictures_in.count(column)):
            rows = int(random.integers(120, 260))
            _draw_picture(base[y : y + rows, left : left + width], paper, random)
            y += rows + leading // 2
        if random.random() < 0.5:
            cv2.line(base, (left, y), (left + width, y), (ink,), int(random.integers(1, 4)))
            y += leading // 2
        while y + leading < ROWS - MARGIN:
            if random.random() < 0.06:
                y += leading  # between paragraphs
                continue
            room = width if random.random() < 0.8 else random.uniform(0.2, 1) * width
            text = _text(font, room, random)
            if text:
                pen.text((left, y), text, font=font, fill=255)
                drawn = pen.textbbox((left, y), text, font=font)
                lines.append(TrueLine(_ink_box(mask, drawn), text))
            y += leading
    cover = np.asarray(mask, np.float32) / 255
    pixels = base + (ink - base) * cover
    for _ in range(style.dirt):
        x, y, radius = random.integers(0, [COLUMNS, ROWS, 3]).tolist()
        cv2.circle(pixels, (x, y), radius, (ink,), -1)
    pixels += random.normal(0, style.noise, pixels.shape)
    page = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    covered = (cover > 0.5).astype(np.uint8)
    if style.degrees:
        page = skew.turn(page, -style.degrees)
        matrix = skew.turning(page.shape, -style.degrees)
        covered = np.asarray(cv2.warpAffine(covered, matrix, (COLUMNS, ROWS)))
    return DrawnPage(page, covered > 0, lines, style.degrees)


def _text(font: Any, room: float, random: np.random.Generator) -> str:
    """Says words until they fill the room, in pixels; empty where none fits."""
    words: list[str] = []
    while True:
        symbols = string.digits if random.random() < 0.15 else string.ascii_lowercase
        length = int(random.integers(2, 9))
        word = "".join(random.choice(list(symbols), length))
        if font.getlength(" ".join([*words, word])) > room:
            return " ".join(words)
        words.append(word)


def _ink_box(mask: Any, drawn: tuple[float, float, float, float]) -> Box:
    """Returns the box of the ink within a box that holds it."""
    left, top, right, bottom = (int(value) for value in drawn)
    ink = np.asarray(mask.crop((left - 3, top - 3, right + 4, bottom + 4))) > 127
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return Box(
        left - 3 + int(columns[0]),
        top - 3 + int(rows[0]),
        left - 2 + int(columns[-1]),
        top - 2 + int(rows[-1]),
    )


def _draw_picture(place: Array, paper: float, random: np.random.Generator) -> None:
    """Draws something that is no text, in place: a texture, shapes, or both."""
    rows, columns = place.shape
    coarse = random.uniform(0, 255, (max(2, rows // 12), max(2, columns // 12))).astype(np.float32)
    grays = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.6:
        place[...] = np.clip(grays, 0, 255)
    for _ in range(int(random.integers(3, 12))):
        x, y = random.integers(0, [columns, rows]).tolist()
        axes = random.integers(5, max(6, rows // 3), 2).tolist()
        gray, thick = float(random.uniform(0, 255)), int(random.choice([-1, 1, 2, 4]))
        cv2.ellipse(place, (x, y), axes, float(random.uniform(0, 180)), 0, 360, (gray,), thick)
    cv2.rectangle(place, (0, 0), (columns - 1, rows - 1), (float(random.uniform(0, 80)),), 2)
