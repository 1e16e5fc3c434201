"""The base colors of a line: ground, ink, edge and what else there is; TensorFlow-free.

A color is drawn as a gray, which decides how hard it is to read, and a hue and saturation at that gray. So
the gray picture and the colored one are of the same difficulty, and the one is near enough the other's
luminance by Rec. 601.
"""

from __future__ import annotations

import colorsys
from typing import NamedTuple, Union

import numpy as np

from ocr_tf.data.render.style import Ground
from ocr_tf.types import Array

LUMINANCE = (0.299, 0.587, 0.114)  # Rec. 601

Color = Union[float, Array]  # a gray, or [3] float32 RGB, 0 to 255


class Palette(NamedTuple):
    """The colors of a line."""

    ground: Color
    ink: Color
    edge: Color  # of a border
    shadow: Color
    other: Color  # of things about the text; nearer to the ground than the ink is
    contrast: float  # grays between ink and ground


def palette(style: Ground, colored: bool, random: np.random.Generator) -> Palette:
    """Draws the colors of a line."""
    u = random.random(12).tolist()
    hues = random.random((5, 2)).tolist()
    if style.kind == "paper":
        ground = 170.0 + 85.0 * u[0] ** 0.6
    elif u[0] < 0.22:
        ground = 60.0 * u[1]
    elif u[0] < 0.42:
        ground = 255.0 - 70.0 * u[1] ** 1.5
    else:
        ground = 25.0 + 205.0 * u[1]
    least, most = style.contrast
    wanted = least + (most - least) * u[2] ** 0.8
    room = max(ground, 255.0 - ground)
    contrast = min(wanted, room)
    lighter = ground + contrast <= 255.0 and (ground - contrast < 0.0 or u[3] < 0.5)
    if style.kind == "paper":
        lighter = False
    sign = 1.0 if lighter else -1.0
    ink = min(max(ground + sign * contrast, 0.0), 255.0)
    # An edge stands out from the ink; it may be near the ground.
    edge = ink - sign * max(30.0, 255.0 * u[4])
    if not 0.0 <= edge <= 255.0:
        edge = 0.0 if sign > 0 else 255.0
    shadow = (0.6 * ground * u[5]) if u[6] < 0.8 else 255.0 * u[7]
    other = min(max(ground + (1.2 * u[8] - 0.6) * contrast, 0.0), 255.0)
    grays = (ground, ink, edge, shadow, other)
    if not colored:
        return Palette(*grays, abs(ink - ground))
    pale = 0.35 if style.kind == "paper" else 1.0
    hues[0][1] *= pale
    hues[4][1] *= pale
    of = [_colored(gray, *pair) for gray, pair in zip(grays, hues)]
    return Palette(of[0], of[1], of[2], of[3], of[4], abs(ink - ground))


def _colored(gray: float, hue: float, saturation: float) -> Array:
    """A color of a hue whose luminance is `gray`; the grayer, the less room a hue leaves."""
    saturation = max(0.0, saturation - 0.25)
    pure = np.array(colorsys.hsv_to_rgb(hue, saturation, 1.0))
    luminance = float(pure @ LUMINANCE)
    wanted = gray / 255.0
    if wanted <= luminance:
        color = pure * (wanted / luminance)
    else:
        color = 1.0 - (1.0 - pure) * ((1.0 - wanted) / max(1.0 - luminance, 1e-6))
    return (255.0 * color).astype(np.float32)
