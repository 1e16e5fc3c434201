"""Lines made on purpose, and what the networks read of them.

    repeats     "aaaa": one symbol over and over, next to as many symbols without a repeat
    words       words of the training lines, next to the same symbols in another order
    lengths     random symbols, up to twice as many as the longest training line has
    joined      one, two and three test lines side by side, as if they were one

The first three are drawn by `ocr_tf.data.synthetic`, in letters and digits that training lines hold
often, that all networks know and all typefaces have; line j of every level has the same look. They tell
much of networks trained on similar print, and little of others: the levels without repeats, or of lengths
within training, say how well it is read at all. `joined` stays with the images that the networks were
trained for.
"""

from __future__ import annotations

import dataclasses
import io
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from ocr_tf.data import pipeline, synthetic
from ocr_tf.data.image import original
from ocr_tf.data.source import Concatenation, Sample, Source
from ocr_tf.experiment import preflight
from ocr_tf.experiment.predictions import Prediction
from ocr_tf.experiment.reading import Reader, Reading
from ocr_tf.study import answer
from ocr_tf.study.grid import Grid
from ocr_tf.study.why import figures, operations
from ocr_tf.study.why.material import Chosen
from ocr_tf.study.why.networks import BATCH, Networks

LINES = 40  # of a level
REPEATS = (2, 3, 4, 6, 8)  # symbols
WORDS = (4, 10)  # symbols of the shortest and of the longest word
LENGTHS = (0.5, 1.0, 1.5, 2.0)  # of the longest training line
JOINED = (1, 2, 3)  # test lines
COMMON = 0.001  # of the symbols of the training lines: rarer ones are not drawn
SHOWN = 4  # readings of a level that are told
SEED = 0  # of texts and looks

MEANINGS = {
    "repeats": "one symbol, so many times",
    "no repeats": "so many symbols, none next to itself",
    "words": "words of the training lines",
    "shuffled words": "the same symbols in an order that is no word of the training lines",
    "lengths": "so many random symbols, none next to itself; training lines have at most {longest}",
    "joined": "so many test lines side by side; training lines have at most {longest} symbols",
}


# What every network made of every line, by condition and seed.
Readings = dict[tuple[str, int], list[Reading]]


class Level(NamedTuple):
    """The lines of one probe."""

    family: str  # of MEANINGS
    name: str
    source: Source


class Joined:
    """`count` lines of a source after one another as one line, from every line on."""

    def __init__(self, source: Source, starts: Sequence[int], count: int, between: str):
        """`between` is written between two lines' texts; there is a gap between their images if it is
        not empty."""
        self.name = f"{count} lines of {source.name}"
        self._source, self._starts, self._count = source, starts, count
        self._gap = bool(between)
        self.samples = []
        for start in starts:
            parts = [source.samples[i] for i in self._parts(start)]
            text = between.join(part.text for part in parts)
            name = f"joined-{count}/{parts[0].id}"
            self.samples.append(Sample(name, text, f"{parts[0].place} and the next {count - 1}"))

    def _parts(self, start: int) -> list[int]:
        return [(start + k) % len(self._source.samples) for k in range(self._count)]

    def read(self, i: int) -> bytes:
        """A PNG as high as the first of its lines."""
        images = [original(self._source.read(part)) for part in self._parts(self._starts[i])]
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
        encoded = io.BytesIO()
        Image.fromarray(np.hstack(scaled)).save(encoded, "PNG", compress_level=1)
        return encoded.getvalue()

    def origin(self, i: int) -> str:
        return self.samples[i].place


def levels(networks: Networks, trained: Sequence[str], source: Source) -> list[Level]:
    """All probes for these networks; families that cannot be made are left out.

    Args:
        trained: texts of the training lines.
        source: the test lines.
    """
    symbols = synthetic.drawable(_common(trained, networks.alphabet().symbols))
    longest = max(map(len, trained))
    drawn: list[tuple[str, str, list[str]]] = []
    if len(symbols) > 1:
        for size in REPEATS:
            drawn.append(("repeats", str(size), _runs(symbols, size)))
            drawn.append(("no repeats", str(size), _random(symbols, size)))
        words = _words(symbols, trained)
        if len(words) == LINES:
            drawn.append(("words", "as they are", words))
            drawn.append(("shuffled words", "shuffled", _shuffled(words, trained)))
        for size in dict.fromkeys(max(1, round(share * longest)) for share in LENGTHS):
            drawn.append(("lengths", str(size), _random(symbols, size)))
    found = [Level(family, name, _drawn(family, name, texts)) for family, name, texts in drawn]
    bad = {of.sample.id for of in networks.lines(networks.cells[0][0], source).bad}
    usable = [i for i, s in enumerate(source.samples) if s.text and s.id not in bad]
    if len(usable) > max(JOINED):
        whole = Chosen(source, usable)
        starts = np.linspace(0, len(usable), LINES, endpoint=False).astype(int)
        between = " " if not networks.alphabet().unknown(" ") else ""
        for count in JOINED:
            joined = Joined(whole, list(dict.fromkeys(starts.tolist())), count, between)
            found.append(Level("joined", str(count), joined))
    return found


