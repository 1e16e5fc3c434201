"""Sets a text as a mask of ink: type letter by letter, shaped runs, or pen strokes; TensorFlow-free."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.data.render import strokes
from ocr_tf.data.render.fonts import Face, needs_run
from ocr_tf.data.render.glyphs import Glyph
from ocr_tf.data.render.style import Ink
from ocr_tf.types import Array

DIGIT_HEIGHT = 0.72  # ems: how high pen strokes make a digit


class Inked(NamedTuple):
    """A text as ink."""

    mask: Array  # [h, w] uint8, 255 where ink is, with an empty margin around
    margin: int  # pixels
    em: int  # pixels


def typeset(
    text: str, face: Face, em: int, style: Ink, margin: int, random: np.random.Generator
) -> Inked:
    """Sets a text in type.

    Args:
        text: of symbols that the face has.
        face: the font.
        em: pixels.
        style: bounds of spacing, weight and unsteadiness.
        margin: pixels that stay empty around the ink.
        random: what is drawn is drawn from this.
    """
    if needs_run(text):
        random.random(2)  # as many draws as letter by letter
        placed = [(face.run(text, em), 0.0)]
    else:
        gap = _spacing(style, random) * em
        placed, pen, before = [], 0.0, ""
        for symbol in text:
            glyph = face.glyph(symbol, em)
            if before:
                pen += gap + face.kerning(before, symbol, em)
            placed.append((glyph, pen))
            pen += glyph.advance
            before = symbol
    return _finish(placed, em, style, margin, random)


def write(text: str, em: int, style: Ink, margin: int, random: np.random.Generator) -> Inked:
    """Writes a text of `strokes.SYMBOLS` with a pen; arguments as those of `typeset`."""
    gap = _spacing(style, random) * em
    hand = strokes.draw_hand(random, style.pen, style.unsteady)
    height = round(em * DIGIT_HEIGHT)
    placed, pen = [], 0.0
    for symbol in text:
        glyph = strokes.write(symbol, height, hand, random)
        placed.append((glyph, pen))
        pen += glyph.advance + gap
    return _finish(placed, em, style, margin, random)


def _spacing(style: Ink, random: np.random.Generator) -> float:
    """Draws how many ems more than usual lie between two letters."""
    if_spaced, much = random.random(2).tolist()
    if if_spaced >= style.spaced:
        return 0.0
    least, most = style.spacing
    return least + (most - least) * much**2 if much > 0.15 else least * (1 - much / 0.15)


def _finish(
    placed: list[tuple[Glyph, float]], em: int, style: Ink, margin: int, random: np.random.Generator
) -> Inked:
    """Brings glyphs at their places on the line (pixels) together."""
    if_jittered, if_weight, which, if_line, below, thick = random.random(6).tolist()
    if if_jittered < style.jittered:
        placed = [_jitter(glyph, pen, em, style, random) for glyph, pen in placed]
    placed = [(glyph, pen) for glyph, pen in placed if glyph.mask.size]
    if not placed:
        return Inked(np.zeros((2 * margin + 1, 2 * margin + 1), np.uint8), margin, em)
    lefts = [math.floor(pen + 0.5) + glyph.left for glyph, pen in placed]
    low_x = min(lefts)
    high_y = max(glyph.top for glyph, _ in placed)
    width = max(left + glyph.mask.shape[1] for (glyph, _), left in zip(placed, lefts)) - low_x
    height = high_y - min(glyph.top - glyph.mask.shape[0] for glyph, _ in placed)
    mask: Array = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    for (glyph, _), left in zip(placed, lefts):
        x, y = margin + left - low_x, margin + high_y - glyph.top
        rows, columns = glyph.mask.shape
        part = mask[y : y + rows, x : x + columns]
        np.maximum(part, glyph.mask, out=part)
    if if_weight < style.weight:
        kernel = _kernel(2)
        # Thin strokes are not made thinner: they would break.
        mask = (
            cv2.dilate(mask, kernel) if which < 0.7 or _is_thin(mask) else cv2.erode(mask, kernel)
        )
    if if_line < style.underlined:
        y = margin + high_y + round(em * (0.08 + 0.1 * below))
        y = min(y, mask.shape[0] - 1)
        mask[y : y + max(1, round(em * (0.03 + 0.05 * thick))), margin : width + margin] = 255
    return Inked(mask, margin, em)


def _is_thin(mask: Array) -> bool:
    """Whether most ink is gone when two pixels are taken from it."""
    return float(cv2.erode(mask, _kernel(3)).sum(dtype=np.int64)) < 0.45 * float(
        mask.sum(dtype=np.int64)
    )


def _kernel(size: int) -> Array:
    return np.ones((size, size), np.uint8)


def _jitter(
    glyph: Glyph, pen: float, em: int, style: Ink, random: np.random.Generator
) -> tuple[Glyph, float]:
    """Moves and turns one glyph by itself."""
    across, down, turn = random.normal(0.0, 1.0, 3).tolist()
    pen += 0.5 * across * style.jitter_shift * em
    rows, columns = glyph.mask.shape
    if not rows or not columns:
        return glyph, pen
    angle = turn * style.jitter_turn
    cosine, sine = math.cos(angle), math.sin(angle)
    more_x = math.ceil(abs(sine) * rows / 2) + 1
    more_y = math.ceil(abs(sine) * columns / 2) + 1
    x, y = (columns - 1) / 2, (rows - 1) / 2
    matrix = np.array(
        [
            [cosine, -sine, x + more_x - cosine * x + sine * y],
            [sine, cosine, y + more_y - sine * x - cosine * y],
        ]
    )
    mask = cv2.warpAffine(glyph.mask, matrix, (columns + 2 * more_x, rows + 2 * more_y))
    top = glyph.top + more_y + round(down * style.jitter_shift * em)
    return Glyph(mask, glyph.left - more_x, top, glyph.advance), pen
