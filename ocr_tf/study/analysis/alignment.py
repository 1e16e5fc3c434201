"""Measures where the networks see the symbols of the references.

How directly they read along the line, how far one's places are from those of another, and whether a symbol
is written where they emit it. The text that is laid over a line is its reference, so that all networks are
asked the same. Places are in pixels of the image as it was before resizing, turned by --data.rotate.

CTC's weights are its occupancies: how probable each step is to be given to a symbol, over all paths that
spell the reference. Paths go forward, and blanks take most steps, so that peaks in the reference's order
are what CTC has by construction, whatever the image; an attention's weights may be anywhere. Neither must
be where the glyph is: frames of a recurrent encoder know the whole line.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Callable, Optional

import cv2
import numpy as np

from ocr_tf.data.source import Source
from ocr_tf.experiment.inference.aligner import Aligned
from ocr_tf.metrics import alignment
from ocr_tf.progress import Progress
from ocr_tf.study.analysis.content import (
    AlignmentMeasure,
    Alignments,
    Distance,
    EmptySpans,
    SeedSpread,
    Spread,
)
from ocr_tf.study.analysis.line_images import LineImages
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.estimates import Occurrences
from ocr_tf.study.comparison.models import Network, Networks
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

LINES = 400  # that are aligned at most
BATCH = 16

MEASURES = {
    "monotonicity": "share of neighboring symbols whose centers follow one another",
    "covered": "share of the line's ink near which a symbol's worth of weight fell",
    "relative_entropy": "how widely a symbol's weight is spread: 0 one step, 1 the whole line",
    "rereading": "how much of a symbol's weight lies where symbols before it had theirs",
}
EVENTS = {
    "skips": f"a symbol's center is more than {alignment.SKIP:g} symbols' widths ahead of all before it",
    "returns": f"a symbol's center is more than {alignment.RETURN:g} symbol's width back from the "
    "furthest before it",
    "overlaps": f"more than {alignment.REREAD:g} of a symbol's weight is where symbols before it had "
    "theirs",
}
LINES_WITH_EMPTY_SPANS = "a line has a symbol whose span holds no ink; share of the lines"
SYMBOLS_WITH_EMPTY_SPANS = "a symbol's span holds no ink; share of the symbols of these lines"


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedLine:
    """A line over which a network has laid the reference, as far as it is kept."""

    measures: alignment.Measures
    events: dict[str, int]  # symbols, by EVENTS
    centers: Array  # [L] pixels
    places: Optional[Array]  # [L] middle of each symbol's steps on the best path; None: no paths
    ink_distances: Array  # [L] pixels from each symbol's span to the nearest ink; NaN: no weight

    @property
    def empty_spans(self) -> Array:
        """Marks the symbols whose span holds no ink: [L] bool."""
        return self.ink_distances > 0


def alignments(
    networks: Networks, grid: Grid, source: Source, images: LineImages
) -> Optional[Alignments]:
    """Lays the references over lines that all networks can read and write, at most LINES of them.

    A search has no part in it: conditions of the same networks have the same alignments.

    Returns:
        None where there are fewer than two such lines.
    """
    usable = networks.writable(source) & [len(s.text) > 1 for s in source.samples]
    chosen = np.flatnonzero(usable)
    if len(chosen) > LINES:
        chosen = chosen[np.linspace(0, len(chosen) - 1, LINES).astype(int)]
    if len(chosen) < 2:
        return None
    by_network: dict[Network, list[AlignedLine]] = {}
    aligned = {}
    for cell in networks.cells:
        network = networks.network(*cell)
        if network not in by_network:
            by_network[network] = align_lines(networks, *cell, source, images, chosen)
        aligned[cell] = by_network[network]
    table = _Table(grid, aligned, chosen)
    return Alignments(
        indices=tuple(chosen.tolist()),
        measures={name: table.measure(name, meaning) for name, meaning in MEASURES.items()},
        events={name: table.event(name, meaning) for name, meaning in EVENTS.items()},
        distances=table.distances(),
        empty_spans=table.empty_spans(),
    )


def align_lines(
    networks: Networks,
    condition: str,
    seed: int,
    source: Source,
    images: LineImages,
    chosen: Array,
) -> list[AlignedLine]:
    """Lays the references of the chosen lines over their images with one network."""
    aligner = networks.aligner(condition, seed)
    widths = networks.lines(condition, source).widths[chosen]
    order = np.argsort(widths, kind="stable")
    by_place: dict[int, AlignedLine] = {}
    progress = Progress(f"aligning {condition}, seed {seed}", len(order))
    for begin in range(0, len(order), BATCH):
        batch = order[begin : begin + BATCH]
        lines = [int(chosen[place]) for place in batch]
        aligned = aligner.align(
            [source.read(i) for i in lines],
            [source.samples[i].text for i in lines],
            [images.image(i) if aligner.geometry.rotate == images.rotate else None for i in lines],
        )
        by_place |= {p: _measure(line) for p, line in zip(batch, aligned) if line is not None}
        progress.show(begin + len(batch))
    progress.clear()
    return [by_place[place] for place in range(len(order))]


def ink(image: Array, edges: Array) -> Array:
    """Counts the pixels of an image [H, W] that are written on, in each step between `edges` [T + 1].

    These are whichever is less of the dark and the light ones (Otsu 1979).
    """
    _, light = cv2.threshold(image, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    columns = light.sum(axis=0) if 2 * light.sum() < light.size else (1 - light).sum(axis=0)
    passed = np.concatenate([[0], np.cumsum(columns)])
    return np.diff(np.interp(edges, np.arange(len(passed)), passed))


def _measure(line: Aligned) -> AlignedLine:
    measures = alignment.measure(line.weights, line.edges, ink(line.image, line.edges))
    centers = alignment.centers(line.weights, line.edges)
    events = {
        "skips": len(measures.skips),
        "returns": len(alignment.returns(centers, measures.advance)),
        "overlaps": len(alignment.overlaps(line.weights)),
    }
    off_ink = alignment.ink_distances(line.spans, line.image)
    return AlignedLine(
        measures,
        events,
        centers,
        None
        if line.path is None
        else alignment.path_centers(line.path, len(line.text), line.edges),
        np.where(line.weights.any(axis=1), off_ink, np.nan),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Table:
    """All networks' alignments of the same lines."""

    grid: Grid
    aligned: dict[tuple[str, int], list[AlignedLine]]  # by condition and seed
    chosen: Array  # [n] of the lines in the grid

    @functools.cached_property
    def seeds(self) -> dict[str, list[int]]:
        """Seeds of every condition."""
        seeds: dict[str, list[int]] = {}
        for condition, seed in self.aligned:
            seeds.setdefault(condition, []).append(seed)
        return seeds

    @property
    def own(self) -> list[str]:
        """The conditions of different networks."""
        return [condition for condition in self.grid.distinct if condition in self.seeds]

    @functools.cached_property
    def symbols(self) -> Array:
        """[n] symbols of the lines."""
        return np.array([line.measures.symbols for line in next(iter(self.aligned.values()))])

    def measure(self, name: str, meaning: str) -> AlignmentMeasure:
        """Averages a measure over the lines that have it under all networks."""
        rows = self._rows(lambda line: getattr(line.measures, name))
        known = np.isfinite(np.concatenate(list(rows.values()))).all(axis=0)
        part = estimates.part(self.grid, self.chosen[known])
        compared = estimates.compare(
            {c: estimates.counted(part, c, name, row[:, known]) for c, row in rows.items()},
            part.paired,
        )
        return AlignmentMeasure(
            rates=compared.rates,
            differences=compared.differences,
            meaning=meaning,
            by_seed={
                c: tuple(
                    SeedSpread(s, _spread(of_seed[known])) for s, of_seed in zip(seeds, rows[c])
                )
                for c, seeds in self.seeds.items()
            },
        )

    def event(self, name: str, meaning: str) -> Occurrences:
        """Counts an event, as a share of all symbols of the lines."""
        counts = self._rows(lambda line: line.events[name])
        return self._occurrences(name, meaning, counts, self.symbols)

    def empty_spans(self) -> EmptySpans:
        """Counts spans without ink over all lines and symbols."""
        counts = self._rows(lambda line: line.empty_spans.sum())
        lines = {c: row > 0 for c, row in counts.items()}
        at_ends: dict[str, Optional[float]] = {}
        distances: dict[str, Optional[Spread]] = {}
        for condition in self.own:
            seeds = self.seeds[condition]
            every = [line for seed in seeds for line in self.aligned[condition, seed]]
            total = sum(int(line.empty_spans.sum()) for line in every)
            ends = sum(int(line.empty_spans[[0, -1]].sum()) for line in every)
            off = np.concatenate([line.ink_distances[line.empty_spans] for line in every])
            off = off[np.isfinite(off)]
            at_ends[condition] = ends / total if total else None
            distances[condition] = _spread(off) if len(off) else None
        return EmptySpans(
            lines=self._occurrences("lines with empty spans", LINES_WITH_EMPTY_SPANS, lines),
            symbols=self._occurrences(
                "symbols with empty spans", SYMBOLS_WITH_EMPTY_SPANS, counts, self.symbols
            ),
            first_or_last=at_ends,
            distances=distances,
        )

    def distances(self) -> tuple[Distance, ...]:
        """Measures the centers of all networks against the paths of every other that has paths."""
        return tuple(
            self._distance(a, b, seed)
            for a, b in itertools.permutations(self.own, 2)
            for seed in self.seeds[a]
            if seed in self.seeds[b] and self.aligned[b, seed][0].places is not None
        )

    def _distance(self, a: str, b: str, seed: int) -> Distance:
        pairs = list(zip(self.aligned[a, seed], self.aligned[b, seed]))
        off = [one.centers - other.places for one, other in pairs]
        widths = np.array([one.measures.advance for one, _ in pairs])
        pixels = np.array([np.nanmean(np.abs(in_line)) for in_line in off])
        drifted = [
            int(i)
            for i, in_line, width in zip(self.chosen, off, widths)
            if (np.abs(in_line) > alignment.DRIFT * width).any()
        ]
        return Distance(
            a=a,
            b=b,
            seed=seed,
            pixels=_spread(pixels),
            symbols=_spread(pixels / widths),
            offset=float(np.mean([np.nanmean(in_line) for in_line in off])),
            drifted=tuple(drifted),
        )

    def _occurrences(
        self,
        name: str,
        meaning: str,
        counts: dict[str, Array],
        lengths: Optional[Array] = None,
    ) -> Occurrences:
        whole = {c: row.astype(int) for c, row in counts.items()}
        return estimates.occurrences(self.grid, name, meaning, whole, lengths, self.chosen)

    def _rows(self, value: Callable[[AlignedLine], Optional[float]]) -> dict[str, Array]:
        """[S, n] of every condition; NaN for None."""
        return {
            c: np.array([[value(line) for line in self.aligned[c, s]] for s in seeds], float)
            for c, seeds in self.seeds.items()
        }


def _spread(values: Array) -> Spread:
    low, median, high = np.percentile(values, [25, 50, 75])
    return Spread(float(values.mean()), float(low), float(median), float(high))
