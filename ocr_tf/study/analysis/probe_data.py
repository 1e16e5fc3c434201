"""Makes lines on purpose, each kind to probe one thing.

    repeats     "aaaa": one symbol over and over, next to as many symbols without a repeat
    words       words of the training lines, next to the same symbols in another order
    lengths     random symbols, up to twice as many as the longest training line has
    joined      one, two and three test lines side by side, as if they were one

The first three are drawn by `ocr_tf.data.synthetic`, in letters and digits that training lines hold
often, that all networks know and all typefaces have; line j of every level has the same look. They tell
much of networks trained on similar print, and little of others: each level of what is probed has a
control, another level that lacks only that. `joined` stays with the images that the networks were
trained for. Networks that see all lines at one width see longer ones squeezed. TensorFlow-free.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.data import synthetic
from ocr_tf.data.png import encode_png
from ocr_tf.data.source import Sample, Source
from ocr_tf.types import Array

LINES = 40  # of a level
REPEATS = (2, 3, 4, 6, 8)  # symbols
WORDS = (4, 10)  # symbols of the shortest and of the longest word
LENGTHS = (0.5, 1.0, 1.5, 2.0)  # of the longest training line
JOINED = (1, 2, 3)  # test lines
COMMON = 0.001  # of the symbols of the training lines: rarer ones are not drawn
SEED = 0  # of texts and looks

MEANINGS = {
    "repeats": "one symbol, so many times",
    "no repeats": "so many random symbols, none next to itself",
    "words": "words of the training lines",
    "shuffled words": "the same symbols in an order that is no word of the training lines",
    "lengths": "so many random symbols, none next to itself; training lines have at most {longest}",
    "joined": "so many test lines side by side; training lines have at most {longest} symbols",
}


# The image of a line as [H, W] uint8 gray, by its position.
Pixels = Callable[[int], Array]


class Level(NamedTuple):
    """The lines of one probe."""

    family: str  # of MEANINGS
    name: str
    source: Source
    control: Optional[tuple[str, str]] = (
        None  # family and name of the level that it is compared with
    )


class Joined(Source):
    """`count` lines of a source after one another as one line, from every line on."""

    def __init__(
        self, source: Source, pixels: Pixels, starts: Sequence[int], count: int, between: str
    ):
        """Joins the lines that begin at `starts`, counted in `source`.

        Args:
            source: the lines, in their order.
            pixels: gives the image of each.
            starts: the first line of each joined one.
            count: lines of each joined one.
            between: is written between two lines' texts; there is a gap between their images if it is not
                empty.
        """
        self.name = f"{count} lines of {source.name}"
        self._pixels, self._starts, self._count = pixels, starts, count
        self._total, self._gap = len(source.samples), bool(between)
        self._joined: list[Sample] = []
        for start in starts:
            parts = [source.samples[i] for i in self._parts(start)]
            text = between.join(part.text for part in parts)
            name = f"joined-{count}/{parts[0].id}"
            self._joined.append(Sample(name, text, f"{parts[0].place} and the next {count - 1}"))

    def _parts(self, start: int) -> list[int]:
        return [(start + k) % self._total for k in range(self._count)]

    def __len__(self) -> int:
        return len(self._joined)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return self._joined[i]

    def read(self, i: int) -> bytes:
        """Encodes joined line i as a PNG as high as the first of its lines."""
        images = [self._pixels(part) for part in self._parts(self._starts[i])]
        height = images[0].shape[0]
        scaled = [
            cv2.resize(
                image,
                (max(1, round(image.shape[1] * height / image.shape[0])), height),
                interpolation=cv2.INTER_AREA,
            )
            for image in images
        ]
        if self._gap:  # of half the height, in each image's own paper
            gaps = [np.full((height, height // 2), np.median(image), np.uint8) for image in scaled]
            scaled = [part for pair in zip(scaled, gaps) for part in pair]
        return encode_png(np.hstack(scaled), compress_level=1)

    def origin(self, i: int) -> str:
        """Names the lines that joined line i is made of."""
        return self._joined[i].place


def drawn(trained: Sequence[str], known: Sequence[str]) -> list[Level]:
    """Makes the probes that are rendered; families that cannot be made are left out.

    Args:
        trained: texts of the training lines.
        known: symbols that all networks know.
    """
    symbols = synthetic.drawable(_common(trained, known))
    if len(symbols) < 2:
        return []
    levels = []
    for size in REPEATS:
        random = _drawn("no repeats", str(size), _random(symbols, size))
        levels += [random, _drawn("repeats", str(size), _runs(symbols, size), random)]
    words = _words(symbols, trained)
    if len(words) == LINES:
        whole = _drawn("words", "in order", words)
        levels += [whole, _drawn("shuffled words", "shuffled", _shuffled(words, trained), whole)]
    longest = max(map(len, trained))
    shortest = None
    for size in dict.fromkeys(max(1, round(share * longest)) for share in LENGTHS):
        levels.append(_drawn("lengths", str(size), _random(symbols, size), shortest))
        shortest = shortest or levels[-1]
    return levels


def joined(source: Source, pixels: Pixels, known: Sequence[str]) -> list[Level]:
    """Puts lines side by side, with a space between them where that is a symbol of all networks.

    Args:
        source: the lines.
        pixels: gives the image of each.
        known: symbols that all networks know.
    """
    total = len(source.samples)
    if total <= max(JOINED):
        return []
    starts = np.unique(np.linspace(0, total, LINES, endpoint=False).astype(int)).tolist()
    between = " " if " " in known else ""
    first, *more = (
        Level("joined", str(count), Joined(source, pixels, starts, count, between))
        for count in JOINED
    )
    return [first, *(level._replace(control=(first.family, first.name)) for level in more)]


# Texts


def _common(trained: Sequence[str], known: Sequence[str]) -> list[str]:
    """Picks letters and digits that are not rare; no spaces and dots, which are lost at a line's end."""
    counts = Counter("".join(trained))
    least = COMMON * sum(counts.values())
    return [s for s in known if unicodedata.category(s)[0] in "LN" and counts[s] >= least]


