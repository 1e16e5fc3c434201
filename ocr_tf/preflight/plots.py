"""Plots of the page: how long labels are, how wide images, how frequent symbols.

A function paints at a width in pixels of the page, see `ocr_tf.study.report.svg`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.data.inspect.collection import Collection, Role
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.findings import geometry_of
from ocr_tf.preflight.labels import shown_alone
from ocr_tf.study.report import svg
from ocr_tf.study.report.svg import FULL, HALF, PHONE, Drawing
from ocr_tf.types import Array

BINS = 40
NEARLY_ALL = 0.998  # of the values are within the axis; the last bar holds the others
SYMBOLS = {False: 56, True: 20}  # shown, at a desk and on a phone


class Series(NamedTuple):
    """Values of the lines of one role."""

    name: str
    values: Array


def drawn(config: InspectData, lines: Collection) -> list[Drawing]:
    """Paints all plots."""
    geometry = geometry_of(config)
    lengths, widths = [], []
    for role in lines.roles:
        own = role.lines
        scaled = geometry.scaled_widths(lines.heights[own], lines.widths[own])
        lengths.append(Series(role.name, lines.lengths[own]))
        widths.append(Series(role.name, scaled[scaled > 0]))
    drawings = [
        svg.drawing(
            "lengths",
            "Share of the lines by the length of their label",
            functools.partial(histogram, lengths, "symbols of a label"),
            HALF,
        )._replace(caption="How long labels are, in per cent of the lines of a role."),
        svg.drawing(
            "widths",
            "Share of the lines by the width of their scaled image",
            functools.partial(histogram, widths, f"pixels at height {config.height}"),
            HALF,
        )._replace(
            caption="How wide images are when scaled. A batch is as wide as the widest of its lines."
        ),
    ]
    if lines.roles[0].labels.occurrences:
        drawings.append(
            svg.drawing(
                "symbols",
                "How often the most frequent symbols occur",
                functools.partial(frequencies, lines.roles[0]),
                FULL,
            )._replace(
                caption=f"The most frequent symbols of {lines.roles[0].name}, on a logarithmic scale; "
                "all are in the table of the alphabet."
            )
        )
    return drawings


def histogram(series: Sequence[Series], label: str, width: int) -> Figure:
    """Paints the shares of values, each role's in its color; the last bar also holds what is beyond."""
    values = np.concatenate([one.values for one in series])
    low, high = int(values.min()), int(np.ceil(np.quantile(values, NEARLY_ALL)))
    step = max(1, -(-(high + 1 - low) // BINS))
    edges = np.arange(low, high + step + 1, step)
    figure = svg.canvas(width, 250)
    axes = svg.place(figure, 40, 28, 12, 42)
    styles = svg.looks([one.name for one in series])
    for one in series:
        counts = np.histogram(np.minimum(one.values, edges[-1] - 1), edges)[0]
        shares = 100 * counts / max(1, len(one.values))
        color = styles[one.name].color
        axes.stairs(shares, edges - 0.5, color=color, lw=1.6)
        axes.stairs(shares, edges - 0.5, color=color, fill=True, alpha=0.14)
    axes.set_xlabel(label)
    axes.set_ylim(bottom=0)
    axes.set_xlim(edges[0] - 0.5, edges[-1] - 0.5)
    axes.yaxis.grid(True)
    axes.locator_params(axis="x", nbins=6, integer=True)
    axes.locator_params(axis="y", nbins=5)
    svg.title(axes, "% of lines")
    _legend(axes, [(one.name, styles[one.name].color) for one in series])
    return figure


def _legend(axes: Any, entries: Sequence[tuple[str, str]]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=color, lw=2, label=name) for name, color in entries]
    axes.legend(handles=handles, handlelength=1.2, loc="upper right")


def frequencies(role: Role, width: int) -> Figure:
    """Paints how often symbols occur."""
    shown = role.labels.occurrences.most_common(SYMBOLS[width <= PHONE])
    figure = svg.canvas(width, 240)
    axes = svg.place(figure, 52, 28, 8, 32)
    axes.bar(range(len(shown)), [number for _, number in shown], width=0.7, color=svg.COLORS[0])
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:,.0f}" if y >= 1 else "")
    axes.minorticks_off()
    axes.yaxis.grid(True)
    axes.set_xlim(-0.7, max(len(shown), 12) - 0.3)
    axes.set_xticks(range(len(shown)), [shown_alone(symbol) for symbol, _ in shown])
    svg.title(axes, "occurrences")
    return figure
