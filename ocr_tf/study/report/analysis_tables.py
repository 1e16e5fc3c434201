"""Arranges an analysis for the page: slices, kinds of errors, scores, calibration and alignments.

`probe_tables` has the probes. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional, Union

from ocr_tf.metrics import paired
from ocr_tf.study.analysis.content import Alignments, Analysis, EmptySpans, Spread
from ocr_tf.study.analysis.error_types import Failure
from ocr_tf.study.comparison.estimates import Difference, Measured, Occurrences, OnLine
from ocr_tf.study.report import formatting, probe_tables
from ocr_tf.study.report.line_list import Lists
from ocr_tf.study.report.probe_tables import Interval, Probes

FAILURE_NAMES = {
    "merged": "doubled symbols merged",
    "repeated": "text repeated",
    "skipped": "text skipped",
    "misread": "a whole stretch misread",
    "not ended": "never ends",
    "too few steps": "too few steps",
}
ERROR_NAMES = {
    "model": "model error",
    "impossible": "… impossible for it",
    "search": "search error",
}
MEASURE_NAMES = {"relative_entropy": "spread"}
EVENT_NAMES = {"skips": "symbols skipped to", "returns": "symbols gone back to"}
JUDGES = {
    "a": "first alone",
    "b": "second alone",
    "by_a": "by the first's score",
    "by_b": "by the second's score",
    "by_both": "by both scores",
    "either": "with luck",
}
CALIBRATION = ("accuracy", "confidence", "ece", "brier", "nll", "aurc")
SIGNS = {" ": "␣", "\N{NO-BREAK SPACE}": "⍽", "\t": "⇥", "": "∅"}

# The conditions A and B of the comparison that the report's verdict is about; None: nothing was compared.
Pair = Optional[tuple[str, str]]


class RateCell(NamedTuple):
    """A condition's rate."""

    rate: float
    counts: str  # by seed
    share: float  # of the largest rate of the table, for a bar
    link: str


class KindRow(NamedTuple):
    """A kind of error, or of event: how often, how different, where."""

    name: str
    meaning: str
    known_of: str  # the head that it is known of, if any
    cells: dict[str, RateCell]  # by condition
    difference: Optional[Difference]  # of the headline's pair


class ConfusionRow(NamedTuple):
    """A symbol that is read as another one."""

    reference: str
    read: str
    means: dict[str, float]  # by condition
    shares: dict[str, float]  # of the largest of the table
    link: str


class ChoiceRow(NamedTuple):
    """Lines read without an error if readings were chosen by a score."""

    seed: int
    right: dict[str, int]  # by JUDGES
    links: dict[str, str]  # to those that the first reader misses


class CalibrationRow(NamedTuple):
    """The calibration of a condition's confidences."""

    condition: str
    figures: dict[str, tuple[float, Optional[float]]]  # mean and deviation, by CALIBRATION
    wrong: int  # readings kept, the surest of the wrong ones
    surest: Optional[float]  # confidence
    link: str


class DistanceRow(NamedTuple):
    """The distance of A's centers from B's paths, under one seed."""

    a: str
    b: str
    seed: int
    pixels: Spread
    symbols: Spread
    offset: float
    drifted: int
    link: str


class SliceRow(NamedTuple):
    """The headline's pair on a slice."""

    name: str
    lines: int
    link: str
    compared: paired.Slice
    inside: Interval


@dataclasses.dataclass(frozen=True)
class AnalysisTables:
    """The tables that the page shows of an analysis; empty where there is none."""

    slices: dict[str, list[SliceRow]]  # by family
    slices_sentence: str  # whether any differs from the rest
    edits: list[KindRow]
    failures: list[KindRow]
    errors: list[KindRow]
    measures: list[KindRow]
    events: list[KindRow]
    empty_spans: list[KindRow]
    empty_span_sentences: list[str]
    confusions: list[ConfusionRow]
    choices: list[ChoiceRow]
    calibration: list[CalibrationRow]
    brier: Optional[Difference]
    distances: list[DistanceRow]
    aligned: int  # lines
    probes: Probes
    missing: tuple[str, ...]


