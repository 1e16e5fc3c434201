"""Draws how accuracy falls as lines get harder; TensorFlow-free.

A function paints at a width in pixels of the page, see `ocr_tf.study.report.svg`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Optional

from matplotlib.figure import Figure

from ocr_tf.study.report import svg
from ocr_tf.study.report.svg import Drawing
from ocr_tf.systems.table import Row

ABOUT = "Share of strings read without an error by the difficulty of the lines, one curve for each system"


def accuracy(rows: Sequence[Row]) -> Optional[Drawing]:
    """Paints the curves; None where fewer than two difficulties were read."""
    if len(rows[0].levels) < 2:
        return None
    return svg.drawing("accuracy", ABOUT, functools.partial(_paint, rows))


def _paint(rows: Sequence[Row], width: int) -> Figure:
    figure = svg.canvas(width, 340 + 18 * len(rows))
    axes = svg.place(figure, 44, 28 + 20 * len(rows), 14, 44)
    styles = svg.looks([row.name for row in rows])
    for row in rows:
        look, levels = styles[row.name], sorted(row.levels)
        read = [row.levels[level] for level in levels]
        shares = [100 * (one.rates.exact or 0.0) for one in read]
        low = [max(0.0, share - 100 * one.exact.low) for share, one in zip(shares, read)]
        high = [max(0.0, 100 * one.exact.high - share) for share, one in zip(shares, read)]
        axes.errorbar(
            levels,
            shares,
            [low, high],
            color=look.color,
            marker=look.marker,
            markersize=6,
            lw=2,
            elinewidth=1.2,
        )
    axes.set_ylim(-2, 102)
    axes.set_xlabel("difficulty")
    axes.yaxis.grid(True)
    svg.title(axes, "% of strings without an error")
    svg.legend(axes, styles, loc="lower left", bbox_to_anchor=(-0.01, 1.06), borderaxespad=0)
    return figure
