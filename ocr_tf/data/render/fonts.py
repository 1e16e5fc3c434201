"""Fonts: finding them, and what glyphs they really have; TensorFlow-free.

A set of fonts is named by `all` (matplotlib's bundle and those of the system), `bundled`, `system`, a
folder, a file, or several of these joined by `+`. Files of equal content count once. The order of a set
and its digest depend on what is in the files and not on where they lie.

Glyphs are drawn in `glyphs`; `legibility` looks at what a font's letters are.
"""

from __future__ import annotations

import functools
import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from ocr_tf.data.render import glyphs
from ocr_tf.data.render.glyphs import PROBE, Glyph, bundle
from ocr_tf.data.render.legibility import legibility
from ocr_tf.data.render.scripts import TAGS, shaped_script, shaped_scripts
from ocr_tf.errors import NAMED, InputError
from ocr_tf.text_file import reason_of

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
SYSTEM_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)
NOTHING = "\uffff"  # no character: any font draws the glyph for what is missing
TRIES = 24  # fonts drawn at random before all are gone through in order
MARKING = ("mark", "abvm", "blwm")  # OpenType features that place marks
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LETTERS_AND_DIGITS = LETTERS + "0123456789"


class Face:
    """One face of a font file."""

    def __init__(self, path: str, index: int, family: str, style: str, digest: str):
        """`index` counts the faces of a collection; `digest` is of the file."""
        self.path, self.index, self.family, self.style, self.digest = (
            path,
            index,
            family,
            style,
            digest,
        )
        self._known: dict[str, bool] = {}
        self._missing: Optional[tuple[int, ...]] = None

    def __repr__(self) -> str:
        return f"Face({self.family} {self.style}, {self.path})"

    def has(self, text: str) -> bool:
        """Whether the face has a glyph of its own for every symbol, and what their scripts need."""
        known = self._known
        return all(known[s] if s in known else self._look_at(s) for s in text)

    def maps(self, symbols: frozenset[str]) -> frozenset[str]:
        """Those of the symbols that the face's character map names, looked at or not."""
        with glyphs.lock:
            if self.index:
                codes = glyphs.codes(self.path, self.index)
                return frozenset(symbol for symbol in symbols if ord(symbol) in codes)
            glyph_of = glyphs.freetype(self.path, PROBE).get_char_index
            return frozenset(symbol for symbol in symbols if glyph_of(ord(symbol)))

    def _look_at(self, symbol: str) -> bool:
        """Whether a symbol has a glyph that is neither empty nor the box for what is missing."""
        with glyphs.lock:
            self._known[symbol] = found = self._is_drawn(symbol)
        return found

    def _is_drawn(self, symbol: str) -> bool:
        if not self.maps(frozenset(symbol)):
            return False
        if symbol.isspace():
            return True
        if symbol in LETTERS_AND_DIGITS:
            seen = legibility(self.path, self.digest)
            if not seen.legible or (symbol.islower() and not seen.smalls):
                return False
            if symbol.isupper() and not seen.capitals:
                return False
        script = shaped_script(symbol)
        if script is not None:
            scripts, features = glyphs.layout(self.path, self.index)
            if TAGS.get(script) and not scripts.intersection(TAGS[script]):
                return False
            if unicodedata.category(symbol)[0] == "M" and not features.intersection(MARKING):
                return False
        return self._differs_from_missing(symbol)

    def _differs_from_missing(self, symbol: str) -> bool:
        """Whether a mapped symbol has ink, and other ink than the glyph for what is missing."""
        if self.index:
            drawn, missing = (
                glyphs.draw_by_pillow(self.path, self.index, s, PROBE, False)
                for s in (symbol, NOTHING)
            )
            return bool(drawn.mask.any()) and not np.array_equal(drawn.mask, missing.mask)
        font = glyphs.freetype(self.path, PROBE)
        if self._missing is None:
            self._missing = glyphs.outline(font, 0)
        outline = glyphs.outline(font, font.get_char_index(ord(symbol)))
        has_ink = outline[2] > outline[0] and outline[3] > outline[1]
        # Nothing else in a font has the very box and width of the missing glyph, but copies of it.
        return has_ink and outline != self._missing

    def glyph(self, symbol: str, size: int) -> Glyph:
        """Draws one symbol, unhinted, at `size` pixels an em."""
        return glyphs.draw(self.path, self.index, symbol, size)

    def kerning(self, first: str, second: str, size: int) -> float:
        """How many pixels the font moves the second symbol when it follows the first."""
        if self.index:
            return 0.0
        with glyphs.lock:
            font = glyphs.freetype(self.path, size)
            pair = font.get_char_index(ord(first)), font.get_char_index(ord(second))
            return float(font.get_kerning(*pair, glyphs.library().KERNING_UNFITTED) / 64)

    def run(self, text: str, size: int) -> Glyph:
        """Draws a text as its scripts demand: joined, marked, and in the order in which it is written."""
        with glyphs.lock:
            return glyphs.draw_by_pillow(self.path, self.index, text, size, shaped=True)


