"""The content of an analysis: what the renderers of a report take, and what becomes JSON.

`Analysis` is the whole. Sections that follow from the readings alone are defined beside what computes them
(slices, error_types, calibration, search_errors); alignments and probes, whose computation loads TensorFlow,
are defined here. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

from ocr_tf.metrics import paired
from ocr_tf.study.analysis.calibration import ConditionsCalibration
from ocr_tf.study.analysis.error_types import ConfusedSymbols, Failure
from ocr_tf.study.analysis.search_errors import SearchErrors
from ocr_tf.study.analysis.slices import SliceComparison
from ocr_tf.study.comparison.estimates import Compared, Measured, Occurrences

# Alignments


@dataclasses.dataclass(frozen=True)
class Spread:
    """The mean and the quartiles of values."""

    mean: float
    low: float  # first quartile
    median: float
    high: float  # third quartile


@dataclasses.dataclass(frozen=True)
class SeedSpread:
    """A measure of one trained network, over the lines."""

    seed: int
    spread: Spread


@dataclasses.dataclass(frozen=True)
class AlignmentMeasure(Measured):
    """A measure of alignments, as the mean over lines."""

    by_seed: dict[str, tuple[SeedSpread, ...]]  # by condition


@dataclasses.dataclass(frozen=True)
class Distance:
    """The distance of A's centers of mass from B's best forced paths, under one seed."""

    a: str
    b: str
    seed: int
    pixels: (
        Spread  # over lines, of the mean |distance| of a line's symbols, in columns of the image
    )
    symbols: Spread  # the same in the width that a symbol of the line has on average
    offset: float  # mean signed distance, pixels; above 0: A is further along the line
    drifted: tuple[int, ...]  # lines on which a symbol is more than DRIFT such widths off


@dataclasses.dataclass(frozen=True)
class EmptySpans:
    """Spans without ink: where a network emits a symbol, and nothing is written there.

    A span is the columns that hold the middle 80 % of a symbol's weight; it says where the network emits
    the symbol, which need not be where the glyph is. `ocr_tf.metrics.alignment.ink_columns` says what ink
    is.
    """

    lines: Occurrences  # lines with such a span; counts are lines
    symbols: Occurrences  # symbols with such a span, as shares of the symbols of these lines
    first_or_last: dict[str, Optional[float]]  # share of these symbols that begin or end a line
    distances: dict[
        str, Optional[Spread]
    ]  # pixels from such a span to the nearest ink, over all of them


@dataclasses.dataclass(frozen=True)
class Alignments:
    """The alignments of references with their lines, of those lines that all networks can write."""

    indices: tuple[int, ...]  # of the lines
    measures: dict[str, AlignmentMeasure]  # by name
    events: dict[str, Occurrences]  # by name, as shares of the symbols of these lines
    distances: tuple[Distance, ...]
    empty_spans: EmptySpans


# Probes


@dataclasses.dataclass(frozen=True)
class ProbeRates:
    """A condition's error rates on a level of a probe, by seed."""

    cer: tuple[float, ...]
    exact: tuple[float, ...]  # share of lines with an error


@dataclasses.dataclass(frozen=True)
class ProbeReading:
    """A line of a probe and what was read of it."""

    reference: str
    readings: dict[str, tuple[str, ...]]  # by condition and seed


@dataclasses.dataclass(frozen=True)
class Control:
    """The level that a level is compared with; it lacks only what is probed."""

    family: str
    level: str
    differences: tuple[paired.Slice, ...]  # of CER; `against_rest` is the level minus its control

    def difference(self, a: str, b: str) -> Optional[paired.Slice]:
        """Returns that of the pair (A, B), or None if it was not compared."""
        return next((d for d in self.differences if (d.a, d.b) == (a, b)), None)


@dataclasses.dataclass(frozen=True)
class ProbeLevel:
    """The readings of one level of a probe."""

    level: str
    lines: int
    short: dict[str, int]  # lines left out for want of encoder steps, by condition
    cer: Compared
    exact: Compared
    by_seed: dict[str, ProbeRates]  # by condition
    failures: dict[str, dict[str, tuple[int, ...]]]  # lines by failure, condition and seed
    shown: tuple[ProbeReading, ...]  # some of the lines
    control: Optional[Control]


@dataclasses.dataclass(frozen=True)
class Probe:
    """A family of lines made on purpose.

    A level is left out where encoder steps are too few for more than half of its lines: the rest would be
    the easy ones.
    """

    meaning: str
    levels: tuple[ProbeLevel, ...]
    left_out: dict[
        str, dict[str, int]
    ]  # lines without enough encoder steps, by level and condition


# The whole


@dataclasses.dataclass(frozen=True)
class Analysis:
    """The differences between the conditions, by line, kind of error and network.

    Everything is exploratory but the tests of the slices, which are corrected for their number.
    """

    slices: tuple[SliceComparison, ...]
    edits: dict[str, Occurrences]  # by kind
    confusions: tuple[ConfusedSymbols, ...]  # the most frequent first
    failures: dict[str, Failure]  # by name
    calibration: ConditionsCalibration
    search_errors: SearchErrors
    alignments: Optional[Alignments] = (
        None  # None: no networks, or fewer than two lines that all can write
    )
    probes: dict[str, Probe] = dataclasses.field(
        default_factory=dict
    )  # by family; empty: no networks
    missing: tuple[str, ...] = ()  # why a part is left out, a sentence each
