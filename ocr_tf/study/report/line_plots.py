"""Plots line by line: by how much one reads a line better, and how many lines are read how well.

As in `plots`, a function paints at a width in pixels, or gives None where there is nothing to paint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.normalization import normalize
from ocr_tf.study.report import formatting, svg
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.svg import PHONE, Look
from ocr_tf.types import Array

Looks = Mapping[str, Look]

# Ends of the bars, percentage points either way of 0.
EDGES = (5, 10, 20, 30, 40, 60, 80, 100)
TICKS = (5, 10, 20, 40, 60, 100)
ALIKE = 1e-6  # of a CER: rounding
GRAY = "#9aa3ad"


class Bar(NamedTuple):
    """Lines whose CERs differ by about as much."""

    low: float  # of A's CER minus B's, fractions
    high: float
    lines: list[int]

    @property
    def name(self) -> str:
        """Its differences in percentage points: from, to."""
        if self.low == self.high:
            return "no difference"
        return f"{formatting.points(self.low, unit=False)} to {formatting.points(self.high)}"


def bars(report: Report) -> list[Bar]:
    """Sorts the headline's lines by A's CER minus B's, means over seeds.

    Bars go from -100 to 100 pp. Lines alike have a bar of their own, those further apart are in the
    outermost, and lines without symbols are in none.
    """
    pair = report.headline
    if pair is None or not report.lines:
        return []
    a, b = (_rates(report, name).mean(axis=1) for name in (pair.a, pair.b))
    apart = a - b
    sorted_bars = [Bar(0.0, 0.0, _where(np.abs(apart) <= ALIKE))]
    ends = [0.0, *(end / 100 for end in EDGES)]
    for low, high in zip(ends[:-1], ends[1:]):
        beyond = np.inf if high == ends[-1] else high
        for sign in (1, -1):
            further = sign * apart
            lines = _where((further > max(low, ALIKE)) & (further <= beyond))
            below, above = sorted((sign * low, sign * high))
            sorted_bars.append(Bar(below, above, lines))
    return sorted(sorted_bars, key=lambda bar: bar.low + bar.high)


def _where(mask: Array) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _rates(report: Report, condition: str) -> Array:
    """[N, S] each line's CER as a fraction; NaN where it has no symbol."""
    how = report.study.normalization
    lengths = [len(normalize(line.reference, how)) for line in report.lines]
    edits = [[reading.edits for reading in line.readings[condition]] for line in report.lines]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.array(edits, float) / np.array(lengths, float)[:, None]
    return np.where(np.array(lengths)[:, None] > 0, rates, np.nan)


def histogram_about(report: Report) -> str:
    """Describes the histogram for who cannot see it."""
    pair = report.headline
    return f"Lines by the difference of their CERs, {pair.a} minus {pair.b}" if pair else ""


def histogram(report: Report, looks: Looks, links: Sequence[str], width: int) -> Optional[Figure]:
    """Paints how many lines are read better by how much; a link a bar."""
    pair, every = report.headline, bars(report)
    if pair is None or not every:
        return None
    colors = {-1: looks[pair.a].color, 0: GRAY, 1: looks[pair.b].color}
    if pair.verdict.untrained:  # No line is read better by a head whose rival did not train.
        colors = dict.fromkeys(colors, GRAY)
    heights = np.sqrt([len(bar.lines) for bar in every])  # so that few show beside many
    heights = heights / max(1.0, heights.max())
    small = width <= PHONE
    figure = svg.canvas(width, 310)
    axes = svg.place(figure, 8, 30, 8, 50)
    for x, (bar, height, link) in enumerate(zip(every, heights, links)):
        side = int(np.sign(bar.low + bar.high))
        axes.bar(x, height, width=0.86, color=colors[side])[0].set_url(link or None)
        if bar.lines:
            axes.annotate(
                f"{len(bar.lines):,}",
                (x, height),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=svg.LETTERS - (3.5 if small else 1.5),
            )
    _ticks(axes, len(every) // 2, svg.LETTERS - (4 if small else 1.5))
    axes.set(yticks=[], xlim=(-0.7, len(every) - 0.3), ylim=(0, 1.1))
    axes.spines["left"].set_visible(False)
    a, b = (svg.short(name, 14 if small else 22) for name in (pair.a, pair.b))
    axes.set_xlabel(f"CER of a line, {a} {formatting.MINUS} {b}, pp")
    if not pair.verdict.untrained:
        svg.sides(axes, f"{a} better", f"{b} better")
    return figure


def _ticks(axes: Any, middle: int, size: float) -> None:
    """At the ends of bars; the bar in the middle is that of lines alike."""
    at, labels = [float(middle)], ["0"]
    for k, end in enumerate(EDGES):
        if end in TICKS:
            at += [middle + k + 1.5, middle - k - 1.5]
            labels += [f"+{end}", f"{formatting.MINUS}{end}"]
    axes.set_xticks(at, labels)
    axes.tick_params(axis="x", labelsize=size)


def cumulative(report: Report, looks: Looks, width: int) -> Optional[Figure]:
    """Paints the share of lines under a CER; the mean over seeds in a band from lowest to highest."""
    at = np.linspace(0, 1, 101)
    shares = {}
    for condition in (one.name for one in report.conditions if report.lines):
        rates = _rates(report, condition)
        known = rates[np.isfinite(rates).all(axis=1)]
        if len(known):
            shares[condition] = (known[:, :, None] <= at + ALIKE).mean(axis=0)  # [S, 101]
    if not shares:
        return None
    figure = svg.canvas(width, 310)
    axes = svg.place(figure, 40, 30, 12, 42)
    for condition, every in shares.items():
        color, marker = looks[condition].color, looks[condition].marker
        low, high = 100 * every.min(axis=0), 100 * every.max(axis=0)
        axes.fill_between(100 * at, low, high, color=color, alpha=0.18, lw=0, step="post")
        mean = 100 * every.mean(axis=0)
        axes.step(100 * at, mean, where="post", color=color, lw=1.8)
        axes.plot([0], mean[:1], marker, color=color, clip_on=False, ms=6)
    least = 100 * min(every.min() for every in shares.values())
    room = max(100 - least, 1)
    axes.set(xlim=(-1, 100), ylim=(max(0, least - 0.2 * room), 100 + 0.02 * room))
    axes.set_xlabel("CER of a line at most, %")
    svg.title(axes, "share of lines, %")
    axes.yaxis.grid(True)
    svg.legend(axes, {c: looks[c] for c in shares}, loc="lower right")
    return figure
