"""Pictures of alignments: a text line, and over its columns the weight of each step for each symbol.

One panel for every text laid over the line, all with the same columns, so that heads can be compared
by looking down. A panel shows, from top to bottom:

    the line        tinted with the symbols' colours as far as their weights go
    the text        each symbol under the middle of its weight
    the weights     a row a symbol; strength of colour is the root of the weight, so that the small show
    the path        where there is one: its steps framed in black, in the rows of its symbols
    a scale         columns of the image

TensorFlow-free; text is set in DejaVu Sans, which comes with matplotlib, so that the same input gives
the same pixels. What it lacks (and what cannot be seen, like spaces) is shown by a sign or its number.
"""

from __future__ import annotations

import functools
import math
import os
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# In pixels.
LEFT, RIGHT = 56, 12  # beside the columns: the rows' symbols stand on the left
TITLE, SCALE, GAP = 24, 20, 14  # heights of title and scale; between panels
NARROWEST = 480  # so that a title has room
TALLEST = 140  # the line image
ROWS = 460  # all rows of a panel, as long as each is within:
THINNEST, THICKEST = 11, 22
FAR = 20  # rows from which on symbols also stand beside their weights

# Told apart by all eyes (Okabe and Ito 2008), dark enough on white.
COLOURS = np.array(
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 160, 220), (200, 140, 0)],
    np.float32,
)
WHITE, BLACK, DIM, FAINT = (255,) * 3, (0,) * 3, (110,) * 3, (228,) * 3
SIGNS = {" ": "␣", "\N{NO-BREAK SPACE}": "⍽"}
LACKING = "□"


class Alignment(NamedTuple):
    """One panel: a text laid over a line image."""

    title: str  # "ctc  'hello'  log p -0.12"
    symbols: Sequence[str]  # L symbols of the text
    weights: np.ndarray  # [L, T] weight of each step for each symbol, 0 to 1
    edges: np.ndarray  # [T + 1] where steps begin and end, in columns of the image drawn
    path: Optional[np.ndarray] = None  # [T] symbol index on the best forced path, -1 for blank


def alignments(image: np.ndarray, panels: Sequence[Alignment], width: int = 1200) -> np.ndarray:
    """One picture of all panels, one above the other.

    Args:
        image: [H, W] uint8 grey, 255 = white.
        panels: what to lay over it; at least one.
        width: of the picture, in pixels, at most (but NARROWEST): small images are not blown up to it.

    Returns:
        [h, w, 3] uint8 RGB.
    """
    room = max(width, NARROWEST) - LEFT - RIGHT
    scale = min(room / image.shape[1], TALLEST / image.shape[0])
    size = [max(1, round(side * scale)) for side in image.shape]
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    line = cv2.resize(image, size[::-1], interpolation=shrinks)
    drawn = [_panel(line, panel, size[1] / image.shape[1]) for panel in panels]
    return np.concatenate(drawn)


