"""Forest plots: differences with their intervals, one below the other, on one axis around 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.study.report import formatting, svg
from ocr_tf.study.report.svg import ACCENT, BAND, DIM, INK, PHONE, Look


class Row(NamedTuple):
    """A difference D of error rates, A minus B, as fractions."""

    label: str
    value: float
    low: Optional[float]
    high: Optional[float]
    note: str = ""  # at its right
    strong: bool = True  # the row that counts; others are beside it
    link: str = ""
    a: Optional[Look] = None
    b: Optional[Look] = None


class Group(NamedTuple):
    """Rows under a heading."""

    heading: str
    rows: Sequence[Row]


class Layout(NamedTuple):
    """Where things stand, in pixels."""

    row: int  # height
    label: int  # heights of a row's texts and of its interval, from its top
    interval: int
    left: int  # beside the axes
    right: int


WIDE = Layout(26, 13, 13, 270, 190)
NARROW = Layout(42, 14, 32, 4, 4)  # The label stands above its interval.
HEADING, FOOT, HEAD = 32, 44, 26  # heights; the last of an axis at the top
INDENT = 14
FAR = 1.6  # times what nearly all intervals need, from where on an end is an arrow


def forest(
    groups: Sequence[Group],
    width: int,
    left: str,
    right: str,
    band: Optional[float] = None,
    label_width: int = WIDE.left,
    top_axis: bool = False,
) -> Figure:
    """Paints groups of rows.

    Args:
        groups: from the top down.
        width: pixels of the page.
        left: the meaning of the side below 0; empty: none is named.
        right: the meaning of the side above 0; empty as well.
        band: differences up to this, a fraction, are shaded: they would mostly be missed.
        label_width: pixels, at a desk.
        top_axis: the axis stands above the rows as well as below, where they are many.
    """
    layout = NARROW if width <= PHONE else WIDE._replace(left=label_width)
    total = sum(HEADING * bool(g.heading) + layout.row * len(g.rows) for g in groups)
    head = HEAD if top_axis else 0
    figure = svg.canvas(width, head + total + FOOT)
    axes = svg.place(figure, layout.left, head, layout.right, FOOT)
    limit = _limit([row for group in groups for row in group.rows], band)
    axes.set(xlim=(-limit, limit), ylim=(total, 0), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.xaxis.grid(True)
    if band:
        axes.axvspan(-100 * band, 100 * band, color=BAND, lw=0, zorder=0)
    axes.axvline(0, color=DIM, lw=1, zorder=1)
    top = 0
    for group in groups:
        if group.heading:
            svg.beside(axes, top + 17, group.heading, offset=_margin(layout), weight="bold")
            top += HEADING
        for row in group.rows:
            _row(axes, row, top, layout, limit)
            top += layout.row
    axes.locator_params(axis="x", nbins=5 if layout is NARROW else 9, symmetric=True)
    axes.xaxis.set_major_formatter(
        lambda x, _: f"{x:+g}".replace("-", formatting.MINUS) if x else "0"
    )
    axes.tick_params(axis="x", labeltop=top_axis)
    # Below the axis: what its sides mean.
    foot = {"xytext": (0, -35), "textcoords": "offset points", "va": "center", "color": DIM}
    if left:
        axes.annotate(f"← {left}", (0, 0), xycoords="axes fraction", ha="left", **foot)
    if right:
        axes.annotate(f"{right} →", (1, 0), xycoords="axes fraction", ha="right", **foot)
    if layout is not NARROW:
        axes.annotate("pp", (1, 0), xycoords="axes fraction", **{**foot, "xytext": (22, -9)})
    return figure


def _limit(rows: Sequence[Row], band: Optional[float]) -> float:
    """Percentage points on each side. A few very wide intervals do not flatten the others."""
    values = [abs(row.value) for row in rows]
    ends = [abs(end) for row in rows for end in (row.low, row.high) if end is not None]
    most, all_ = (float(np.quantile(ends, share)) if ends else 0.0 for share in (0.92, 1))
    wide = most if all_ > FAR * most else all_
    return 108 * max([wide, *values, band or 0.0]) or 1.0


def _margin(layout: Layout) -> float:
    """Where texts begin, from the left side of the axes."""
    return 0 if layout is NARROW else -layout.left


def _row(axes: Any, row: Row, top: float, layout: Layout, limit: float) -> None:
    better = _better(row)
    color = better.color if better else INK if row.strong else DIM
    _interval(axes, row, top + layout.interval, color, limit)
    axes.plot(
        [100 * row.value],
        [top + layout.interval],
        better.marker if better else "o",
        color=color,
        ms=7.5 if row.strong else 5.5,
        mfc="white" if row.low is None else color,
        mew=1.4,
        zorder=4,
        clip_on=False,
    )
    ink = INK if row.strong else DIM
    begin = _margin(layout) + (0 if row.strong or layout is NARROW else INDENT)
    label = svg.beside(
        axes, top + layout.label, row.label, offset=begin, color=ACCENT if row.link else ink
    )
    label.set_url(row.link or None)
    end = 0 if layout is NARROW else layout.right
    svg.beside(axes, top + layout.label, row.note, right=True, offset=end, color=ink)


def _interval(axes: Any, row: Row, y: float, color: str, limit: float) -> None:
    """An end beyond the axis is an arrow."""
    if row.low is None or row.high is None:
        return
    ends = np.clip([100 * row.low, 100 * row.high], -limit, limit)
    width = 2.4 if row.strong else 1.4
    axes.plot(ends, [y, y], color=color, lw=width, zorder=2, solid_capstyle="butt")
    for end, true, marker in zip(ends, (row.low, row.high), ("<", ">")):
        if abs(100 * true) > limit:
            axes.plot([end], [y], marker, color=color, ms=6, zorder=3, clip_on=False)


def _better(row: Row) -> Optional[Look]:
    """The condition whose color a row takes, if its interval excludes 0."""
    if row.low is None or row.high is None or row.low <= 0 <= row.high:
        return None
    return row.a if row.value < 0 else row.b
