"""Where the networks see the symbols of the references: how directly they read along the line, and how
far one's places are from those of another.

The text that is laid over a line is its reference, so that all networks are asked the same. Places are in
pixels of the image as it was before resizing.

CTC's weights are its occupancies: how probable each step is to be given to a symbol, over all paths that
spell the reference. Paths go forward, and blanks take most steps, so that peaks in the reference's order
are what CTC has by construction, whatever the image; an attention's weights may be anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any, Callable, Optional

import cv2
import numpy as np

from ocr_tf.data.dataset import Source
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.metrics import alignment
from ocr_tf.progress import Progress
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import Grid

LINES = 400  # that are laid at most
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


@dataclasses.dataclass(frozen=True, eq=False)
class Laid:
    """What is kept of a line over which a network has laid the reference."""

    measures: alignment.Measures
    events: dict[str, int]  # symbols, by EVENTS
    centers: np.ndarray  # [L] pixels
    places: Optional[
        np.ndarray
    ]  # [L] middle of each symbol's steps on the best path; None: no paths


def alignments(networks: Networks, grid: Grid, source: Source) -> dict[str, Any]:
    """Lays the references over lines that all networks can read and write, at most LINES of them.

    Returns:
        {"indices": [of the lines], "measures": {measure: {"meaning", "by_seed": {condition: [{"seed",
        "mean", "low", "median", "high"}]}, "rates", "differences"}}, "events": {event: as the kinds of
        edits are told, of the symbols of these lines}, "distances": [{"a", "b", "seed", "pixels",
        "symbols": {"mean", "low", "median", "high"} over lines, "offset": mean pixels, "drifted":
        [lines]}]}; low and high are quartiles over lines. A distance is that of A's centers of mass from
        B's best paths: its mean over a line's symbols, in pixels and in the width that a symbol has on
        average; a line has drifted where one is more than DRIFT such widths. Nothing where there are
        fewer than two such lines.
    """
    usable = networks.writable(source) & [len(s.text) > 1 for s in source.samples]
    chosen = np.flatnonzero(usable)
    if len(chosen) > LINES:
        chosen = chosen[np.linspace(0, len(chosen) - 1, LINES).astype(int)]
    if len(chosen) < 2:
        return {}
    laid = {cell: lay(networks, *cell, source, chosen) for cell in networks.cells}
    table = _Table(grid, laid, chosen)
    return {
        "indices": chosen.tolist(),
        "measures": {name: table.measure(name, meaning) for name, meaning in MEASURES.items()},
        "events": {name: table.event(name, meaning) for name, meaning in EVENTS.items()},
        "distances": table.distances(),
    }


def lay(
    networks: Networks, condition: str, seed: int, source: Source, chosen: np.ndarray
) -> list[Laid]:
    """One network's alignments of the chosen lines with their references."""
    trained = networks.trained(condition, seed)
    geometry = trained.experiment.geometry
    aligner = Aligner(trained.model, geometry, trained.experiment.encoder.stride)
    widths = networks.lines(condition, source).widths[chosen]
    order = np.argsort(widths, kind="stable")
    found: dict[int, Laid] = {}
    progress = Progress(f"aligning {condition}, seed {seed}", len(order))
    for begin in range(0, len(order), BATCH):
        batch = order[begin : begin + BATCH]
        lines = [chosen[place] for place in batch]
        texts = [source.samples[i].text for i in lines]
        aligned = aligner.align([source.read(i) for i in lines], texts)
        found |= {place: _laid(line) for place, line in zip(batch, aligned) if line is not None}
        progress.show(begin + len(batch))
    progress.clear()
    return [found[place] for place in range(len(order))]


def ink(image: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """[T] pixels of an image [H, W] that are written on, in each step between `edges` [T + 1]; whichever
    is less of the dark and the light ones (Otsu 1979)."""
    _, light = cv2.threshold(image, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    columns = light.sum(axis=0) if 2 * light.sum() < light.size else (1 - light).sum(axis=0)
    passed = np.concatenate([[0], np.cumsum(columns)])
    return np.diff(np.interp(edges, np.arange(len(passed)), passed))


def _laid(line: Aligned) -> Laid:
    measures = alignment.measure(line.weights, line.edges, ink(line.image, line.edges))
    centers = alignment.centers(line.weights, line.edges)
    events = {
        "skips": len(measures.skips),
        "returns": len(alignment.returns(centers, measures.advance)),
        "overlaps": len(alignment.overlaps(line.weights)),
    }
    return Laid(
        measures,
        events,
        centers,
        None
        if line.path is None
        else alignment.path_centers(line.path, len(line.text), line.edges),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Table:
    """All networks' alignments of the same lines."""

    grid: Grid
    laid: dict[tuple[str, int], list[Laid]]  # by condition and seed
    chosen: np.ndarray  # [n] of the lines in the grid

    @functools.cached_property
    def cells(self) -> dict[str, list[int]]:
        """Seeds of every condition."""
        found: dict[str, list[int]] = {}
        for condition, seed in self.laid:
            found.setdefault(condition, []).append(seed)
        return found

    def measure(self, name: str, meaning: str) -> dict[str, Any]:
        rows = self._rows(lambda line: getattr(line.measures, name))
        there = np.isfinite(np.concatenate(list(rows.values()))).all(axis=0)
        part = estimates.part(self.grid, self.chosen[there])
        return {
            "meaning": meaning,
            "by_seed": {
                c: [{"seed": s, **_spread(row[there])} for s, row in zip(self.cells[c], of)]
                for c, of in rows.items()
            },
            **estimates.compared(
                {c: estimates.counted(part, c, name, of[:, there]) for c, of in rows.items()}
            ),
        }

    def event(self, name: str, meaning: str) -> dict[str, Any]:
        """Of all symbols of the lines."""
        rows = self._rows(lambda line: line.events[name])
        counts = {c: of.astype(int) for c, of in rows.items()}
        symbols = np.array([line.measures.symbols for line in next(iter(self.laid.values()))])
        return estimates.told(self.grid, name, meaning, counts, symbols, self.chosen)

    def distances(self) -> list[dict[str, Any]]:
        """Of every condition's centers from the paths of every other that has paths."""
        return [
            self._distance(a, b, seed)
            for a, b in itertools.permutations(self.cells, 2)
            for seed in self.cells[a]
            if seed in self.cells[b] and self.laid[b, seed][0].places is not None
        ]

    def _distance(self, a: str, b: str, seed: int) -> dict[str, Any]:
        pairs = list(zip(self.laid[a, seed], self.laid[b, seed]))
        off = [one.centers - other.places for one, other in pairs]
        widths = np.array([one.measures.advance for one, _ in pairs])
        pixels = np.array([np.nanmean(np.abs(of_line)) for of_line in off])
        drifted = [
            int(i)
            for i, of_line, width in zip(self.chosen, off, widths)
            if (np.abs(of_line) > alignment.DRIFT * width).any()
        ]
        return {
            "a": a,
            "b": b,
            "seed": seed,
            "pixels": _spread(pixels),
            "symbols": _spread(pixels / widths),
            "offset": float(np.mean([np.nanmean(of_line) for of_line in off])),
            "drifted": drifted,
        }

    def _rows(self, value: Callable[[Laid], Any]) -> dict[str, np.ndarray]:
        """[S, n] of every condition; NaN for None."""
        return {
            c: np.array([[value(line) for line in self.laid[c, s]] for s in seeds], float)
            for c, seeds in self.cells.items()
        }


def _spread(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {
        "mean": float(values.mean()),
        "low": float(low),
        "median": float(median),
        "high": float(high),
    }
