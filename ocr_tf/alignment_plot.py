"""Pictures of alignments: a text line, and over its columns the weight of each step for each symbol.

One panel for every text laid over the line, all with the same columns, so that heads can be compared
by looking down. A panel shows, from top to bottom:

    the line        tinted with the symbols' colors as far as their weights go
    the text        each symbol under the middle of its weight
    the weights     a row a symbol; strength of color is the root of the weight, so that the small show
    the path        where there is one: its steps framed in black, in the rows of its symbols
    a scale         columns of the image

A text that was laid over the cells of a map has a panel of words instead: for each, the picture, in which
cells have the word's color as far as the mean weight of its symbols goes, the greatest of them in full.

A symbol whose span has no ink under it is written in a dashed box: the network emits it there, but its
glyph is elsewhere.

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

from ocr_tf.types import Array

# In pixels.
LEFT, RIGHT = 56, 12  # beside the columns: the rows' symbols stand on the left
TITLE, SCALE, GAP = 24, 20, 14  # heights of title and scale; between panels
NARROWEST = 480  # so that a title has room
TALLEST = 140  # the line image
ROWS = 460  # all rows of a panel, as long as each is within:
THINNEST, THICKEST = 11, 22
SMALL, LARGE = 10, 18  # letters
FAR = 20  # rows from which on symbols also stand beside their weights

# Told apart by all eyes (Okabe and Ito 2008), dark enough on white.
COLORS = np.array(
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 160, 220), (200, 140, 0)],
    np.float32,
)
WHITE, BLACK, DIM, FAINT = (255, 255, 255), (0, 0, 0), (110, 110, 110), 240
SIGNS = {" ": "␣", "\N{NO-BREAK SPACE}": "⍽"}
LACKING, NUMBER = "□", "U+"
NO_INK = "dashed: no ink under it"
DASH = 3  # pixels drawn, and as many left out
BESIDE = 8  # pixels between the pictures of words
HEAT = 0.8  # share of the color in the cell of the greatest weight


Box = tuple[float, float, float, float]  # left, top, right, bottom


class Alignment(NamedTuple):
    """One panel: a text laid over a line image."""

    title: str  # "ctc  'hello'  log p -0.12"
    symbols: Sequence[str]  # L symbols of the text
    weights: Array  # [L, T] weight of each step for each symbol, 0 to 1
    edges: Array  # [T + 1] where steps begin and end, in columns of the image drawn
    path: Optional[Array] = None  # [T] symbol index on the best forced path, -1 for blank
    # [L] bool: there is no ink where the symbol is emitted
    without_ink: Optional[Array] = None
    # [L, R, T] weight of each cell of a map of R rows and T columns, for a panel of words
    cells: Optional[Array] = None


def alignments(image: Array, panels: Sequence[Alignment], width: int = 1200) -> Array:
    """Draws all panels in one picture, one above the other.

    Args:
        image: [H, W] uint8 gray, 255 = white.
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
    widest = max(NARROWEST, LEFT + size[1] + RIGHT)
    if any(panel.cells is not None for panel in panels):
        widest = max(widest, width)
    drawn = [
        _panel(line, panel, size[1] / image.shape[1])
        if panel.cells is None
        else _words(line, panel, size[1] / image.shape[1], widest)
        for panel in panels
    ]
    return np.concatenate([_widened(picture, widest) for picture in drawn])


def word_maps(symbols: Sequence[str], cells: Array) -> list[tuple[str, Array]]:
    """Parts a text at its spaces: each word, and the mean [R, T] over its symbols of cells [L, R, T]."""
    words, first = [], 0
    for word in "".join(symbols).split(" "):
        if word:
            words.append((word, cells[first : first + len(word)].mean(axis=0)))
        first += len(word) + 1
    return words


class _Places(NamedTuple):
    """Heights and tops of a panel's parts."""

    letters: int
    thick: int  # of a row
    text: int
    rows: int
    bottom: int