def read(networks: Networks, grid: Grid, probes: Sequence[Level]) -> list[Grid]:
    """The readings of every level's lines, as grids like the one that the networks are of; lines
    whose images a condition cannot take (too wide, say) are left out of them."""
    source = Concatenation([level.source for level in probes])
    readings: Readings = {}
    usable = np.ones(len(source.samples), bool)
    for condition, seed in networks.cells:
        trained, lines = networks.trained(condition, seed), networks.lines(condition, source)
        reader = Reader(trained.model, preflight.geometry(trained.experiment), BATCH)
        readings[condition, seed] = reader.read(lines, f"probing {condition}, seed {seed}")
        usable &= [reading.ok for reading in readings[condition, seed]]
    ends = np.cumsum([len(level.source.samples) for level in probes])
    every = np.split(np.arange(len(source.samples)), ends[:-1])
    return [_grid(grid, lines, i[usable[i]], readings) for i in every]


def probes(
    networks: Networks, grid: Grid, trained: Sequence[str], source: Source
) -> dict[str, Any]:
    """What the networks read of every probe.

    Returns:
        {family: {"meaning", "levels": [{"level", "lines": N, "cer", "exact": as `figures.compared`;
        "by_seed": {condition: {"cer", "exact": [by seed]}}, "failures": {failure: {condition: [lines
        by seed]}}, "shown": [{"reference", "readings": {condition: [by seed]}}]}]}}
    """
    longest = max(map(len, trained))
    found: dict[str, Any] = {}
    made = levels(networks, trained, source)
    for level, probed in zip(made, read(networks, grid, made)):
        if len(probed.ids) < 2:
            continue
        meaning = MEANINGS[level.family].format(longest=longest)
        family = found.setdefault(level.family, {"meaning": meaning, "levels": []})
        family["levels"].append({"level": level.name, **_told(probed)})
    return found


def _told(probed: Grid) -> dict[str, Any]:
    outcomes = {
        metric: {c: answer.outcomes(probed, c, metric) for c in probed.conditions}
        for metric in ("cer", "exact")
    }
    return {
        "lines": len(probed.ids),
        **{metric: figures.compared(of) for metric, of in outcomes.items()},
        "by_seed": {
            c: {metric: of[c].rates.tolist() for metric, of in outcomes.items()}
            for c in probed.conditions
        },
        "failures": {
            name: failure["counts"] for name, failure in operations.failures(probed).items()
        },
        "shown": [
            {
                "reference": probed.references[i],
                "readings": {c: [row[i] for row in probed.texts(c)] for c in probed.conditions},
            }
            for i in range(min(SHOWN, len(probed.ids)))
        ],
    }


def _grid(grid: Grid, lines: pipeline.Lines, kept: np.ndarray, readings: Readings) -> Grid:
    """Some of the lines, read, in the place of the grid's own."""
    chosen = lines.take(kept)

    def predictions(of_cell: Sequence[Reading]) -> list[Prediction]:
        return [
            Prediction(sample.id, reference=sample.text, **of_cell[i]._asdict())
            for sample, i in zip(chosen.samples, kept)
        ]

    return dataclasses.replace(
        grid,
        cells={
            condition: [
                cell._replace(predictions=predictions(readings[condition, cell.seed]))
                for cell in row
            ]
            for condition, row in grid.cells.items()
            if (condition, row[0].seed) in readings
        },
        ids=chosen.ids,
        references=chosen.texts,
        fingerprint=pipeline.fingerprint(chosen),
        left_out=0,
    )


# Texts


def _common(trained: Sequence[str], known: Sequence[str]) -> list[str]:
    """Letters and digits that are not rare; no spaces and dots, which are lost at a line's end."""
    counts = Counter("".join(trained))
    least = COMMON * sum(counts.values())
    return [s for s in known if unicodedata.category(s)[0] in "LN" and counts[s] >= least]


def _generator(*purpose: str) -> np.random.Generator:
    """Keyed by what it is for: no probe depends on the others."""
    return np.random.default_rng([SEED, *"\0".join(purpose).encode()])


def _runs(symbols: Sequence[str], size: int) -> list[str]:
    draw = _generator("repeats", str(size))
    return [str(draw.choice(symbols)) * size for _ in range(LINES)]


def _random(symbols: Sequence[str], size: int) -> list[str]:
    draw = _generator("random", str(size))
    found = []
    for _ in range(LINES):
        text = ""
        while len(text) < size:
            symbol = str(draw.choice(symbols))
            if not text.endswith(symbol):
                text += symbol
        found.append(text)
    return found


def _words(symbols: Sequence[str], trained: Sequence[str]) -> list[str]:
    """LINES words of the training lines, or as many as there are."""
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
    found = []
    for word in words:
        orders = ("".join(draw.permutation(list(word))) for _ in range(100))
        found.append(next((order for order in orders if order not in seen), word[::-1]))
    return found


def _drawn(family: str, name: str, texts: Sequence[str]) -> Source:
    prefix = f"probe/{family}/{name}"
    return synthetic.Drawn(prefix, prefix, texts, SEED)
