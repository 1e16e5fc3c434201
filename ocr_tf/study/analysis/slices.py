"""Compares the conditions on slices: sets of test lines by what they say and how they look.

A slice is of one family; families that measure something cut the lines at its quartiles, so that their
slices hold about as many lines each. A slice that holds all lines or none is left out. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.metrics import paired
from ocr_tf.normalization import nfc
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

PARTS = 4  # quartiles
RARE = (10, 100)  # occurrences in training that bound what is called rare

# Classes of symbols: their names, and which symbols are in them.
CLASSES: dict[str, Callable[[str], bool]] = {
    "a digit": lambda s: unicodedata.category(s) == "Nd",
    "an upper-case letter": lambda s: unicodedata.category(s) in ("Lu", "Lt"),
    "punctuation or a sign": lambda s: unicodedata.category(s)[0] in "PS",
    "white space": str.isspace,
    "a symbol outside ASCII": lambda s: not s.isascii(),
}


class Members(NamedTuple):
    """A set of test lines."""

    family: str  # what it is one of, for example "label length"
    name: str  # for example "4 to 6 symbols"
    mask: Array  # [N] bool


class Features(NamedTuple):
    """Measures of a line's image before it is resized; NaN where it cannot be read."""

    height: float  # pixels
    aspect: float  # width / height
    contrast: float  # standard deviation of the gray levels, 0 to 127.5
    sharpness: float  # variance of the Laplacian, squared gray levels


@dataclasses.dataclass(frozen=True)
class SliceComparison:
    """The conditions on one slice of the test lines."""

    family: str
    name: str
    lines: int  # N
    indices: tuple[int, ...]  # [N] of the lines
    rates: dict[str, RateEstimate]  # by condition
    differences: tuple[paired.Slice, ...]  # of every pair of conditions, in the grid's order

    def difference(self, a: str, b: str) -> Optional[paired.Slice]:
        """Returns that of the pair (A, B), or None if it was not compared."""
        return next((d for d in self.differences if (d.a, d.b) == (a, b)), None)


def features(image: Optional[Array]) -> Features:
    """Measures an image [H, W] uint8.

    Sharpness: Pech-Pacheco et al. 2000, Diatom autofocusing in brightfield microscopy (LAPV).
    """
    if image is None:
        return Features(*[float("nan")] * len(Features._fields))
    height, width = image.shape
    laplacian = cv2.Laplacian(image, cv2.CV_64F)
    return Features(height, width / height, float(image.std()), float(laplacian.var()))


def members(
    references: Sequence[str],
    trained: Optional[Sequence[str]] = None,
    images: Optional[Sequence[Features]] = None,
) -> list[Members]:
    """Cuts the test lines into slices.

    Args:
        references: [N], as labeled: what normalization takes away is in the image all the same.
        trained: texts of the training lines, for what is rare or unseen in them.
        images: [N] features of their images.
    """
    texts = [nfc(text) for text in references]
    every = [
        *cut("label length", "{} symbols", [len(text) for text in texts]),
        *_runs(texts),
        *_classes(texts),
    ]
    if trained is not None:
        every += [*_rare(texts, trained), *_words(texts, trained)]
    if images is not None:
        columns = dict(zip(Features._fields, np.array(images, float).T))
        every += [
            *cut("aspect ratio", "{} times as wide as high", columns["aspect"]),
            *cut("image height", "{} pixels", columns["height"]),
            *cut("contrast", "{} gray levels", columns["contrast"]),
            *cut("sharpness", "{} squared gray levels", columns["sharpness"]),
        ]
    return [m for m in every if m.mask.any() and not m.mask.all()]


