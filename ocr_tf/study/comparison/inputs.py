"""Opens what the compared readings came from: training texts, test images, run folders.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Optional

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.source import Selection, Source
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study.comparison import same_images
from ocr_tf.study.comparison.results import Cell, Grid


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """The texts, images and runs that the readings came from.

    Sections of the report that need what is None are left out.
    """

    trained: Optional[list[str]] = None  # texts of the lines that any of the runs was trained on
    source: Optional[Source] = None  # the grid's lines in its order, with their images
    runs: Optional[dict[tuple[str, int], Path]] = None  # folder of each condition and seed
    missing: tuple[str, ...] = ()  # why something is None, a sentence each


def open_inputs(grid: Grid) -> Inputs:
    """Opens what the grid's evaluations refer to; `missing` names what cannot be opened any more."""
    missing, runs = [], {}
    for condition, row in grid.cells.items():
        folders = {(condition, cell.seed): run_of(cell) for cell in row if not cell.unread}
        existing = {key: folder for key, folder in folders.items() if folder is not None}
        if folders and len(existing) == len(folders):
            runs.update(existing)
        elif folders:
            missing.append(f"{condition} has no run folders: no networks to ask")
        else:
            missing.append(f"{condition} has no checkpoint of any run: no networks to ask")
    trained = source = None
    try:
        distinct = dict.fromkeys(runs.values())  # several searches may be of one run
        by_id = {i: text for folder in distinct for i, text in training_lines(folder)}
        trained = list(by_id.values())
    except InputError as error:
        missing.append(f"training texts: {error}")
    try:
        source = test_source(grid)
    except InputError as error:
        missing.append(f"test images: {error}")
    return Inputs(trained or None, source, runs or None, tuple(missing))


def run_of(cell: Cell) -> Optional[Path]:
    """Finds the run whose evaluations the cell is among, wherever it has been moved to."""
    folder = cell.folder.resolve().parent.parent
    return folder if cell.run is not None and RunFolder(folder).begun else None


def training_lines(run: Path) -> list[tuple[str, str]]:
    """Lists (id, text) of the lines that a run was trained on. Raises InputError."""
    folder = RunFolder.open(run)
    ids = {line.id for line in folder.lines() if line.role == "train"}
    samples = open_sources(folder.experiment.data.train).samples
    return [(sample.id, sample.text) for sample in samples if sample.id in ids]


def test_source(grid: Grid) -> Source:
    """Opens the grid's lines with their images.

    Raises:
        InputError: the labels cannot be opened, or they or their images are not those that were
            evaluated.
    """
    cell = next(iter(grid.cells.values()))[0]
    source = open_sources(cell.results.test)
    places = {sample.id: i for i, sample in enumerate(source.samples)}
    for name, reference in zip(grid.ids, grid.references):
        if name not in places or source.samples[places[name]].text != reference:
            raise InputError(
                f"{source.name}: line {name} is not as it was evaluated; restore the labels, or "
                "evaluate again"
            )
    same_images.unchanged(source, cell.results.fingerprint)
    return Selection(source, [places[name] for name in grid.ids])
