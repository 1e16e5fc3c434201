"""The readings of every condition under every seed, joined by the test lines' ids.

TensorFlow-free: everything the answer is computed from stands in the evaluations' folders.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, TypeVar

import numpy as np

from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import NO_CHECKPOINT, EvaluationResults, Prediction
from ocr_tf.metrics.edits import Edits, edits
from ocr_tf.metrics.registry import Metric, metric_of
from ocr_tf.normalization import nfc, normalize
from ocr_tf.study.comparison import same_images
from ocr_tf.types import Array

Item = TypeVar("Item")


class Cell(NamedTuple):
    """One condition under one seed."""

    condition: str
    seed: int
    folder: Path  # of the evaluation
    results: EvaluationResults
    predictions: list[Prediction]  # in the order of the grid's lines

    @property
    def run(self) -> Optional[Path]:
        """The run's folder as it was evaluated; None for a system that is no run."""
        return None if self.results.run is None else Path(self.results.run)

    @property
    def unread(self) -> bool:
        """Tells that no network read: the run diverged before its first checkpoint."""
        checkpoint = self.results.checkpoint
        return checkpoint is not None and checkpoint.which == NO_CHECKPOINT

    @property
    def network(self) -> Optional[str]:
        """Names the trained network that read, by its run's folder and its step; None where there is none."""
        checkpoint = self.results.checkpoint
        if self.run is None or checkpoint is None:
            return None
        return f"{self.folder.resolve().parent.parent}, step {checkpoint.step}"


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Conditions by seeds by lines; every cell holds the same lines in the same order."""

    cells: dict[str, list[Cell]]  # by condition, each in the order of its seeds
    ids: list[str]
    references: list[str]
    normalization: str
    fingerprint: str  # of the test lines
    left_out: int = 0  # lines that not all cells have, where the intersection was accepted
    same_images: bool = True  # whether it is proven that all cells read the same of these lines
    groups: Optional[tuple[str, ...]] = None  # of each line, where lines are not drawn one by one
    paired: bool = False  # whether conditions are compared seed by seed
    longer_than: int = 0  # symbols that every line has more of; shorter lines are not compared

    @property
    def conditions(self) -> list[str]:
        """The names of the conditions, in the order of the report."""
        return list(self.cells)

    def seeds(self, condition: str) -> list[int]:
        """Lists the seeds that a condition was trained under."""
        return [cell.seed for cell in self.cells[condition]]

    def networks(self, condition: str) -> tuple[str, ...]:
        """Names the network of each seed, [S]; empty where one is not known."""
        names = [cell.network for cell in self.cells[condition]]
        known = tuple(name for name in names if name is not None)
        return known if len(known) == len(names) else ()

    @functools.cached_property
    def distinct(self) -> list[str]:
        """The conditions of different networks: of those that read with the same ones, the first."""
        firsts: dict[object, str] = {}
        for condition in self.conditions:
            firsts.setdefault(self.networks(condition) or condition, condition)
        return list(firsts.values())

    def texts(self, condition: str) -> list[list[str]]:
        """[S][N] what was read."""
        return [[p.text for p in cell.predictions] for cell in self.cells[condition]]

    @functools.cached_property
    def edits(self) -> dict[str, list[list[Edits]]]:
        """Of every condition [S][N], after normalization."""
        references = [normalize(text, self.normalization) for text in self.references]
        return {
            condition: [
                [
                    edits(reference, normalize(text, self.normalization))
                    for reference, text in zip(references, texts)
                ]
                for texts in self.texts(condition)
            ]
            for condition in self.cells
        }

    @functools.cached_property
    def of_networks(self) -> Grid:
        """The grid of what networks read: without the runs that diverged before their first checkpoint."""
        rows = {name: [cell for cell in row if not cell.unread] for name, row in self.cells.items()}
        if rows == self.cells:
            return self
        return dataclasses.replace(self, cells={name: row for name, row in rows.items() if row})

    def errors(self, condition: str, metric: str) -> Array:
        """Returns errors [S, N] float64 after normalization, as one of METRICS counts them.

        Raises:
            InputError: there is no metric of that name.
        """
        measured = metric_of(metric)
        key = (condition, measured)
        if key not in self._errors:
            references = [normalize(text, self.normalization) for text in self.references]
            counts = [
                [
                    measured.errors(reference, normalize(text, self.normalization))
                    for reference, text in zip(references, texts)
                ]
                for texts in self.texts(condition)
            ]
            self._errors[key] = np.array(counts, np.float64)
            self._errors[key].flags.writeable = False
        return self._errors[key]

    @functools.cached_property
    def _errors(self) -> dict[tuple[str, Metric], Array]:
        """What `errors` has counted."""
        return {}

    def lengths(self, metric: str) -> Array:
        """Returns what errors are divided by, [N] float64: reference symbols for cer, else words or 1.

        Raises:
            InputError: there is no metric of that name.
        """
        length = metric_of(metric).length
        return np.array(
            [length(normalize(text, self.normalization)) for text in self.references], np.float64
        )


def join(
    folders: Mapping[str, Mapping[int, Path]],
    *,
    normalization: str = "none",
    accept_intersection: bool = False,
    groups: str = "",
    paired: bool = False,
    longer_than: int = 0,
) -> Grid:
    """Reads the evaluations of every condition and seed, and joins them by line id.

    Args:
        folders: the evaluation folder of each condition and seed.
        normalization: applied to both sides.
        accept_intersection: lines that a cell lacks are left out everywhere instead of refused.
        groups: see `grouped`.
        paired: conditions are compared seed by seed.
        longer_than: lines with so many symbols or fewer, as labeled, are not compared.

    Raises:
        InputError: an evaluation is missing or damaged, has other lines, references or images; or fewer
            than two lines are long enough.
    """
    cells = {
        condition: [_cell(condition, seed, folder) for seed, folder in sorted(by_seed.items())]
        for condition, by_seed in folders.items()
    }
    every = [cell for row in cells.values() for cell in row]
    first = every[0]
    ids = [p.id for p in first.predictions]
    common = set(ids)
    for cell in every[1:]:
        theirs = {p.id for p in cell.predictions}
        if theirs != set(ids) and not accept_intersection:
            _refuse(first, cell, set(ids), theirs)
        common &= theirs
    if len(common) < 2:
        shared = f"{len(common)} test line{'s' * (not common)}"
        raise InputError(f"{first.folder}: {shared} in common; a comparison needs two or more")
    kept = [name for name in ids if name in common]
    references = {p.id: p.reference or "" for p in first.predictions}
    joined = {}
    for condition, row in cells.items():
        joined[condition] = [
            cell._replace(predictions=_pick(cell, kept, references)) for cell in row
        ]
    for cell in every[1:]:
        _refuse_other_images(first, cell)
    proven = same_images.same_images(((cell.folder, cell.results) for cell in every), kept)
    left_out = len(set().union(*({p.id for p in c.predictions} for c in every))) - len(kept)
    if longer_than:
        kept = longer([references[name] for name in kept], longer_than, kept)
        joined = {
            condition: [cell._replace(predictions=_pick(cell, kept, references)) for cell in row]
            for condition, row in joined.items()
        }
    fingerprint = first.results.fingerprint
    return Grid(
        cells=joined,
        ids=kept,
        references=[references[name] for name in kept],
        normalization=normalization,
        fingerprint=_of_some(fingerprint, kept) if left_out or longer_than else fingerprint,
        left_out=left_out,
        same_images=proven,
        groups=grouped(kept, groups),
        paired=paired,
        longer_than=longer_than,
    )


def longer(texts: Sequence[str], symbols: int, lines: Sequence[Item]) -> list[Item]:
    """Picks the lines whose text, as labeled, has more than so many symbols.

    Args:
        texts: [N] of the lines.
        symbols: that all have more of.
        lines: [N] what to pick from.

    Raises:
        InputError: fewer than two.
    """
    picked = [line for text, line in zip(texts, lines) if len(nfc(text)) > symbols]
    if len(picked) < 2:
        some = "one test line has" if picked else "no test line has"
        raise InputError(
            f"--study.longer_than={symbols}: {some} more symbols; a comparison needs two lines or more: "
            "name a smaller number, or test on longer lines"
        )
    return picked


def grouped(ids: Sequence[str], pattern: str, flag: str = "--groups") -> Optional[tuple[str, ...]]:
    """Extracts the group of each line, such as its page or writer, from the line's id.

    Lines of one group are one sampling unit.

    Args:
        ids: of the lines.
        pattern: a regular expression; its first group, if it has one, is the line's group, otherwise all
          that it matches. Empty: the result is None.
        flag: that gave the pattern, for messages.

    Raises:
        InputError: no regular expression, it finds nothing in an id, or one group in all of them.
    """
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"{flag}={pattern}: no regular expression ({error})") from None
    groups = []
    for name in ids:
        match = compiled.search(name)
        if match is None or match[min(1, compiled.groups)] is None:
            raise InputError(
                f"{flag}={pattern}: finds nothing in the id of line {name}; change the expression"
            )
        groups.append(match[min(1, compiled.groups)])
    if len(set(groups)) < 2:
        raise InputError(
            f"{flag}={pattern}: all lines are of one group, {groups[0]}; two are needed"
        )
    return tuple(groups)


def _cell(condition: str, seed: int, folder: Path) -> Cell:
    results = predictions.results(folder)
    if results is None:
        raise InputError(_nothing(folder))
    if results.finished is False:
        raise InputError(
            f"{folder}: its run had not finished training; train on and evaluate again"
        )
    try:
        placed = predictions.read(folder / predictions.PREDICTIONS)
    except InputError as error:
        what = str(error).partition(";")[0]
        raise InputError(
            f"{what}: the evaluation is damaged; delete its folder and evaluate again"
        ) from None
    if len(placed) != results.rates.lines:
        raise InputError(
            f"{folder / predictions.PREDICTIONS}: holds {len(placed)} of the "
            f"{results.rates.lines} lines that were evaluated; delete its folder and evaluate "
            "again"
        )
    return Cell(condition, seed, folder, results, [prediction for _, prediction in placed])


def _nothing(folder: Path) -> str:
    """Says why there are no results in an evaluation's folder."""
    if (folder / predictions.RESULTS).exists():
        return f"{folder / predictions.RESULTS}: damaged; delete it and evaluate again"
    others = sorted(p.parent.name for p in folder.parent.glob(f"*/{predictions.RESULTS}"))
    hint = f", or compare by --name={others[0]}" if others else ""
    return f"{folder}: no evaluation; measure it first with {command_name('evaluate')}{hint}"


