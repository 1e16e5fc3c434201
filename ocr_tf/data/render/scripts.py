"""Scripts whose letters change with their neighbors or run from right to left; TensorFlow-free.

Such text is shaped by HarfBuzz and ordered by FriBiDi, through Pillow. Where Pillow lacks them, where
nothing here knows what a font must have for the script, or where no font has it, the text is refused by
the script's name: letters side by side would be a picture that nobody writes.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import Optional

from ocr_tf.errors import InputError

# By the first word of a letter's Unicode name: the OpenType tags by one of which a font's GSUB or GPOS
# table declares the script. Scripts without tags need their order alone.
TAGS: dict[str, tuple[str, ...]] = {
    "ARABIC": ("arab",),
    "BENGALI": ("bng2", "beng"),
    "DEVANAGARI": ("dev2", "deva"),
    "GUJARATI": ("gjr2", "gujr"),
    "GURMUKHI": ("gur2", "guru"),
    "HEBREW": (),
    "KANNADA": ("knd2", "knda"),
    "KHMER": ("khmr",),
    "LAO": ("lao ",),
    "MALAYALAM": ("mlm2", "mlym"),
    "MYANMAR": ("mym2", "mymr"),
    "NKO": ("nko ",),
    "ORIYA": ("ory2", "orya"),
    "SINHALA": ("sinh",),
    "SYRIAC": ("syrc",),
    "TAMIL": ("tml2", "taml"),
    "TELUGU": ("tel2", "telu"),
    "THAANA": ("thaa",),
    "THAI": ("thai",),
    "TIBETAN": ("tibt",),
}
COMBINING = "COMBINING"  # marks of no script in particular: HarfBuzz places them in any font

# Letters that join or reorder without being marks or right to left: first and last code point.
SHAPED_BLOCKS = (
    (0x0900, 0x109F),
    (0x1100, 0x11FF),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xABFF),
)
# Scripts within these blocks whose letters stand side by side.
SIDE_BY_SIDE = ("GEORGIAN", "CYRILLIC", "LATIN", "CHEROKEE", "TAI", "LISU")


@functools.lru_cache(maxsize=65536)
def shaped_script(symbol: str) -> Optional[str]:
    """Names the script of a symbol that needs shaping; None for a symbol that does not."""
    script = unicodedata.name(symbol, "UNKNOWN").split()[0]
    if unicodedata.category(symbol)[0] == "M":
        return script if script in TAGS else COMBINING
    if unicodedata.bidirectional(symbol) in ("R", "AL", "AN"):
        return script
    code = ord(symbol)
    if any(low <= code <= high for low, high in SHAPED_BLOCKS) and script not in SIDE_BY_SIDE:
        return script
    return None


def shaped_scripts(text: Iterable[str]) -> frozenset[str]:
    """Names the scripts of a text, or set of symbols, that need shaping."""
    return frozenset(script for symbol in text if (script := shaped_script(symbol)))


def check_shaping(symbols: Iterable[str]) -> None:
    """Refuses scripts that cannot be shaped here.

    Raises:
        InputError: the message names the script, and what to install.
    """
    for script in sorted(shaped_scripts(symbols)):
        title = "text with combining marks" if script == COMBINING else script.title()
        if script not in TAGS and script != COMBINING:
            raise InputError(
                f"{title} is not drawn: how its letters join is not known here; "
                "give images of your own for it"
            )
        if not can_shape():
            raise InputError(
                f"{title} cannot be drawn: this Pillow has no libraqm with FriBiDi; install Pillow's "
                "wheel from PyPI and the system's FriBiDi (on Debian: apt install libfribidi0)"
            )


@functools.cache
def can_shape() -> bool:
    """Whether Pillow can shape and order text here."""
    from PIL import features

    return bool(features.check("raqm") and features.check("fribidi"))
