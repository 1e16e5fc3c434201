"""The trained networks of the compared runs, and lines as each of them sees them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import Lines, load_lines
from ocr_tf.data.source import Source
from ocr_tf.decode import Search, parse_search
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import unwritable
from ocr_tf.experiment.inference.aligner import Aligner
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.scorer import Scorer
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array


class Network(NamedTuple):
    """A trained network: conditions that read with the same one, by several searches, share it."""

    run: Path
    checkpoint: str  # best or last
    temperature: float  # at which the evaluation was made


class Networks:
    """Restores every network once, and knows the search that each condition's evaluation is of."""

    def __init__(self, grid: Grid, runs: Mapping[tuple[str, int], Path]):
        """Restores nothing yet. `unusable` says why searches cannot be made again; empty: they can."""
        self._folders = runs
        cells = {
            (condition, cell.seed): cell
            for condition, row in grid.cells.items()
            for cell in row
            if (condition, cell.seed) in runs
        }
        self._networks = {
            key: Network(runs[key], cell.results.checkpoint.which, cell.results.temperature or 1.0)
            for key, cell in cells.items()
            if cell.results.checkpoint is not None
        }
        self._searches = {key: cell.results.search or "greedy" for key, cell in cells.items()}
        self._made: dict[str, Search] = {}
        self.unusable = ""
        try:
            for key, text in self._searches.items():
                if text not in self._made:
                    self._made[text] = parse_search(text, f"{cells[key].folder}: --search")
        except InputError as error:
            self.unusable = str(error)
        self._restored: dict[Network, Trained] = {}
        self._aligners: dict[Network, Aligner] = {}
        self._lines: dict[tuple[int, Geometry], tuple[Source, Lines]] = {}

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Lists condition and seed of every network."""
        return list(self._folders)

    def seeds(self, condition: str) -> list[int]:
        """Lists the seeds of a condition's networks."""
        return [seed for name, seed in self._folders if name == condition]

    @functools.cached_property
    def rotations(self) -> list[int]:
        """Lists by how many degrees networks turn images, each once; the first network's comes first."""
        runs = (RunFolder.open(folder) for folder in self._folders.values())
        return list(dict.fromkeys(run.experiment.geometry.rotate for run in runs))

    def network(self, condition: str, seed: int) -> Network:
        """Tells which network a condition reads with."""
        return self._networks[condition, seed]

    def search(self, condition: str, seed: int) -> Search:
        """Returns the search that a condition's evaluation is of, where none is `unusable`."""
        return self._made[self._searches[condition, seed]]

    def trained(self, condition: str, seed: int) -> Trained:
        """Restores a network, once."""
        key = self.network(condition, seed)
        if key not in self._restored:
            restored = restore(key.run, key.checkpoint)
            restored.model.head.temperature = key.temperature
            self._restored[key] = restored
        return self._restored[key]

    def first(self, condition: str) -> Trained:
        """Restores that of a condition's first seed, for what does not depend on the seed."""
        return self.trained(condition, self.seeds(condition)[0])

    def aligner(self, condition: str, seed: int) -> Aligner:
        """Compiles a network's alignment, once."""
        key = self.network(condition, seed)
        if key not in self._aligners:
            trained = self.trained(condition, seed)
            self._aligners[key] = Aligner(
                trained.model, trained.geometry, trained.experiment.encoder
            )
        return self._aligners[key]

    def lines(self, condition: str, source: Source) -> Lines:
        """Loads a source's lines as a condition sees them; those without a usable image stay."""
        geometry = self.first(condition).geometry
        key = id(source), geometry
        if key not in self._lines:  # The source is kept too, so that its id stays its own.
            self._lines[key] = source, load_lines(source, geometry, keep_bad=True)
        return self._lines[key][1]

    def symbols(self) -> list[str]:
        """Lists the symbols that all networks know."""
        first, *others = (self.trained(*cell).model.alphabet for cell in self.cells)
        return [s for s in first.symbols if not any(other.unknown(s) for other in others)]

    def conditions(self) -> list[str]:
        """Lists the conditions that have networks."""
        return list(dict.fromkeys(condition for condition, _ in self._folders))

    def readable(self, source: Source) -> Array:
        """Marks the lines whose image all networks can take: [N] bool."""
        bad = {b.sample.id for c in self.conditions() for b in self.lines(c, source).bad}
        return np.array([sample.id not in bad for sample in source.samples])

    def writable(self, source: Source) -> Array:
        """Marks the lines whose image and reference are in the reach of all networks: [N] bool."""
        usable = self.readable(source)
        for condition in self.conditions():
            usable &= [problem is None for problem in self._problems(condition, source)]
        return usable

    def unreachable(self, condition: str, source: Source) -> Array:
        """Marks the lines whose reference needs more encoder steps than their image gives: [N] bool."""
        kinds = (problem and problem[0] for problem in self._problems(condition, source))
        return np.array([kind == "unreachable" for kind in kinds]) & self.readable(source)

    def _problems(self, condition: str, source: Source) -> list[Optional[tuple[str, str]]]:
        trained, lines = self.first(condition), self.lines(condition, source)
        alphabet = trained.model.alphabet
        return [
            unwritable(trained.experiment, alphabet, text, int(width))
            for text, width in zip(lines.texts, lines.widths)
        ]


def cross_scores(
    networks: Networks, grid: Grid, source: Source
) -> dict[tuple[str, str, int], list[Optional[float]]]:
    """Scores every condition's readings with the other conditions' networks of the same seed.

    Returns:
        log p(reading | image), [N] by (whose network, whose readings, seed), as `search_errors.choices`
        takes them.
    """
    readings = {
        (condition, seed): texts
        for condition in grid.conditions
        for seed, texts in zip(grid.seeds(condition), grid.texts(condition))
    }
    scorers: dict[Network, Scorer] = {}
    known: dict[tuple[Network, str, int], list[Optional[float]]] = {}
    scores = {}
    for condition, seed in networks.cells:
        network = networks.network(condition, seed)
        if network not in scorers:
            trained = networks.trained(condition, seed)
            scorers[network] = Scorer(trained.model, trained.geometry)
        for other in grid.conditions:
            if other == condition or (other, seed) not in readings:
                continue
            key = network, other, seed
            if key not in known:
                what = f"{condition} scores {other}, seed {seed}"
                lines = networks.lines(condition, source)
                known[key] = scorers[network].score(lines, readings[other, seed], what)
            scores[condition, other, seed] = known[key]
    return scores
