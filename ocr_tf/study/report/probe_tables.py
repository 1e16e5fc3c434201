"""Arranges the probes of an analysis for the page. TensorFlow-free."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, Optional

from ocr_tf.metrics import paired
from ocr_tf.study.analysis.content import Probe
from ocr_tf.study.report import formatting
from ocr_tf.study.report.html import Segment, differences

# Names of the plots of `analysis_plots.probes`, in the page's order.
PLOTS = ("probe_repeats", "probe_lengths", "probe_joined", "probe_words")


class Interval(NamedTuple):
    """A difference, with its interval where there is one."""

    value: float
    low: Optional[float]
    high: Optional[float]


class Example(NamedTuple):
    """A line of a probe."""

    family: str
    level: str
    reference: str
    texts: dict[str, list[tuple[list[Segment], bool, int]]]  # by condition: right, how many seeds


class Contrast(NamedTuple):
    """The headline's pair on a level of a probe, compared with its control."""

    name: str
    control: str
    lines: int
    compared: paired.Slice
    inside: Interval


@dataclasses.dataclass(frozen=True)
class Probes:
    """The tables that the page shows of the probes; empty where there are none."""

    meanings: dict[str, str]  # by family
    examples: list[Example]
    contrasts: list[Contrast]
    left_out: list[str]  # levels that some network has too few steps for
    squeezed: str  # to which width images are brought, as far as conditions do that


EMPTY = Probes({}, [], [], [], "")


def arrange(
    probes: Mapping[str, Probe], pair: Optional[tuple[str, str]], widths: Mapping[str, int]
) -> Probes:
    """Arranges everything; see `analysis_tables.arrange`."""
    return Probes(
        meanings={family: probe.meaning for family, probe in probes.items()},
        examples=examples(probes),
        contrasts=contrasts(probes, pair),
        left_out=[
            f"{family}: {', '.join(probe.left_out)}"
            for family, probe in probes.items()
            if probe.left_out
        ],
        squeezed=squeezed(widths),
    )


def examples(probes: Mapping[str, Probe]) -> list[Example]:
    """Lists some lines of every probe with what was read of them."""
    return [
        Example(
            family,
            level.level,
            shown.reference,
            {
                condition: [
                    (differences(shown.reference, text).text, text == shown.reference, count)
                    for text, count in Counter(texts).most_common()
                ]
                for condition, texts in shown.readings.items()
            },
        )
        for family, probe in probes.items()
        for level in probe.levels
        for shown in level.shown
    ]


def contrasts(probes: Mapping[str, Probe], pair: Optional[tuple[str, str]]) -> list[Contrast]:
    """Lists every level that has a control, with what was found on the headline's pair."""
    rows = []
    for family, probe in probes.items():
        for level in probe.levels:
            control = level.control
            compared = control.difference(*pair) if control and pair else None
            if control and compared:
                names = f"{family}: {level.level}", f"{control.family}: {control.level}"
                rows.append(Contrast(*names, level.lines, compared, inside(compared)))
    return rows


def inside(compared: paired.Slice) -> Interval:
    """Gives the difference on a slice, also where its interval is withheld."""
    if compared.inside is None:
        return Interval(compared.rate_a - compared.rate_b, None, None)
    return Interval(compared.inside.value, compared.inside.low, compared.inside.high)


def squeezed(widths: Mapping[str, int]) -> str:
    """Says to which width images are brought; empty if no condition does that.

    Args:
        widths: pixels by condition, 0 for one that keeps the aspect ratio.
    """
    if len(set(widths.values())) == 1:
        (width,) = set(widths.values())
        return f"{width} pixels" if width else ""
    return formatting.listed([f"{w} pixels for {name}" for name, w in widths.items() if w])
