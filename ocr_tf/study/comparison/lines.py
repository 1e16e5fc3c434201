"""The test lines of a comparison with every reading of them; TensorFlow-free."""

from __future__ import annotations

import dataclasses
from typing import Optional

from ocr_tf.experiment.inference.evaluated import TROUBLES
from ocr_tf.study.comparison.results import Grid


@dataclasses.dataclass(frozen=True)
class TestSet:
    """The lines that everything was measured on."""

    __test__ = False  # pytest takes the name for a test's

    sources: tuple[str, ...]  # labels files, folders or scheme:SPEC
    lines: int
    symbols: int  # of the references, after normalization
    fingerprint: str
    left_out: int  # lines that not every run had read
    same_images: bool  # it is proven that every run read the same images
    troubled: tuple[str, ...]  # sentences on lines that were bound to count as errors
    longer_than: int = 0  # symbols that every line has more of; shorter ones are not compared


@dataclasses.dataclass(frozen=True)
class LineReading:
    """One model's reading of a line."""

    seed: int
    text: str
    log_prob: Optional[float]  # log p(text | image), natural; None where the system has none
    reference_log_prob: Optional[float]  # log p(reference | image)
    ended: bool  # the search did not hit its bound
    ok: bool  # the image could be read
    edits: int  # after normalization


@dataclasses.dataclass(frozen=True)
class Line:
    """A test line."""

    id: str
    reference: str
    width: Optional[int]  # pixels of the image as it is; None where it cannot be read
    height: Optional[int]
    readings: dict[str, tuple[LineReading, ...]]  # by condition, each by seed


def test_set(grid: Grid) -> TestSet:
    """Describes the lines of a grid."""
    return TestSet(
        sources=grid.cells[grid.conditions[0]][0].results.test,
        lines=len(grid.ids),
        symbols=int(grid.lengths("cer").sum()),
        fingerprint=grid.fingerprint,
        left_out=grid.left_out,
        same_images=grid.same_images,
        troubled=_troubled(grid),
        longer_than=grid.longer_than,
    )


def lines(grid: Grid) -> tuple[Line, ...]:
    """Gathers every line with its readings; the sizes of images are not known here."""
    return tuple(
        Line(
            id=name,
            reference=grid.references[i],
            width=None,
            height=None,
            readings={condition: _readings(grid, condition, i) for condition in grid.conditions},
        )
        for i, name in enumerate(grid.ids)
    )


def _readings(grid: Grid, condition: str, i: int) -> tuple[LineReading, ...]:
    return tuple(
        LineReading(
            seed=cell.seed,
            text=cell.predictions[i].text,
            log_prob=cell.predictions[i].log_prob,
            reference_log_prob=cell.predictions[i].reference_log_prob,
            ended=cell.predictions[i].ended,
            ok=cell.predictions[i].ok,
            edits=grid.edits[condition][s][i].distance,
        )
        for s, cell in enumerate(grid.cells[condition])
    )


def _troubled(grid: Grid) -> tuple[str, ...]:
    """Counts lines that were bound to count as errors, in a sentence for each kind that occurs."""
    cells = {condition: row[0] for condition, row in grid.cells.items()}
    sentences = []
    for kind, what in TROUBLES.items():
        counts = {c: cell.results.troubled_lines.get(kind, 0) for c, cell in cells.items()}
        if kind != "not_ended" and any(counts.values()):
            each = ", ".join(f"{number} ({condition})" for condition, number in counts.items())
            first, *others = set(counts.values())
            total = next(iter(cells.values())).results.rates.lines
            sentences.append(f"{each if others else first} of {total} test lines: {what}.")
    return tuple(sentences)