def _generator(*purpose: str) -> np.random.Generator:
    """Makes a generator keyed by what it is for: no probe depends on the others."""
    return np.random.default_rng([SEED, *"\0".join(purpose).encode()])


def _runs(symbols: Sequence[str], size: int) -> list[str]:
    draw = _generator("repeats", str(size))
    return [str(draw.choice(symbols)) * size for _ in range(LINES)]


def _random(symbols: Sequence[str], size: int) -> list[str]:
    draw = _generator("random", str(size))
    texts = []
    for _ in range(LINES):
        text = ""
        while len(text) < size:
            symbol = str(draw.choice(symbols))
            if not text.endswith(symbol):
                text += symbol
        texts.append(text)
    return texts


def _words(symbols: Sequence[str], trained: Sequence[str]) -> list[str]:
    """Draws LINES words of the training lines, or as many as there are."""
    known, (shortest, longest) = set(symbols), WORDS
    words = sorted(
        word
        for word in {word for text in trained for word in text.split()}
        if shortest <= len(word) <= longest and len(set(word)) > 1 and set(word) <= known
    )
    chosen = _generator("words").permutation(len(words))[:LINES]
    return [words[i] for i in sorted(chosen)]


def _shuffled(words: Sequence[str], trained: Sequence[str]) -> list[str]:
    draw = _generator("shuffled")
    seen = {word for text in trained for word in text.split()}
    shuffled = []
    for word in words:
        orders = ("".join(draw.permutation(list(word))) for _ in range(100))
        shuffled.append(next((order for order in orders if order not in seen), word[::-1]))
    return shuffled


def _drawn(family: str, name: str, texts: Sequence[str], control: Optional[Level] = None) -> Level:
    prefix = f"probe/{family}/{name}"
    source = synthetic.Drawn(prefix, prefix, texts, SEED)
    return Level(family, name, source, control and (control.family, control.name))
