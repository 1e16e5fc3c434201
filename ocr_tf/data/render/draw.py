"""Draws a line: text, style and key to an encoded image; TensorFlow-free.

The order is that of Jaderberg et al. 2014 (Synthetic data and artificial neural networks for natural scene
text recognition, section 2): type, border and shadow, base colors, projection, texture, noise. All is drawn
near the size of the result, where it costs least.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.data.render import effects, strokes
from ocr_tf.data.render.colors import Color, Palette, palette
from ocr_tf.data.render.effects import between
from ocr_tf.data.render.fonts import LETTERS, Face, FontSet
from ocr_tf.data.render.ground import lay, roughen
from ocr_tf.data.render.ink import Inked, typeset, write
from ocr_tf.data.render.style import Style
from ocr_tf.errors import InputError
from ocr_tf.types import Array

EM = 1.35  # heights of the picture that type is set at, before projection
MARGIN = 0.22  # ems about the ink, for borders and shadows
UNDER_RELIEF = 0.6  # chance that embossed letters have a color of their own


class Layer(NamedTuple):
    """Something that covers what lies below it."""

    mask: Array  # [h, w] uint8
    color: Color


def draw(
    text: str,
    style: Style,
    fonts: Optional[FontSet],
    random: np.random.Generator,
    colored: bool = False,
) -> bytes:
    """Draws a text.

    Args:
        text: what is to be seen.
        style: the bounds of its looks.
        fonts: faces to choose from; None where all is written with a pen.
        random: decides everything else.
        colored: gives RGB in place of gray.

    Returns:
        A JPEG file, `style.height` rows high.

    Raises:
        InputError: no font has all of the text.
    """
    picture = paint(text, style, fonts, random, colored)
    return effects.encode_jpeg(picture, round(between(style.damage.quality, random.random())))


def paint(
    text: str,
    style: Style,
    fonts: Optional[FontSet],
    random: np.random.Generator,
    colored: bool = False,
) -> Array:
    """Draws a text before it is encoded; arguments as those of `draw`.

    Returns:
        [H, W] uint8, or [H, W, 3] RGB.
    """
    u = random.random(2).tolist()
    em = max(12, round(EM * style.height))
    margin = round(em * MARGIN)
    face = None
    if u[0] < style.ink.written and strokes.SYMBOLS.issuperset(text):
        inked = write(text, em, style.ink, margin, random)
    else:
        face = fonts.choose(text, random) if fonts is not None else None
        if face is None:
            where = f"of {fonts.name} " if fonts is not None else ""
            raise InputError(f"no font {where}has all of {text!r}; name one that has with fonts=")
        inked = typeset(text, face, em, style.ink, margin, random)
    colors = palette(style.ground, colored, random)
    left, top, w, h = cv2.boundingRect(inked.mask)
    # Without ink, of spaces alone, the line is empty.
    box = (left, top, w, h) if w else (margin, margin, em, em)
    placement = effects.place(box, style.height, style.geometry, random)
    height, width = placement.x.shape
    picture = lay(height, width, colors, style.ground, colored, random)
    if u[1] < style.ground.neighbors:
        _add_neighbor(picture, placement, box, em, text, face, colors, style, random)
    layers = _layers(inked, colors, style, random)
    covers = effects.project([layer.mask for layer in layers], placement)
    _compose(picture, covers, layers, colors, style, random)
    if random.random() < style.ground.lit:
        effects.light(picture, style.ground.light, random)
    return effects.damage(picture, style.damage, colors.contrast, random)


def _layers(
    inked: Inked, colors: Palette, style: Style, random: np.random.Generator
) -> list[Layer]:
    """The layers of the text itself, lowest first; the last is the ink."""
    u = random.random(8).tolist()
    layers, ink = [], colors.ink
    if u[0] < style.layers.shadow:
        far = between(style.layers.shadow_shift, u[1]) * inked.em
        along = 2 * math.pi * u[2]
        blur = between(style.layers.shadow_blur, u[3]) * inked.em
        across, down = round(far * math.cos(along)), round(far * math.sin(along))
        cast = effects.shadow(inked.mask, across, down, blur, solid=u[4] < 0.3)
        layers.append(Layer(cast, colors.shadow))
    if u[5] < style.layers.border:
        pixels = max(1, round(between(style.layers.border_width, u[6]) * inked.em))
        hollow = u[7] < style.layers.hollow
        layers.append(
            Layer(effects.grown(inked.mask, pixels), colors.ink if hollow else colors.edge)
        )
        ink = colors.ground if hollow else ink
    layers.append(Layer(inked.mask, ink))
    return layers


def _add_neighbor(
    picture: Array,
    placement: effects.Placement,
    box: tuple[int, int, int, int],
    em: int,
    text: str,
    face: Optional[Face],
    colors: Palette,
    style: Style,
    random: np.random.Generator,
) -> None:
    """Adds a piece of other text above, beneath or beside the line, in place."""
    letters = LETTERS if face is not None and text.isascii() and face.has(LETTERS) else text
    length, where, distance, offset, same = random.random(5).tolist()
    other = "".join(letters[int(k * len(letters))] for k in random.random(2 + int(4 * length)))
    if face is None:
        piece = write(other, em, style.ink, 0, random).mask
    else:
        piece = typeset(other, face, em, style.ink, 0, random).mask
    rows, columns = piece.shape
    left, top, w, h = box
    gap = round(em * (0.12 + 0.25 * distance))
    if where < 0.35:
        x, y = left + round((w - columns) * offset), top - gap - rows
    elif where < 0.7:
        x, y = left + round((w - columns) * offset), top + h + gap
    elif where < 0.85:
        x, y = left + w + round(1.4 * gap), top + h - rows
    else:
        x, y = left - round(1.4 * gap) - columns, top + h - rows
    (seen,) = effects.project([piece], placement, (x, y))
    effects.cover(picture, seen, colors.ink if same < 0.7 else colors.other)


def _compose(
    picture: Array,
    covers: list[Array],
    layers: list[Layer],
    colors: Palette,
    style: Style,
    random: np.random.Generator,
) -> None:
    """Lays projected layers over the ground, in place."""
    u = random.random(6).tolist()
    for seen, layer in zip(covers[:-1], layers[:-1]):
        effects.cover(picture, seen, layer.color)
    seen, color = covers[-1], layers[-1].color
    if u[0] < style.layers.embossed:
        height = picture.shape[0]
        opaque = u[1] if u[2] < UNDER_RELIEF else 0.0
        effects.cover(picture, seen * np.float32(opaque), color)
        softness = height * (0.014 + 0.02 * u[3])
        depth = 70.0 + 150.0 * u[4]
        effects.add(picture, effects.relief(seen, 2 * math.pi * u[5], depth, softness))
    elif u[0] > 1 - style.ground.ink_texture:
        inked = np.empty_like(picture)
        inked[...] = color
        roughen(inked, between((2.0, 0.45 * colors.contrast + 2.0), u[1] ** 2), random)
        picture += (seen[..., None] if picture.ndim == 3 else seen) * (inked - picture)
    else:
        effects.cover(picture, seen, color)
