"""Plots of what confidences are worth, and of error rates on probes. TensorFlow-free."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_tf.study.analysis.calibration import SeedCalibration
from ocr_tf.study.analysis.content import Analysis, ProbeLevel
from ocr_tf.study.report import svg
from ocr_tf.study.report.svg import DIM, RULE, Drawing, Look
from ocr_tf.types import Array

Looks = Mapping[str, Look]


class Panel(NamedTuple):
    """Families of probes that are drawn in one plot."""

    name: str
    families: tuple[str, ...]  # the first in full lines, the second in dotted ones
    label: str


PANELS = (
    Panel(
        "probe_repeats", ("repeats", "no repeats"), "symbols: one repeated (—), none repeated (···)"
    ),
    Panel("probe_lengths", ("lengths",), "random symbols"),
    Panel("probe_joined", ("joined",), "test lines side by side"),
)
# Two levels in the place of a number.
WORDS = ("words", "shuffled words")


def calibration(analysis: Analysis, looks: Looks) -> list[Drawing]:
    """Draws reliability, and risk by coverage, of every seed."""
    by_seed = analysis.calibration.by_seed
    if not by_seed:
        return []
    return [
        svg.drawing(name, about, functools.partial(paint, by_seed, looks), svg.HALF)
        for name, about, paint in (
            ("reliability", "Share of lines read right by confidence", _reliability),
            ("risk", "Share of lines misread among the surest", _risk),
        )
    ]


BySeed = Mapping[str, Sequence[SeedCalibration]]


def _reliability(by_seed: BySeed, looks: Looks, width: int) -> Figure:
    figure = svg.canvas(width, 300)
    axes = svg.place(figure, 40, 28, 14, 42)
    axes.plot([0, 100], [0, 100], color=RULE, lw=1.6, zorder=1)
    for condition, seeds in by_seed.items():
        look = looks[condition]
        for seed in seeds:
            points = 100 * np.array([[b.confidence, b.accuracy] for b in seed.measures.bins])
            axes.plot(*points.T, color=look.color, lw=1, alpha=0.7, marker=look.marker, ms=3.5)
    axes.set(xlim=(0, 101), ylim=(0, 101))
    axes.set_xlabel("confidence, %")
    svg.title(axes, "read right, %")
    axes.grid(True)
    svg.legend(axes, {c: looks[c] for c in by_seed}, loc="upper left")
    return figure


def _risk(by_seed: BySeed, looks: Looks, width: int) -> Figure:
    figure = svg.canvas(width, 300)
    axes = svg.place(figure, 40, 28, 14, 42)
    for condition, seeds in by_seed.items():
        for seed in seeds:
            points = 100 * np.array(seed.curve)
            axes.plot(*points.T, color=looks[condition].color, lw=1.2, alpha=0.8)
    axes.set(xlim=(0, 101))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("surest lines kept, %")
    svg.title(axes, "of these misread, %")
    axes.grid(True)
    svg.legend(axes, {c: looks[c] for c in by_seed}, loc="best")
    return figure


def probes(analysis: Analysis, looks: Looks) -> list[Drawing]:
    """Draws CER by level: the mean over seeds in a band from lowest to highest."""
    levels = {family: probe.levels for family, probe in analysis.probes.items() if probe.levels}
    drawings = []
    for panel in PANELS:
        series = [levels[family] for family in panel.families if family in levels]
        if series:
            about = f"CER of probes: {', '.join(panel.families)}"
            paint = functools.partial(_probe, series, panel.label, looks)
            drawings.append(svg.drawing(panel.name, about, paint, svg.HALF))
    if all(family in levels for family in WORDS):
        paint = functools.partial(_words, [levels[family][0] for family in WORDS], looks)
        about = "CER of words and of shuffled words"
        drawings.append(svg.drawing("probe_words", about, paint, svg.HALF))
    return drawings


def _probe(series: Sequence[Sequence[ProbeLevel]], label: str, looks: Looks, width: int) -> Figure:
    figure, axes = _axes(width)
    ticks = sorted({float(level.level) for levels in series for level in levels})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for levels, style in zip(series, ("-", ":")):
        x = np.array([float(level.level) for level in levels])
        for condition, rates in _rates(levels).items():
            _band(axes, x, rates, looks[condition], style)
    axes.set_xlabel(label)
    _finish(axes, {c: looks[c] for c in _rates(series[0])})
    return figure


def _words(levels: Sequence[ProbeLevel], looks: Looks, width: int) -> Figure:
    figure, axes = _axes(width)
    for condition, rates in _rates(levels).items():
        _band(axes, np.arange(2), rates, looks[condition], "-")
    axes.set_xticks([0, 1], WORDS)
    axes.set_xlim(-0.4, 1.4)
    _finish(axes, {c: looks[c] for c in _rates(levels)})
    return figure


def _axes(width: int) -> tuple[Figure, Axes]:
    figure = svg.canvas(width, 250)
    axes = svg.place(figure, 40, 28, 14, 42)
    svg.title(axes, "CER, %")
    axes.yaxis.grid(True)
    return figure, axes


def _rates(levels: Sequence[ProbeLevel]) -> dict[str, Array]:
    """[S, levels] of each condition, per cent."""
    rates: dict[str, list[tuple[float, ...]]] = {}
    for level in levels:
        for condition, by_seed in level.by_seed.items():
            rates.setdefault(condition, []).append(by_seed.cer)
    return {condition: 100 * np.array(rows, float).T for condition, rows in rates.items()}


def _band(axes: Axes, x: Array, rates: Array, look: Look, style: str) -> None:
    axes.fill_between(x, rates.min(axis=0), rates.max(axis=0), color=look.color, alpha=0.14, lw=0)
    axes.plot(
        x,
        rates.mean(axis=0),
        style,
        color=look.color,
        marker=look.marker,
        ms=5.5,
        lw=1.6,
        mfc=look.color if style == "-" else "white",
    )


def _finish(axes: Axes, looks: Looks) -> None:
    axes.set_ylim(bottom=0)
    svg.legend(axes, looks, loc="best", labelcolor=DIM)