def compare(
    grid: Grid, slices: Sequence[Members], metric: str, confidence: float = 0.95
) -> tuple[SliceComparison, ...]:
    """Compares all conditions on every slice.

    Every slice has each condition's rate and, for every pair, their difference there and its test against
    the rest of the lines; p is adjusted by Benjamini and Hochberg over all slices of a pair. A slice whose
    references are all empty has no rate and is left out.
    """
    conditions = {name: statistics.outcomes(grid, name, metric) for name in grid.conditions}
    lengths = next(iter(conditions.values())).lengths
    named = {f"{m.family}: {m.name}": m for m in slices if lengths[m.mask].any()}
    masks = {name: m.mask for name, m in named.items()}
    differences: dict[str, list[paired.Slice]] = {name: [] for name in named}
    for a, b in estimates.pairs(grid):
        one, other = conditions[a], conditions[b]
        target = estimates.target(one, other)
        for difference in paired.slices(one, other, masks, target, confidence, grid.paired):
            differences[difference.name].append(difference)
    return tuple(
        SliceComparison(
            family=m.family,
            name=m.name,
            lines=int(m.mask.sum()),
            indices=tuple(np.flatnonzero(m.mask).tolist()),
            rates={
                condition: estimates.rate(outcomes.take(m.mask))
                for condition, outcomes in conditions.items()
            },
            differences=tuple(differences[name]),
        )
        for name, m in named.items()
    )


def cut(family: str, unit: str, values: Sequence[float]) -> list[Members]:
    """Cuts the lines into about equal parts by a value [N], whose range in each part names it.

    Equal values stay together; lines whose value is NaN are in no part.
    """
    numbers = np.asarray(values, float)
    known = np.isfinite(numbers)
    if not known.any():
        return []
    shares = np.arange(1, PARTS) / PARTS
    edges = np.unique(np.quantile(numbers[known], shares, method="inverted_cdf"))
    part = np.searchsorted(edges, numbers)  # an edge is the last value of its part
    masks = [known & (part == i) for i in range(len(edges) + 1)]
    ranges = [(numbers[mask].min(), numbers[mask].max()) for mask in masks if mask.any()]
    # As few digits as tell the parts apart.
    for digits in (3, 6, 17):
        names = [unit.format(_range(low, high, digits)) for low, high in ranges]
        if len(set(names)) == len(names):
            break
    return [Members(family, *named) for named in zip(names, filter(np.any, masks))]


def _range(low: float, high: float, digits: int) -> str:
    whole = [end.is_integer() or abs(end) >= 10**digits for end in (low, high)]
    ends = [f"{end:.0f}" if w else f"{end:.{digits}g}" for end, w in zip((low, high), whole)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def longest_run(text: str) -> int:
    """Counts the symbols of the longest run of one symbol; 0 for an empty text."""
    return max((len(run.group()) for run in re.finditer(r"(.)\1*", text, re.DOTALL)), default=0)


def _runs(texts: Sequence[str]) -> list[Members]:
    runs = np.array([longest_run(text) for text in texts])
    family = "longest run of a repeated symbol"
    return [
        Members(family, "no symbol repeated", runs <= 1),
        Members(family, "2 symbols", runs == 2),
        Members(family, "3 symbols or more", runs >= 3),
    ]


def _classes(texts: Sequence[str]) -> list[Members]:
    return [
        Members("contains", name, np.array([any(map(is_member, text)) for text in texts]))
        for name, is_member in CLASSES.items()
    ]


def _rare(texts: Sequence[str], trained: Sequence[str]) -> list[Members]:
    """Groups lines by the symbol that training had least of; empty lines are in none."""
    seen = Counter(symbol for text in trained for symbol in nfc(text))
    least = np.array([min((seen[s] for s in text), default=-1) for text in texts])
    family, (some, many) = "rarest symbol in training", RARE
    return [
        Members(family, "never seen", least == 0),
        Members(family, f"seen 1 to {some - 1} times", (least >= 1) & (least < some)),
        Members(family, f"seen {some} to {many - 1} times", (least >= some) & (least < many)),
        Members(family, f"seen {many} times or more", least >= many),
    ]


def _words(texts: Sequence[str], trained: Sequence[str]) -> list[Members]:
    """Groups lines by whether training had all their words, as split on white space."""
    seen = {word for text in trained for word in nfc(text).split()}
    words = [set(text.split()) for text in texts]
    some = np.array([bool(line_words) for line_words in words])
    known = np.array([line_words <= seen for line_words in words])
    return [
        Members("words in training", "all seen", some & known),
        Members("words in training", "one or more unseen", some & ~known),
    ]
