"""Rendered lines that need no files: plain ones, and by a `?` those of `ocr_tf.data.render`.

    synthetic:PRESET?seed=1&count=1000000

opens a preset of the renderer, whose options docs/synthetic.md lists. All else here is the plain drawing,
for the quickstart, tests and controlled experiments:

    synthetic:[KIND][:count=N][:seed=S][:split=train|test][:look=clean|worn]

    synthetic:words:count=500:split=test

KIND is `digits`, `words` (random lower-case letters) or `mixed` (the default: either, by line);
count defaults to 2000, seed to 0, split to train. Lines are 4 to 10 symbols long and distinct. A
hash of the text alone decides its split: train and test share no string, whatever their seeds and
kinds. Line i depends on kind, seed, split and i only, so that a larger count begins with the lines
of a smaller one.

Images are 32 to 48 pixels high, dark on light, in five typefaces of matplotlib's bundle, with
slant, scale and noise keyed by (seed, i). A `worn` look adds what makes print hard to read, to a
degree that varies by line: pale ink, blur, strong noise, and strokes through the text. The same line
gives the same bytes with the same versions of Pillow and matplotlib.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ocr_tf.data.png import encode_png
from ocr_tf.data.render.splits import SPLITS, generator, split_of
from ocr_tf.data.render.style import PRESETS
from ocr_tf.data.source import Sample, Source
from ocr_tf.data.spec import one_of, whole_number
from ocr_tf.errors import InputError, did_you_mean

SYMBOLS = {"digits": "0123456789", "words": "abcdefghijklmnopqrstuvwxyz"}
KINDS = ("digits", "words", "mixed")
LOOKS = ("clean", "worn")

# The most that wear does: blur in pixels, ink faded to paper, standard deviation of noise in grays.
WORN_BLUR, WORN_FADING, WORN_NOISE = 2.5, 0.6, 45.0
SHORTEST, LONGEST = 4, 10
MAX_COUNT = 1_000_000

FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSansMono.ttf",
    "STIXGeneral.ttf",
    "DejaVuSans-Bold.ttf",
)

# Which of a line's random streams: text and image must not share one.
_TEXT, _IMAGE, _WEAR = 0, 1, 2

_rendering = threading.Lock()  # FreeType's faces are not for several threads at once.


class Drawn(Source):
    """Given texts as a source; line i has the look that (seed, i) decides."""

    def __init__(
        self, name: str, prefix: str, texts: Sequence[str], seed: int, look: str = "clean"
    ):
        """`name` tells the source from others, `prefix` begins the ids of its lines."""
        self.name = name
        self._seed, self._look = seed, look
        self._rendered: dict[int, bytes] = {}
        self._samples = [
            Sample(f"{prefix}/{i}", text, f"{name}#{i}") for i, text in enumerate(texts)
        ]

    def __len__(self) -> int:
        return len(self._samples)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return self._samples[i]

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        if i not in self._rendered:
            self._rendered[i] = render(self._samples[i].text, self._seed, i, self._look)
        return self._rendered[i]

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return self._samples[i].place


def open(rest: str) -> Source:
    """Opens `[KIND][:key=value...]` or `PRESET?key=value&...`, what stands behind `synthetic:`.

    Raises:
        InputError: an unknown kind or key, or a value out of its range.
    """
    if "?" in rest or (rest in PRESETS and rest not in KINDS):
        from ocr_tf.data.render.source import open_preset

        return open_preset(rest)
    spec = f"synthetic:{rest}"
    parts = [part for part in rest.split(":") if part]
    kind = parts.pop(0) if parts and "=" not in parts[0] else "mixed"
    if kind not in KINDS:
        raise InputError(
            f"{spec}: no kind {kind!r}{did_you_mean(kind, KINDS)}; there are {', '.join(KINDS)}, "
            f"and the presets {', '.join(f'{preset}?' for preset in PRESETS)}"
        )
    values = {"count": "2000", "seed": "0", "split": "train", "look": "clean"}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or key not in values:
            raise InputError(
                f"{spec}: no option {key!r}{did_you_mean(key, values)}; "
                f"there are {', '.join(f'{name}=' for name in values)}"
            )
        values[key] = value
    count = whole_number(spec, "count", values["count"], 1, MAX_COUNT)
    seed = whole_number(spec, "seed", values["seed"], 0, 2**31 - 1)
    split = one_of(spec, "split", values["split"], SPLITS)
    look = one_of(spec, "look", values["look"], LOOKS)
    name = f"synthetic:{kind}:count={count}:seed={seed}:split={split}"
    prefix = f"synthetic/{kind}-{seed}-{split}"
    if look != LOOKS[0]:
        name, prefix = f"{name}:look={look}", f"{prefix}-{look}"
    return Drawn(name, prefix, texts(kind, count, seed, split), seed, look)


def texts(kind: str, count: int, seed: int, split: str) -> list[str]:
    """Draws the first `count` distinct texts of a kind, seed and split."""
    distinct: dict[str, None] = {}
    while len(distinct) < count:
        random = generator(seed, len(distinct), _TEXT)
        while True:
            drawn = ("digits", "words")[random.integers(2)] if kind == "mixed" else kind
            length = random.integers(SHORTEST, LONGEST + 1)
            text = "".join(random.choice(list(SYMBOLS[drawn]), length))
            if split_of(text) == split and text not in distinct:
                distinct[text] = None
                break
    return list(distinct)


def drawable(symbols: Iterable[str]) -> list[str]:
    """Keeps the symbols that every typeface has."""
    from matplotlib.ft2font import FT2Font

    charmaps = [FT2Font(_path(name)).get_charmap() for name in FONTS]
    return [symbol for symbol in symbols if all(ord(symbol) in charmap for charmap in charmaps)]


def render(text: str, seed: int, index: int, look: str = "clean") -> bytes:
    """Draws a text as a PNG, 32 to 48 pixels high, whose looks (seed, index) decide."""
    from PIL import Image, ImageDraw

    random = generator(seed, index, _IMAGE)
    height = int(random.integers(32, 49))
    size = int(height * random.uniform(0.55, 0.72))
    paper, ink = random.uniform(190, 250), random.uniform(0, 80)
    with _rendering:
        font = typeface(FONTS[random.integers(len(FONTS))], size)
        ascent, descent = font.getmetrics()
        length = int(np.ceil(font.getlength(text)))
        margin = height // 4  # Holds what the slant moves aside.
        mask = Image.new("L", (length + 2 * margin, height))
        top = (height - ascent - descent) // 2 + int(random.integers(-1, 2))
        ImageDraw.Draw(mask).text((margin, top), text, font=font, fill=255)
    slant, stretch = random.uniform(-0.3, 0.3), random.uniform(0.85, 1.15)
    # Output to input: x = x' / stretch + slant (y' - height / 2).
    affine = (1 / stretch, slant, -slant * height / 2, 0, 1, 0)
    width = round(mask.width * stretch)
    mask = mask.transform(
        (width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    deviation = random.uniform(2, 12)
    if look == "worn":
        mask, ink, more = _worn(mask, paper, ink, generator(seed, index, _WEAR))
        deviation += more
    cover = np.asarray(mask, np.float32) / 255
    noise = random.normal(0, deviation, cover.shape)
    pixels = np.clip(np.rint(paper + (ink - paper) * cover + noise), 0, 255).astype(np.uint8)
    return encode_png(pixels, compress_level=1)


def _worn(
    mask: Any, paper: float, ink: float, random: np.random.Generator
) -> tuple[Any, float, float]:
    """Makes a drawn text hard to read: (its mask, its ink, standard deviation of more noise)."""
    from PIL import ImageDraw, ImageFilter

    wear = random.uniform()  # one degree for all of a line's damage: some lines are all but clean
    pen = ImageDraw.Draw(mask)
    for _ in range(random.binomial(3, wear)):
        ends = random.uniform(0, mask.height, 2)
        pen.line((0, ends[0], mask.width, ends[1]), fill=255, width=int(random.integers(1, 3)))
    mask = mask.filter(ImageFilter.GaussianBlur(WORN_BLUR * wear * random.uniform()))
    ink += (paper - ink) * WORN_FADING * wear * random.uniform()
    return mask, ink, WORN_NOISE * wear * random.uniform()


@functools.cache
def typeface(name: str, size: int) -> Any:
    """Opens one of FONTS at a size in pixels, for Pillow."""
    from PIL import ImageFont

    return ImageFont.truetype(_path(name), size)


def _path(name: str) -> str:
    import matplotlib

    return os.path.join(matplotlib.get_data_path(), "fonts", "ttf", name)