EMPTY = AnalysisTables(
    slices={},
    slices_sentence="",
    edits=[],
    failures=[],
    errors=[],
    measures=[],
    events=[],
    empty_spans=[],
    empty_span_sentences=[],
    confusions=[],
    choices=[],
    calibration=[],
    brier=None,
    distances=[],
    aligned=0,
    probes=probe_tables.EMPTY,
    missing=(),
)


def arrange(
    analysis: Optional[Analysis], pair: Pair, lists: Lists, widths: Mapping[str, int]
) -> AnalysisTables:
    """Arranges everything.

    Args:
        analysis: None gives EMPTY.
        pair: the headline's conditions.
        lists: takes the sets of lines that numbers lead to.
        widths: to which width each condition brings images, 0 if it does not.
    """
    if analysis is None:
        return EMPTY
    by_family = slices(analysis, pair, lists)
    tables = dataclasses.replace(
        EMPTY,
        slices=by_family,
        slices_sentence=slices_sentence(by_family),
        edits=kinds(analysis.edits, pair, lists),
        failures=kinds(analysis.failures, pair, lists, FAILURE_NAMES),
        errors=kinds(analysis.search_errors.errors, pair, lists, ERROR_NAMES),
        confusions=confusions(analysis, lists),
        choices=choices(analysis, pair, lists),
        calibration=calibration(analysis, lists),
        brier=analysis.calibration.brier.difference(*pair) if pair else None,
        probes=probe_tables.arrange(analysis.probes, pair, widths),
        missing=analysis.missing,
    )
    if analysis.alignments is None:
        return tables
    spans = analysis.alignments.empty_spans
    return dataclasses.replace(
        tables,
        measures=kinds(analysis.alignments.measures, pair, lists, MEASURE_NAMES),
        events=kinds(analysis.alignments.events, pair, lists, EVENT_NAMES),
        empty_spans=kinds({"lines": spans.lines, "symbols": spans.symbols}, pair, lists),
        empty_span_sentences=empty_spans(spans),
        distances=distances(analysis.alignments, lists),
        aligned=len(analysis.alignments.indices),
    )


def kinds(
    measured: Mapping[str, Union[Measured, Occurrences]],
    pair: Pair,
    lists: Lists,
    names: Mapping[str, str] = {},
) -> list[KindRow]:
    """Makes a row of each kind; those whose counts and lines are known have them too."""
    largest = max(
        (rate.value for kind in measured.values() for rate in kind.rates.values()), default=0
    )
    rows = []
    for key, kind in measured.items():
        name = names.get(key, key)
        cells = {}
        for condition, rate in kind.rates.items():
            counts: tuple[int, ...] = ()
            link = ""
            if isinstance(kind, Occurrences):
                counts = kind.counts[condition]
                link = lists.link(f"{name}: {condition}", indices(kind.lines[condition]))
            share = rate.value / largest if largest else 0.0
            cells[condition] = RateCell(
                rate.value, ", ".join(f"{n:,}" for n in counts), share, link
            )
        known_of = kind.known_of if isinstance(kind, Failure) else ""
        difference = kind.difference(*pair) if pair else None
        rows.append(KindRow(name, kind.meaning, known_of, cells, difference))
    return rows


def confusions(analysis: Analysis, lists: Lists) -> list[ConfusionRow]:
    """Makes a row of each of the most frequent confusions, means over seeds."""
    means = [{c: one.mean(c) for c in one.counts} for one in analysis.confusions]
    largest = max((m for by_condition in means for m in by_condition.values()), default=0) or 1
    rows = []
    for one, mean in zip(analysis.confusions, means):
        reference, read = symbol(one.reference), symbol(one.read)
        lines = {i for on_lines in one.lines.values() for i in indices(on_lines)}
        rows.append(
            ConfusionRow(
                reference,
                read,
                mean,
                {c: m / largest for c, m in mean.items()},
                lists.link(f"{reference} read as {read}", lines),
            )
        )
    return rows