def _panel(line: np.ndarray, panel: Alignment, scale: float) -> np.ndarray:
    """A panel under the scaled line image [h, w]; `scale` is its pixels a column of the original."""
    rows, columns = len(panel.symbols), line.shape[1]
    thick = int(np.clip(ROWS // max(1, rows), THINNEST, THICKEST))
    letters = int(np.clip(1.6 * columns / max(1, rows), THINNEST - 1, 18))
    text_top = TITLE + line.shape[0]
    rows_top = text_top + (letters + 8 if rows else 0)
    bottom = rows_top + rows * thick
    size = (max(NARROWEST, LEFT + columns + RIGHT), bottom + SCALE + GAP)
    colours = COLOURS[np.arange(rows) % len(COLOURS)]  # [L, 3]
    weights = _by_column(panel.weights, panel.edges * scale, columns)  # [L, w]

    picture = Image.new("RGB", size, WHITE)
    pen = ImageDraw.Draw(picture)
    picture.paste(Image.fromarray(_tinted(line, weights, colours)), (LEFT, TITLE))
    strength = np.repeat(np.sqrt(weights), thick, axis=0)[:, :, None]
    strong = np.repeat(colours, thick, axis=0)[:, None, :]
    cells = 255 + strength * (strong - 255)
    cells[thick - 1 :: thick] = np.minimum(cells[thick - 1 :: thick], 240)
    if rows:
        picture.paste(Image.fromarray(np.rint(cells).astype(np.uint8)), (LEFT, rows_top))
    _scale(pen, columns, scale, rows_top, bottom)

    title_font = _font(14)
    title = "".join(c if _has(c) else LACKING for c in panel.title)
    while title_font.getlength(title) > size[0] - 16:
        title = title.rstrip("…")[:-1] + "…"
    pen.text((8, 4), title, BLACK, title_font)
    for row, symbol in enumerate(panel.symbols):
        colour = tuple(np.rint(0.8 * colours[row]).astype(int))
        label, middle = _label(symbol), rows_top + row * thick + thick / 2 - 1
        font = _font(min(thick, 15) if len(label) == 1 else 10)
        pen.text((LEFT - 8, middle), label, colour, font, anchor="rm")
        mass = np.cumsum(weights[row])
        if mass[-1] > 0:
            x = LEFT + np.interp(0.5 * mass[-1], mass, np.arange(columns) + 1)
            sign = label if len(label) == 1 else LACKING
            pen.text((x, text_top + letters / 2 + 3), sign, colour, _font(letters), anchor="mm")
            begin = LEFT + int(np.argmax(mass > 0.1 * mass[-1]))
            if rows > FAR and begin > LEFT + 40:
                pen.text((begin - 4, middle), label, colour, font, anchor="rm")
    if panel.path is not None:
        for row, first, last in _runs(panel.path):
            begin, end = LEFT + np.rint(panel.edges[[first, last + 1]] * scale)
            _frame(pen, begin, rows_top + row * thick, end, thick)
    return np.asarray(picture)


def _frame(pen: Any, begin: float, top: float, end: float, thick: int) -> None:
    """Around a cell; a narrow one would be covered by its sides."""
    box = (begin, top, max(begin, end - 1), top + thick - 2)
    if end - begin >= 6:
        pen.rectangle(box, outline=BLACK)
    else:
        pen.line((box[0], box[1], box[2], box[1]), BLACK)
        pen.line((box[0], box[3], box[2], box[3]), BLACK)


def _by_column(weights: np.ndarray, edges: np.ndarray, columns: int) -> np.ndarray:
    """[L, T] to [L, columns]: the largest weight of the steps that a pixel column shows."""
    at = np.searchsorted(edges, np.arange(columns), side="right") - 1
    at = np.clip(at, 0, weights.shape[1] - 1)
    return np.clip(np.maximum.reduceat(weights, at, axis=1), 0, 1)


def _tinted(line: np.ndarray, weights: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The line [h, w] as RGB, each column blended with the mean colour of its weights."""
    total = weights.sum(axis=0)  # [w]
    tint = (weights.T @ colours) / np.maximum(total, 1e-6)[:, None]  # [w, 3]
    share = 0.5 * np.minimum(total, 1)[:, None]
    blended = (1 - share) * line[:, :, None] + share * tint
    return np.rint(blended).astype(np.uint8)


def _scale(pen: Any, columns: int, scale: float, top: int, bottom: int) -> None:
    """Ticks at round numbers of columns, about one every 90 pixels."""
    wanted = 90 / scale
    unit = 10 ** math.floor(math.log10(wanted))
    step = max(1, unit * min((1, 2, 5, 10), key=lambda n: abs(n * unit - wanted)))
    font = _font(10)
    for column in np.arange(0, columns / scale, step):
        x = LEFT + round(column * scale)
        pen.line((x, bottom, x, bottom + 3), DIM)
        pen.text((x, bottom + 5), f"{column:g}", DIM, font, anchor="ma")


def _runs(path: np.ndarray) -> list[tuple[int, int, int]]:
    """(symbol, first step, last step) of every stretch of a path in one symbol."""
    changes = np.flatnonzero(np.diff(path)) + 1
    firsts, lasts = [0, *changes], [*(changes - 1), len(path) - 1]
    return [(int(path[a]), a, b) for a, b in zip(firsts, lasts) if path[a] >= 0]


def _label(symbol: str) -> str:
    """What stands for a symbol: itself, a sign for what cannot be seen, or its number."""
    if symbol in SIGNS:
        return SIGNS[symbol]
    if not _has(symbol) or unicodedata.category(symbol)[0] in "CZ":
        return f"U+{ord(symbol):04X}"
    return "◌" + symbol if unicodedata.combining(symbol) else symbol


@functools.cache
def _file() -> str:
    import matplotlib

    return os.path.join(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@functools.cache
def _font(size: int) -> Any:
    return ImageFont.truetype(_file(), size, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _glyphs() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_file()).get_charmap())


def _has(symbol: str) -> bool:
    return ord(symbol) in _glyphs()
