"""The table of all systems as one HTML page, which extends the base of a study's report; TensorFlow-free."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from ocr_tf.data.page_image import decode_gray
from ocr_tf.errors import InputError
from ocr_tf.study.report import formatting, svg
from ocr_tf.study.report.html import Picture, Segment, differences, environment, picture
from ocr_tf.study.report.svg import COLORS, Drawing, Look
from ocr_tf.systems.latency import BUSY, Milliseconds
from ocr_tf.systems.line_sets import LineSet
from ocr_tf.systems.measured import Interval, Measured
from ocr_tf.systems.table import Row, Table

TEMPLATE = "compare_systems.html"


class Figure(NamedTuple):
    """A figure and its interval, as texts."""

    value: str
    interval: str


class Shown(NamedTuple):
    """A row of the table."""

    look: Look
    row: Row
    parameters: str
    figures: list[Figure]  # strings without an error and CER, of each test set
    milliseconds: Figure
    training: str


class Counted(NamedTuple):
    """The counts of a system on a test set."""

    look: Look
    right: str
    ar: str
    insertions: str
    deletions: str
    substitutions: str


class ReadBy(NamedTuple):
    """What a system reads of a line that is shown."""

    look: Look
    segments: list[Segment]
    right: bool


class Example(NamedTuple):
    """The first line of a set."""

    title: str
    text: str
    picture: Optional[Picture]
    readings: list[ReadBy]


def render(table: Table, drawing: Optional[Drawing], examples: Sequence[Example]) -> str:
    """Makes the page.

    Args:
        table: all figures.
        drawing: the curves, if there are any.
        examples: lines to show, see `example`.
    """
    looks = looks_of(table)
    return (
        environment("ocr_tf.systems")
        .get_template(TEMPLATE)
        .render(
            template=TEMPLATE,
            colors=COLORS,
            table=table,
            busy=BUSY,
            rows=[_shown(row, looks[row.name]) for row in table.rows],
            counts={
                name: [_counted(row, name, looks) for row in table.rows] for name in table.tests
            },
            sizes={name: table.rows[0].tests[name].rates for name in table.tests},
            levels=[
                (f"{level:g}", [_exact(row.levels[level]) for row in table.rows])
                for level in table.rows[0].levels
            ],
            drawing=drawing,
            examples=examples,
        )
    )


def looks_of(table: Table) -> dict[str, Look]:
    """Gives every system its color, as the curves do."""
    return svg.looks([row.name for row in table.rows])


def example(
    title: str, lines: LineSet, texts: Mapping[str, str], reference: str, looks: Mapping[str, Look]
) -> Example:
    """Shows the first line of a set.

    Args:
        title: names the set.
        lines: the set.
        texts: what each system reads of it.
        reference: what it says.
        looks: of the systems.
    """
    try:
        shown = picture(decode_gray(io.BytesIO(lines.source.read(0))))
    except InputError:
        shown = None
    readings = [
        ReadBy(looks[name], differences(reference, text).text, reference == text)
        for name, text in texts.items()
    ]
    return Example(title, reference, shown, readings)


def _shown(row: Row, look: Look) -> Shown:
    figures = []
    for one in row.tests.values():
        figures += [_exact(one), Figure(formatting.percent(one.rates.cer), _interval(one.cer))]
    seconds = row.facts.training_seconds
    return Shown(
        look,
        row,
        f"{row.facts.parameters:,}",
        figures,
        _milliseconds(row.milliseconds),
        formatting.NOTHING if seconds is None else _duration(seconds),
    )


def _exact(one: Measured) -> Figure:
    return Figure(formatting.percent(one.rates.exact), _interval(one.exact))


def _interval(interval: Optional[Interval]) -> str:
    return "" if interval is None else f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"


def _milliseconds(times: Optional[Milliseconds]) -> Figure:
    if times is None:
        return Figure(formatting.NOTHING, "")
    return Figure(f"{times.median:.3g}", f"{times.low:.3g} to {times.high:.3g}")


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f}{formatting.SPACE}s"
    return f"{seconds / 60:.0f}{formatting.SPACE}min"


def _counted(row: Row, test: str, looks: Mapping[str, Look]) -> Counted:
    rates = row.tests[test].rates
    return Counted(
        looks[row.name],
        f"{rates.exact_lines:,}",
        formatting.percent(rates.ar).replace("-", formatting.MINUS),  # with many insertions
        f"{rates.insertions:,}",
        f"{rates.deletions:,}",
        f"{rates.substitutions:,}",
    )