def slices(analysis: Analysis, pair: Pair, lists: Lists) -> dict[str, list[SliceRow]]:
    """Makes a row of each slice on which the headline's pair was compared, by family."""
    families: dict[str, list[SliceRow]] = {}
    for part in analysis.slices:
        compared = part.difference(*pair) if pair else None
        if compared:
            link = lists.link(f"{part.family}: {part.name}", part.indices)
            row = SliceRow(part.name, part.lines, link, compared, probe_tables.inside(compared))
            families.setdefault(part.family, []).append(row)
    return families


def slices_sentence(by_family: Mapping[str, Sequence[SliceRow]]) -> str:
    """Says on which slices the difference is another one than on the rest, after correction."""
    every = {
        f"{family}, {row.name}": row.compared.p_adjusted
        for family, rows in by_family.items()
        for row in rows
    }
    tested = {name: p for name, p in every.items() if p is not None}
    if not tested:
        return "No slice could be tested against the rest."
    found = [name for name, p in tested.items() if p <= paired.ALPHA]
    number = formatting.counted(len(tested), "slice")
    if not found:
        return f"Of {number} tested, none differs from the rest after correction for their number."
    differ = "differs" if len(found) == 1 else "differ"
    return (
        f"Of {number} tested, {len(found)} {differ} from the rest after correction for their number: "
        f"{'; '.join(found)}."
    )


def indices(lines: Iterable[OnLine]) -> list[int]:
    """Lists the lines without how many seeds each is of."""
    return [line.line for line in lines]


def symbol(text: str) -> str:
    """Gives a symbol that can be seen; no symbol is the empty set."""
    if text in SIGNS:
        return SIGNS[text]
    return text if text.isprintable() else f"U+{ord(text):04X}"


def choices(analysis: Analysis, pair: Pair, lists: Lists) -> list[ChoiceRow]:
    """Makes a row of each seed of the headline's pair."""
    return [
        ChoiceRow(
            one.seed,
            one.right,
            {
                judge: lists.link(f"seed {one.seed}: gained, chosen {JUDGES[judge]}", lines)
                for judge, lines in one.gained.items()
            },
        )
        for one in analysis.search_errors.choices
        if pair == (one.a, one.b)
    ]


def calibration(analysis: Analysis, lists: Lists) -> list[CalibrationRow]:
    """Makes a row of each condition: means over seeds with their standard deviations."""
    rows = []
    for condition, seeds in analysis.calibration.by_seed.items():
        figures = {}
        for key in CALIBRATION:
            values = [getattr(seed.measures, key) for seed in seeds]
            figures[key] = formatting.mean(values) or 0.0, formatting.deviation(values)
        wrong = analysis.calibration.surely_wrong[condition]
        rows.append(
            CalibrationRow(
                condition,
                figures,
                len(wrong),
                wrong[0].confidence if wrong else None,
                lists.link(f"surest misreadings of {condition}", [m.line for m in wrong]),
            )
        )
    return rows


def distances(alignments: Alignments, lists: Lists) -> list[DistanceRow]:
    """Makes a row of each pair and seed."""
    return [
        DistanceRow(
            one.a,
            one.b,
            one.seed,
            one.pixels,
            one.symbols,
            one.offset,
            len(one.drifted),
            lists.link(f"{one.a} drifts from {one.b}, seed {one.seed}", one.drifted),
        )
        for one in alignments.distances
    ]


def empty_spans(spans: EmptySpans) -> list[str]:
    """Says how far from ink each condition emits the symbols whose spans hold none."""
    sentences = []
    for condition, off in spans.distances.items():
        at_ends = spans.first_or_last[condition]
        if off is not None and at_ends is not None:
            sentences.append(
                f"{condition}: {formatting.percent(at_ends)} of the symbols whose spans hold no ink are the "
                f"first or the last of their line; the nearest ink is {off.mean:.1f} pixels from such a span "
                f"on average (quartiles {off.low:.1f} to {off.high:.1f})."
            )
    return sentences