def _refuse_other_images(first: Cell, other: Cell) -> None:
    """Refuses evaluations of the same lines whose fingerprints differ.

    Fingerprints are over ids, texts and images in their order, so that it is the images that differ.
    """
    lines = [[(p.id, p.reference) for p in cell.predictions] for cell in (first, other)]
    if lines[0] == lines[1] and first.results.fingerprint != other.results.fingerprint:
        raise InputError(
            f"{other.folder}: was measured on other images of the lines of {first.folder}; evaluate "
            "both on the same"
        )


def _of_some(fingerprint: str, ids: Sequence[str]) -> str:
    """Makes a fingerprint of some of the lines that another one stands for."""
    return hashlib.sha256("\n".join([fingerprint, *ids]).encode()).hexdigest()


def _pick(cell: Cell, kept: Sequence[str], references: Mapping[str, str]) -> list[Prediction]:
    by_id = {p.id: p for p in cell.predictions}
    for name in kept:
        if (by_id[name].reference or "") != references[name]:
            raise InputError(
                f"{cell.folder}: line {name} has reference {by_id[name].reference!r} here and "
                f"{references[name]!r} elsewhere; evaluate all on the same labels"
            )
    return [by_id[name] for name in kept]


def _refuse(first: Cell, other: Cell, ours: set[str], theirs: set[str]) -> None:
    missing, extra = sorted(ours - theirs), sorted(theirs - ours)
    said = []
    for lines, what in ((missing, "lacks"), (extra, "adds")):
        if lines:
            named = ", ".join(lines[:NAMED]) + (", ..." if len(lines) > NAMED else "")
            said.append(f"{what} {len(lines)} ({named})")
    raise InputError(
        f"{other.folder}: of the {len(ours)} test lines of {first.folder} it {' and '.join(said)}; "
        "evaluate all on the same lines, or compare what they share with --lines=intersection"
    )
