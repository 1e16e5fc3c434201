"""Opens `synthetic:PRESET?key=value&key=value`: drawn lines as a source; TensorFlow-free.

Line i is a function of the options but count, of i, and of the fonts and files that are used. What it says
and how it looks come from two streams of random numbers of its own, so that any part of a set can be drawn
by itself, in any order and in any process. A digest of everything that decides a set is in its name and in
its ids: sets that differ in fonts or words are never taken for one another.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Optional
from urllib.parse import quote

import numpy as np

from ocr_tf.data.render.content import (
    CASES,
    Bounds,
    Content,
    Corpus,
    Hanzi,
    Lexicon,
    Numbers,
    Patterned,
    Punctuated,
    Syllables,
)
from ocr_tf.data.render.draw import draw
from ocr_tf.data.render.fonts import FontSet, find
from ocr_tf.data.render.scripts import check_shaping
from ocr_tf.data.render.splits import SPLITS, generator
from ocr_tf.data.render.strokes import SYMBOLS
from ocr_tf.data.render.style import HARDEST, PRESETS, Style, at_difficulty
from ocr_tf.data.source import Facts, MadeLines, Sample
from ocr_tf.data.spec import one_of, split_options, whole_number
from ocr_tf.errors import InputError, did_you_mean

RENDERER = 2  # to be raised whenever the same options draw other pictures or texts
MAX_COUNT = 10**9
ASPECT = 1.5, 0.24  # of a picture: width / height, and what each symbol adds to it, on the average
LOWEST, HIGHEST = 16, 128  # rows of a picture
LONGEST = 200  # symbols of a line
NUMBERS = 0.1  # share of numbers among words that are not given
OPTIONS = {
    "count": "2000",
    "seed": "0",
    "split": "train",
    "lexicon": "",
    "corpus": "",
    "template": "",
    "length": "",
    "case": "",
    "numbers": "",
    "punctuation": "",
    "fonts": "",
    "height": "",
    "color": "no",
    "difficulty": "1",
    "digest": "",
}
# What each preset says where no lexicon, corpus or template is given, and how long it is.
LENGTHS = {"words": (1, 25), "bankcard": (1, 40), "phone": (1, 40), "chinese": (2, 8)}
# The random streams of a line; the plain drawings of `ocr_tf.data.synthetic` have 0 to 2.
_TEXT, _LOOK = 16, 17


class Rendered(MadeLines):
    """Lines that are drawn when they are asked for."""

    def __init__(
        self,
        name: str,
        prefix: str,
        count: int,
        seed: int,
        content: Content,
        style: Style,
        fonts: Optional[FontSet],
        colored: bool,
    ):
        """`name` tells the source from others, `prefix` begins the ids of its lines."""
        super().__init__(name, prefix, count)
        self._seed = seed
        self._content, self._style, self._fonts, self._colored = content, style, fonts, colored

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        text = self._content.draw(generator(self._seed, i, _TEXT))
        return Sample(self.line_id(i), text.label, self.origin(i))

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        text = self._content.draw(generator(self._seed, i, _TEXT)).drawn
        look = generator(self._seed, i, _LOOK)
        try:
            return draw(text, self._style, self._fonts, look, self._colored)
        except InputError as error:
            raise InputError(f"{self.origin(i)}: {error}") from None

    def facts(self) -> Facts:
        """See `Source.facts`: nothing is drawn for them, so that widths are estimates."""
        lengths = np.array([len(self.text(i)) for i in range(len(self))])
        heights = np.full(len(self), self._style.height)
        widths = np.rint(heights * (ASPECT[0] + ASPECT[1] * lengths))
        return self.facts_of(heights, widths, exact=False)


def open_preset(rest: str) -> Rendered:
    """Opens `PRESET?key=value&key=value`, what stands behind `synthetic:`.

    Raises:
        InputError: an unknown preset or option, a value out of its range, a lexicon, corpus, template or
            font that cannot be used, symbols that no font has, or a script that cannot be shaped here.
    """
    spec = f"synthetic:{rest}"
    preset, values = split_options("synthetic", rest.removesuffix("?"), OPTIONS)
    if preset not in PRESETS:
        raise InputError(
            f"{spec}: no preset {preset!r}{did_you_mean(preset, PRESETS)}; "
            f"there are {', '.join(PRESETS)}"
        )
    count = whole_number(spec, "count", values["count"], 1, MAX_COUNT)
    seed = whole_number(spec, "seed", values["seed"], 0, 2**31 - 1)
    split = one_of(spec, "split", values["split"], (*SPLITS, "all"))
    colored = one_of(spec, "color", values["color"], ("no", "yes")) == "yes"
    style = PRESETS[preset]
    if values["height"]:
        height = whole_number(spec, "height", values["height"], LOWEST, HIGHEST)
        style = dataclasses.replace(style, height=height)
    values["difficulty"] = f"{_number(spec, 'difficulty', values['difficulty'], HARDEST):g}"
    difficulty = float(values["difficulty"])
    if difficulty != 1:
        style = at_difficulty(style, difficulty)
    content = _content(spec, preset, values)
    content.draw(
        generator(seed, 0, _TEXT)
    )  # an empty split is an error now, not when line 0 is read
    check_shaping(content.symbols)
    style, fonts = _fonts(spec, values["fonts"], style, content.symbols)

    decides = {
        "renderer": RENDERER,
        "style": style,
        "fonts": fonts.digest if fonts is not None else "",
        **{
            key: values[key]
            for key in ("template", "length", "case", "numbers", "punctuation", "color")
        },
        **{key: _digest_of(values[key]) for key in ("lexicon", "corpus")},
    }
    if difficulty != 1:
        decides["difficulty"] = values["difficulty"]
    described = "\n".join(f"{key}={value!r}" for key, value in decides.items())
    digest = hashlib.sha256(f"{preset}\n{described}".encode()).hexdigest()[:12]
    if values["digest"] not in ("", digest):
        raise InputError(
            f"{spec}: what is here draws the set {digest}, not {values['digest']}: other fonts, other "
            "files, or another version; bring them back, or leave digest= out to draw a new set"
        )
    values["digest"] = digest
    changed = "&".join(
        f"{key}={quote(value, safe=SAFE)}"
        for key, value in values.items()
        if value != OPTIONS[key] or key in ("count", "seed", "split")
    )
    prefix = f"synthetic/{preset}-{digest}-{seed}-{split}"
    return Rendered(
        f"synthetic:{preset}?{changed}", prefix, count, seed, content, style, fonts, colored
    )


SAFE = "/:+-_.~ ()[]{}|\\"


def _content(spec: str, preset: str, values: Mapping[str, str]) -> Content:
    given = [key for key in ("lexicon", "corpus", "template") if values[key]]
    if len(given) > 1:
        raise InputError(f"{spec}: {' and '.join(given)} exclude one another; give one of them")
    shortest, longest = _length(spec, values["length"], LENGTHS[preset])
    says_words = preset == "words" and given in ([], ["lexicon"])
    case = values["case"] or ("mixed" if says_words else "keep")
    one_of(spec, "case", case, CASES)
    bounds = Bounds(spec, values["split"], shortest, longest, case)
    content: Content
    if values["lexicon"]:
        content = Lexicon(values["lexicon"], bounds)
    elif values["corpus"]:
        content = Corpus(values["corpus"], bounds)
    elif values["template"] or preset in ("bankcard", "phone"):
        content = Patterned(values["template"] or preset, bounds)
    else:
        content = Hanzi(bounds) if preset == "chinese" else Syllables(bounds)
    numbers_too = preset == "words" and not given
    share = _share(spec, values, "numbers", NUMBERS * numbers_too)
    if share:
        content = Numbers(content, share, bounds)
    marked = _share(spec, values, "punctuation", 0.0)
    if marked and not says_words:
        raise InputError(f"{spec}: punctuation is for words and lexicons; leave it out here")
    return Punctuated(content, marked, bounds) if marked else content


def _fonts(
    spec: str, name: str, style: Style, symbols: frozenset[str]
) -> tuple[Style, Optional[FontSet]]:
    """The fonts to draw with, and the style: fonts that are named are used in place of a pen."""
    if name:
        style = dataclasses.replace(style, ink=dataclasses.replace(style.ink, written=0.0))
    elif style.ink.written == 1.0:
        others = sorted(symbols - SYMBOLS)
        if others:
            raise InputError(
                f"{spec}: the pen of this preset writes {''.join(sorted(SYMBOLS)).strip()} and not "
                f"{''.join(others[:5])}; name handwriting fonts with fonts="
            )
        return style, None
    try:
        fonts = find(name or "all")
        fonts = fonts.for_symbols(symbols)
    except InputError as error:
        raise InputError(f"{spec}: {error}") from None
    return style, fonts if name else fonts.preferring(style.ink.fonts)


def _length(spec: str, value: str, default: tuple[int, int]) -> tuple[int, int]:
    if not value:
        return default
    low, _, high = value.partition("-")
    shortest = whole_number(spec, "length", low, 1, LONGEST)
    return shortest, whole_number(spec, "length", high or low, shortest, LONGEST)


def _share(spec: str, values: Mapping[str, str], key: str, default: float) -> float:
    if not values[key]:
        return default
    return _number(spec, key, values[key], 1.0)


def _number(spec: str, key: str, value: str, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= most:
        raise InputError(f"{spec}: {key} is a number from 0 to {most:g}, not {value!r}")
    return number


def _digest_of(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""
