"""Glyphs of font files as masks, and what their tables say; TensorFlow-free.

FreeType's faces are not for several threads at once: whoever calls a function here holds `lock`, but for
`draw`, which takes it. A face of a collection (index above 0) is drawn by Pillow, all others by matplotlib's
FreeType.
"""

from __future__ import annotations

import functools
import io
import os
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ocr_tf.types import Array

OPEN_FACES = 512
IN_MEMORY = 2**21  # bytes: larger files are read where they lie
PROBE = 32  # pixels an em at which glyphs are looked at

lock = threading.RLock()


class Glyph(NamedTuple):
    """A glyph, or a run of shaped ones, as a mask."""

    mask: Array  # [h, w] uint8, 255 where ink is; may be empty
    left: int  # pixels from the pen to the mask's left edge
    top: int  # pixels from the baseline up to the mask's top edge
    advance: float  # pixels that the pen moves on


_NO_INK = np.zeros((0, 0), np.uint8)


def draw(path: str, index: int, symbol: str, size: int) -> Glyph:
    """Draws one symbol, unhinted, at `size` pixels an em."""
    with lock:
        if index:
            return draw_by_pillow(path, index, symbol, size, shaped=False)
        font = freetype(path, size)
        loaded = font.load_char(ord(symbol), flags=library().LOAD_NO_HINTING)
        left, bottom, right, top = loaded.bbox  # 1/64 pixels
        left, bottom = left // 64, bottom // 64
        width, height = -(-right // 64) - left, -(-top // 64) - bottom
        advance = loaded.linearHoriAdvance / 65536
        if width <= 0 or height <= 0:
            return Glyph(_NO_INK, 0, 0, advance)
        image = library().FT2Image(width, height)
        font.draw_glyph_to_bitmap(image, -left, 0, loaded, True)
        return Glyph(np.array(image), left, bottom + height, advance)


def bundle() -> Path:
    """Returns the folder of the fonts that come with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@functools.cache
def library() -> Any:
    """Loads FreeType."""
    from matplotlib import ft2font

    return ft2font


def freetype(path: str, size: int) -> Any:
    """Opens a font, or finds it open, and sets how many pixels an em has; forgets the glyphs it drew."""
    font = _opened(path)
    font.clear()
    font.set_size(size, 72)
    return font


@functools.lru_cache(maxsize=OPEN_FACES)
def _opened(path: str) -> Any:
    # FreeType reads through Python here: from memory twice as fast as from a file.
    small = os.path.getsize(path) <= IN_MEMORY
    file = io.BytesIO(Path(path).read_bytes()) if small else path
    return library().FT2Font(file, hinting_factor=1)


def outline(font: Any, glyph: int) -> tuple[int, ...]:
    """The box and the advance of a glyph, in 1/64 pixels."""
    loaded = font.load_glyph(glyph, flags=library().LOAD_NO_HINTING)
    return (*loaded.bbox, loaded.horiAdvance)


@functools.lru_cache(maxsize=OPEN_FACES)
def _pillow(path: str, index: int, size: int, shaped: bool) -> Any:
    from PIL import ImageFont

    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index, layout_engine=engine)


def draw_by_pillow(path: str, index: int, text: str, size: int, shaped: bool) -> Glyph:
    """Draws a text as one glyph, shaped as its scripts demand or letter by letter."""
    from PIL import Image, ImageDraw

    font = _pillow(path, index, size, shaped)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    left, top = int(np.floor(left)), int(np.floor(top))
    width, height = int(np.ceil(right)) - left, int(np.ceil(bottom)) - top
    advance = float(font.getlength(text))
    if width <= 0 or height <= 0:
        return Glyph(_NO_INK, 0, 0, advance)
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((-left, -top), text, font=font, fill=255, anchor="ls")
    return Glyph(np.array(image), left, -top, advance)


@functools.cache
def codes(path: str, index: int) -> frozenset[int]:
    """The code points that the character map of a face of a collection names."""
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})


@functools.cache
def layout(path: str, index: int) -> tuple[frozenset[str], frozenset[str]]:
    """The OpenType tags of the scripts and of the features that a face's layout tables name."""
    from fontTools.ttLib import TTFont

    scripts: set[str] = set()
    features: set[str] = set()
    with TTFont(path, fontNumber=index, lazy=True) as font:
        for name in ("GSUB", "GPOS"):
            table = font[name].table if name in font else None
            if table is not None and table.ScriptList is not None:
                scripts.update(record.ScriptTag for record in table.ScriptList.ScriptRecord)
            if table is not None and table.FeatureList is not None:
                features.update(record.FeatureTag for record in table.FeatureList.FeatureRecord)
    return frozenset(scripts), frozenset(features)