class FontSet:
    """Faces to draw from, in an order that their content decides."""

    def __init__(self, name: str, faces: Sequence[Face]):
        """`name` is how messages call the set."""
        self.name = name
        self.faces = tuple(sorted(faces, key=lambda f: (f.family, f.style, f.digest, f.index)))
        families: dict[str, list[Face]] = {}
        for face in self.faces:
            families.setdefault(face.family, []).append(face)
        self.families = tuple(tuple(family) for family in families.values())
        content = "\n".join(f"{face.digest} {face.index}" for face in self.faces)
        self.digest = hashlib.sha256(content.encode()).hexdigest()[:12]

    def __len__(self) -> int:
        return len(self.faces)

    def for_symbols(self, symbols: frozenset[str]) -> FontSet:
        """Keeps the faces that have at least half of the symbols.

        Raises:
            InputError: no face has one of them; the message names it.
        """
        wanted = frozenset(symbol for symbol in symbols if not symbol.isspace())
        maps = {face: face.maps(wanted) for face in self.faces}
        few = [face for face, found in maps.items() if 2 * len(found) >= len(wanted)]
        # What no font has is named before what only fonts have that lack most else.
        missing = sorted(wanted.difference(*maps.values()))
        missing = missing or [s for s in sorted(wanted) if not any(face.has(s) for face in few)]
        if missing:
            named = ", ".join(f"{symbol} (U+{ord(symbol):04X})" for symbol in missing[:NAMED])
            more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            ideographs = unicodedata.name(missing[0], "").startswith(
                ("CJK", "HIRAGANA", "KATAKANA")
            )
            package = "fonts-noto-cjk" if ideographs else "fonts-noto-core"
            raise InputError(
                f"no font among {len(self)} of fonts={self.name} has {named}{more}; name a font or a folder "
                f"with fonts=, or install fonts (on Debian: apt install {package})"
            )
        return FontSet(self.name, few)

    def preferring(self, words: Sequence[str]) -> FontSet:
        """Keeps the faces in whose family or style one of the words stands; all, where none does."""
        liked = [
            face
            for face in self.faces
            if any(word.lower() in f"{face.family} {face.style}".lower() for word in words)
        ]
        return FontSet(self.name, liked) if liked else self

    def choose(self, text: str, random: np.random.Generator) -> Optional[Face]:
        """Draws a face that has all of a text: half the time first a family and then one of its faces.

        So families of many weights, which most print is set in, come more often than others and do not
        crowd them out. None where no face has it.
        """
        for _ in range(TRIES):
            by_family, first, second = random.random(3)
            if by_family < 0.5:
                family = self.families[int(first * len(self.families))]
                face = family[int(second * len(family))]
            else:
                face = self.faces[int(first * len(self.faces))]
            if face.has(text):
                return face
        start = int(random.integers(len(self.faces)))
        for face in self.faces[start:] + self.faces[:start]:
            if face.has(text):
                return face
        return None


def find(name: str) -> FontSet:
    """Finds a set of fonts.

    Args:
        name: `all`, `bundled`, `system`, a folder, a file, or several joined by `+`.

    Raises:
        InputError: there is no such folder or file, one that is named holds no fonts, or a file in it
            is none.
    """
    named = [name] if os.path.exists(name) else name.split("+")
    files: dict[Path, bool] = {}  # and whether somebody named it
    for part in named:
        if part in ("all", "bundled"):
            files.update(dict.fromkeys(_below(bundle()), False))
        if part in ("all", "system"):
            for folder in SYSTEM_FOLDERS:
                files.update(dict.fromkeys(_below(Path(folder).expanduser()), False))
        elif part != "bundled":
            files.update(dict.fromkeys(_given(part), True))
    faces: dict[str, Face] = {}
    for path, is_named in files.items():
        face = _face(path, is_named)
        if face is not None:
            faces.setdefault(face.digest, face)
    return FontSet(name, list(faces.values()))


def _given(name: str) -> list[Path]:
    path = Path(name).expanduser()
    if not path.exists():
        raise InputError(
            f"fonts={name}: no such folder or file; there are all, bundled, system, or name a folder of "
            "TrueType or OpenType files"
        )
    if path.is_file():
        return [path]
    found = _below(path)
    if not found:
        raise InputError(f"fonts={name}: holds no files that end in {', '.join(SUFFIXES)}")
    return found


def _below(folder: Path) -> list[Path]:
    return sorted(
        Path(parent) / file
        for parent, _, files in os.walk(folder, followlinks=True)
        for file in files
        if file.lower().endswith(SUFFIXES)
    )


def _face(path: Path, is_named: bool) -> Optional[Face]:
    """Opens a font file; one that is none is an error if somebody named it and is left out otherwise."""
    try:
        status = path.stat()
        described = _describe(str(path), status.st_size, status.st_mtime_ns)
    except (OSError, RuntimeError, ValueError) as error:
        if not is_named:
            return None
        raise InputError(
            f"{path}: not a font that FreeType can read ({reason_of(error)}); remove it from the folder "
            "or name other fonts"
        ) from None
    return Face(str(path), *described)


@functools.cache
def _describe(path: str, size: int, changed: int) -> tuple[int, str, str, str]:
    """Names a file's face: index, family, style, digest of the file."""
    from matplotlib.ft2font import FT2Font
    from PIL import ImageFont

    content = Path(path).read_bytes()
    index = 0
    with glyphs.lock:
        if content[:4] == b"ttcf":  # A collection for East Asia has a face for each country.
            count = int.from_bytes(content[8:12], "big")
            names = [ImageFont.truetype(path, PROBE, i).getname() for i in range(count)]
            index = next(
                (i for i, (family, _) in enumerate(names) if str(family).endswith(" SC")), 0
            )
            family, style = names[index]
        else:
            font = FT2Font(path)
            family, style = font.family_name, font.style_name
            if not font.scalable:
                raise ValueError("has bitmaps only")
    return index, str(family), str(style), hashlib.sha256(content).hexdigest()


def needs_run(text: Iterable[str]) -> bool:
    """Whether a text is drawn as one shaped run and not letter by letter."""
    return bool(shaped_scripts(text))