def _places(rows: int, line: Array) -> _Places:
    thick = int(np.clip(ROWS // max(1, rows), THINNEST, THICKEST))
    letters = int(np.clip(1.6 * line.shape[1] / max(1, rows), SMALL, LARGE))
    text = TITLE + line.shape[0]
    top = text + (letters + 8 if rows else 0)
    return _Places(letters, thick, text, top, top + rows * thick)


def _panel(line: Array, panel: Alignment, scale: float) -> Array:
    """Draws a panel under the scaled line image [h, w]; `scale` is its pixels a column of the original."""
    rows, columns = len(panel.symbols), line.shape[1]
    places = _places(rows, line)
    colors = COLORS[np.arange(rows) % len(COLORS)]  # [L, 3]
    weights = _by_column(panel.weights, panel.edges * scale, columns)  # [L, w]
    width = max(NARROWEST, LEFT + columns + RIGHT)
    picture = Image.new("RGB", (width, places.bottom + SCALE + GAP), WHITE)
    picture.paste(Image.fromarray(_tinted(line, weights, colors)), (LEFT, TITLE))
    if rows:
        picture.paste(Image.fromarray(_cells(weights, colors, places.thick)), (LEFT, places.rows))
    pen = ImageDraw.Draw(picture)
    no_ink = np.zeros(rows, bool) if panel.without_ink is None else panel.without_ink
    _title(pen, panel.title, width - 16, NO_INK if no_ink.any() else "")
    _scale(pen, columns, scale, places.bottom)
    for row, symbol in enumerate(panel.symbols):
        label = _label(symbol)
        box = _symbol(pen, label, row, weights[row], colors[row], places, rows >= FAR)
        if no_ink[row] and box:
            _dash(pen, box)
    for row, first, last in [] if panel.path is None else _runs(panel.path):
        begin, end = LEFT + np.rint(panel.edges[[first, last + 1]] * scale)
        _frame(pen, begin, places.rows + row * places.thick, end, places.thick)
    return np.asarray(picture)


def _words(line: Array, panel: Alignment, scale: float, width: int) -> Array:
    """Draws the scaled image [h, w] once for each word of a panel with cells, as wide as they fit."""
    assert panel.cells is not None
    words = word_maps(panel.symbols, panel.cells)
    height, columns = line.shape
    across = max(1, (width - BESIDE) // (columns + BESIDE))
    down = -(-len(words) // across)
    step = height + LARGE + 2 * BESIDE
    picture = Image.new("RGB", (width, TITLE + down * step + GAP), WHITE)
    pen = ImageDraw.Draw(picture)
    _title(pen, panel.title, width - 16, "")
    for number, (word, weights) in enumerate(words):
        left = BESIDE + number % across * (columns + BESIDE)
        top = TITLE + number // across * step
        color = COLORS[number % len(COLORS)]
        heat = _by_column(weights, panel.edges * scale, columns)
        heat = heat[np.arange(height) * len(heat) // height]  # [h, w]
        share = HEAT * heat[:, :, None] / max(float(heat.max()), 1e-6)
        tinted = (1 - share) * line[:, :, None] + share * color
        picture.paste(Image.fromarray(np.rint(tinted).astype(np.uint8)), (left, top))
        red, green, blue = (int(0.8 * part) for part in color)
        place = (left + columns / 2, top + height + BESIDE / 2)
        label = "".join(map(_label, word))
        pen.text(place, label, (red, green, blue), _font(LARGE - 3), anchor="ma")
    return np.asarray(picture)


def _widened(picture: Array, width: int) -> Array:
    """Adds white at the right."""
    return np.pad(
        picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=WHITE[0]
    )


def _symbol(
    pen: Any,
    label: str,
    row: int,
    weights: Array,
    color: Array,
    places: _Places,
    beside: bool,
) -> Optional[Box]:
    """Writes a symbol before its row, `beside` its weights in the row too, and in the text.

    Returns:
        The box of the symbol in the text; None where it has no weight and so no place there.
    """
    red, green, blue = (int(0.8 * part) for part in color)
    ink = (red, green, blue)
    number = label.startswith(NUMBER)
    font = _font(SMALL if number else min(places.thick, 15))
    middle = places.rows + (row + 0.5) * places.thick - 1
    pen.text((LEFT - 8, middle), label, ink, font, anchor="rm")
    sums = np.cumsum(weights)
    if sums[-1] <= 0:
        return None
    begin, median = (int(np.argmax(sums > part * sums[-1])) for part in (0.1, 0.5))
    if beside and begin > 40:
        pen.text((LEFT + begin - 4, middle), label, ink, font, anchor="rm")
    place = (LEFT + median, places.text + places.letters / 2 + 3)
    label, font = LACKING if number else label, _font(places.letters)
    pen.text(place, label, ink, font, anchor="mm")
    left, _, right, _ = pen.textbbox(place, label, font, anchor="mm")
    return left - 3, places.text + 1, right + 3, places.rows - 2


def _dash(pen: Any, box: Box) -> None:
    """Draws the sides of a box in dashes."""
    left, top, right, bottom = (round(side) for side in box)
    for x in range(left, right + 1, 2 * DASH):
        for y in (top, bottom):
            pen.line((x, y, min(x + DASH - 1, right), y), BLACK)
    for y in range(top, bottom + 1, 2 * DASH):
        for x in (left, right):
            pen.line((x, y, x, min(y + DASH - 1, bottom)), BLACK)


def _title(pen: Any, title: str, room: int, remark: str) -> None:
    """Writes the title, cut where it is too long, and a remark at the right."""
    font = _font(14)
    if remark:
        pen.text((8 + room, 6), remark, DIM, _font(SMALL), anchor="ra")
        room -= round(_font(SMALL).getlength(remark)) + 12
    title = "".join(c if _has(c) else LACKING for c in title)
    ends = np.cumsum([font.getlength(c) for c in title])
    if title and ends[-1] > room:
        title = title[: np.searchsorted(ends, room - font.getlength("…"), "right")] + "…"
    pen.text((8, 4), title, BLACK, font)


def _frame(pen: Any, begin: float, top: float, end: float, thick: int) -> None:
    """Frames a cell; a narrow one would be covered by its sides."""
    box = (begin, top, max(begin, end - 1), top + thick - 2)
    if end - begin >= 6:
        pen.rectangle(box, outline=BLACK)
    else:
        pen.line((box[0], box[1], box[2], box[1]), BLACK)
        pen.line((box[0], box[3], box[2], box[3]), BLACK)


def _by_column(weights: Array, edges: Array, columns: int) -> Array:
    """Takes [L, T] to [L, columns]: the largest weight of the steps that a pixel column shows."""
    at = np.searchsorted(edges, np.arange(columns), side="right") - 1
    at = np.clip(at, 0, weights.shape[1] - 1)
    return np.clip(np.maximum.reduceat(weights, at, axis=1), 0, 1)


def _cells(weights: Array, colors: Array, thick: int) -> Array:
    """Draws weights [L, w] as rows of `thick` pixels, parted by faint lines: [L thick, w, 3]."""
    rows = 255 + np.sqrt(weights)[:, :, None] * (colors[:, None, :] - 255)
    cells = np.repeat(rows, thick, axis=0)
    cells[thick - 1 :: thick] = np.minimum(cells[thick - 1 :: thick], FAINT)
    return np.rint(cells).astype(np.uint8)


def _tinted(line: Array, weights: Array, colors: Array) -> Array:
    """Tints the line [h, w] as RGB, each column blended with the mean color of its weights."""
    total = weights.sum(axis=0)  # [w]
    tint = (weights.T @ colors) / np.maximum(total, 1e-6)[:, None]  # [w, 3]
    share = 0.5 * np.minimum(total, 1)[:, None]
    blended = (1 - share) * line[:, :, None] + share * tint
    return np.rint(blended).astype(np.uint8)


def _scale(pen: Any, columns: int, scale: float, top: int) -> None:
    """Ticks at round numbers of columns, about one every 90 pixels."""
    wanted = 90 / scale
    unit = 10 ** math.floor(math.log10(wanted))
    step = max(1, unit * min((1, 2, 5, 10), key=lambda n: abs(n * unit - wanted)))
    font = _font(SMALL)
    for column in np.arange(0, columns / scale, step):
        x = LEFT + round(column * scale)
        pen.line((x, top, x, top + 3), DIM)
        pen.text((x, top + 5), f"{column:g}", DIM, font, anchor="ma")


def _runs(path: Array) -> list[tuple[int, int, int]]:
    """Yields (symbol, first step, last step) of every stretch of a path in one symbol."""
    changes = np.flatnonzero(np.diff(path)) + 1
    firsts, lasts = [0, *changes], [*(changes - 1), len(path) - 1]
    return [(int(path[a]), a, b) for a, b in zip(firsts, lasts) if path[a] >= 0]


def _label(symbol: str) -> str:
    """Returns what stands for a symbol: itself, a sign for what cannot be seen, or its number."""
    if symbol in SIGNS:
        return SIGNS[symbol]
    if not _has(symbol) or unicodedata.category(symbol)[0] in "CZ":
        return f"{NUMBER}{ord(symbol):04X}"
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
