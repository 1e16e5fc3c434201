"""The plots of the answer: differences, rates by seed, parts of the variance, learning curves.

Each function paints one plot at a width in pixels of the page, or gives None where the report has nothing
for it; `ocr_tf.study.report.plot_registry` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.metrics.paired import ALPHA, MODELS, TARGETS
from ocr_tf.metrics.registry import metric_of
from ocr_tf.study.comparison.curves import Point
from ocr_tf.study.comparison.statistics import ComparedPair, RunRates
from ocr_tf.study.report import (
    detectable_text,
    forest_plot,
    formatting,
    probe_tables,
    ranking,
    svg,
    verdict_text,
)
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.forest_plot import Group, Row
from ocr_tf.study.report.svg import DIM, PHONE, RULE, Look

Looks = Mapping[str, Look]


def interval(report: Report, looks: Looks, width: int) -> Optional[Figure]:
    """Paints the headline: both targets' intervals, and the differences that would be missed."""
    pair = report.headline
    if pair is None:
        return None
    rows = []
    for comparison in (pair.recipes, pair.models):
        decides = comparison.target == pair.verdict.target
        ends = pair.verdict if decides else comparison
        name = TARGETS[comparison.target]
        rows.append(_row(name, pair, ends.value, ends.low, ends.high, looks, strong=decides))
    band = pair.detectable.difference if pair.detectable else None
    return forest_plot.forest([Group("", rows)], width, *_sides(pair), band=band, label_width=170)


def differences(report: Report, looks: Looks, width: int) -> Optional[Figure]:
    """Paints every pair, by both targets, the crossed bootstrap and the other checkpoints.

    Of many conditions each pair has one row, the interval that decides.
    """
    if not report.pairs:
        return None
    if len(report.conditions) < ranking.MANY:
        groups = [Group(_heading(p), _difference_rows(report, p, looks)) for p in report.pairs]
        return forest_plot.forest(groups, width, *_sides(*report.pairs))
    rows = [
        _row(_heading(pair), pair, decided.value, decided.low, decided.high, looks)
        for pair in report.pairs
        for decided in [pair.verdict]
    ]
    return forest_plot.forest([Group("", rows)], width, *_sides(*report.pairs), top_axis=True)


def _difference_rows(report: Report, pair: ComparedPair, looks: Looks) -> list[Row]:
    def row(label: str, estimate: Any, strong: bool = False) -> Row:
        return _row(label, pair, estimate.value, estimate.low, estimate.high, looks, strong)

    if pair.verdict.pairs > 1:
        rows = [
            row(f"{TARGETS[pair.verdict.target]}, all pairs", pair.verdict, strong=True),
            row("this pair alone", pair.recipes),
        ]
    else:
        rows = [row("these recipes", pair.recipes, strong=pair.verdict.target != MODELS)]
    rows.append(row("these trained models", pair.models))
    if pair.bootstrap:
        rows.append(row("crossed bootstrap", pair.bootstrap))
    for name, others in report.comparisons.items():
        for other in others if name != report.checkpoint else ():
            if (other.a, other.b, other.metric) == (pair.a, pair.b, pair.metric):
                rows.append(row(formatting.checkpoint(name), other.recipes))
    return rows


def slices(report: Report, links: Mapping[int, str], width: int) -> Optional[Figure]:
    """Paints the headline's difference on every slice of the lines; `links` to the lines, by slice."""
    pair = report.headline
    if report.analysis is None or pair is None:
        return None
    families: dict[str, list[Row]] = {}
    for i, part in enumerate(report.analysis.slices):
        compared = part.difference(pair.a, pair.b)
        if compared is None:
            continue
        # No color: these intervals are not corrected for how many there are.
        row = Row(svg.short(part.name), *probe_tables.inside(compared))
        note = f"N = {part.lines:,}"
        p = compared.p_adjusted
        if p is not None and p <= ALPHA:
            note = f"{formatting.probability(p)} · {note}"
        families.setdefault(part.family, []).append(
            row._replace(note=note, link=links[i] if i in links else "")
        )
    if not families:
        return None
    groups = [Group(family, rows) for family, rows in families.items()]
    return forest_plot.forest(groups, width, *_sides(pair), top_axis=True)


def seeds(report: Report, looks: Looks, links: Mapping[str, Sequence[str]], width: int) -> Figure:
    """Paints every seed's rate as a point, with means; `links` to the lines that each misreads."""
    metric = report.study.metric
    values = {
        name: [_error(row, metric) for row in rows]
        for name, rows in report.rates[report.checkpoint].items()
    }
    figure = svg.canvas(width, 64 * len(values) + 52)
    axes = svg.place(figure, 6, 8, 14, 44)
    for y, (name, errors) in enumerate(values.items()):
        _seeds_of(axes, y, errors, looks[name], links[name])
    every = [100 * e for errors in values.values() for e in errors if e is not None]
    label = f"{verdict_text.name_of(metric)}, %"
    axes.set(ylim=(len(values) - 0.45, -0.5), yticks=[], xlabel=label)
    if every:
        low, high = svg.nice(np.array(every))
        axes.set_xlim(max(low, 0) if min(every) > 0 else low, high)
    axes.spines["left"].set_visible(False)
    axes.xaxis.grid(True)
    axes.locator_params(axis="x", nbins=5 if width <= PHONE else 7)
    return figure


def _seeds_of(
    axes: Any, y: float, errors: Sequence[Optional[float]], look: Look, links: Sequence[str]
) -> None:
    known = [(100 * e, link) for e, link in zip(errors, links) if e is not None]
    svg.beside(axes, y - 0.3, svg.short(look.name), weight="bold")
    if not known:
        return
    rates = [rate for rate, _ in known]
    for number, (rate, link) in enumerate(known):
        # Seeds at about one place stand beside each other.
        place = y + 0.12 + (number % 3 - 1) * 0.11 * (len(known) > 1)
        point = axes.plot(
            [rate],
            [place],
            look.marker,
            color=look.color,
            ms=8,
            alpha=0.75,
            mec="white",
            clip_on=False,
            zorder=3,
        )[0]
        point.set_url(link or None)
    mean, spread = float(np.mean(rates)), formatting.deviation(rates)
    axes.vlines(mean, y - 0.14, y + 0.38, color=look.color, lw=2.6, zorder=4)
    label = f"{mean:.2f} %" + ("" if spread is None else f"  (sd {spread:.2f})")
    svg.beside(axes, y - 0.3, label, right=True, color=DIM)


def variance(report: Report, width: int) -> Optional[Figure]:
    """Paints the parts of the headline's uncertainty."""
    parts = detectable_text.parts(report.headline) if report.headline else None
    if not parts or not sum(part for _, part in parts):
        return None
    total = sum(part for _, part in parts)
    figure = svg.canvas(width, 180)
    axes = svg.place(figure, 6, 8, 54, 44)
    shares = [100 * part / total for _, part in parts]
    axes.barh(range(3), shares, height=0.34, color=["#5b6b7b", "#8a99a8", "#b9c4ce"])
    for y, ((name, part), share) in enumerate(zip(parts, shares)):
        svg.beside(axes, y - 0.36, name, weight="bold")
        svg.beside(axes, y - 0.36, f"sd {formatting.width(part**0.5)}", right=True, color=DIM)
        axes.annotate(
            f"{share:.0f} %",
            (share, y),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
        )
    axes.set(ylim=(2.45, -0.65), yticks=[], xlim=(0, 100), xlabel="share of the variance, %")
    axes.spines["left"].set_color(RULE)
    axes.xaxis.grid(True)
    return figure


def training_loss(report: Report, looks: Looks, width: int) -> Optional[Figure]:
    """Paints the loss by step: the mean over seeds in a band from lowest to highest."""
    runs = {c: [curve.train for curve in curves] for c, curves in report.curves.items()}
    return _curves(runs, "training loss", 1, looks, width)


def validation_cer(report: Report, looks: Looks, width: int) -> Optional[Figure]:
    """Paints the validation CER by step: the mean over seeds in a band from lowest to highest."""
    runs = {c: [curve.val for curve in curves] for c, curves in report.curves.items()}
    return _curves(runs, "CER on validation lines, %", 100, looks, width)


def _curves(
    runs: Mapping[str, Sequence[Sequence[Point]]],
    label: str,
    scale: float,
    looks: Looks,
    width: int,
) -> Optional[Figure]:
    known = {c: [np.array(run, float) for run in every if run] for c, every in runs.items()}
    series = {condition: every for condition, every in known.items() if every}
    if not series:
        return None
    figure = svg.canvas(width, 300)
    axes = svg.place(figure, 40, 28, 12, 42)
    values = np.concatenate([run[:, 1] for own in series.values() for run in own])
    least = values[values > 0].min() if (values > 0).any() else 1.0
    for condition, own in series.items():
        steps = own[0][:, 0]
        for run in own[1:]:
            steps = np.intersect1d(steps, run[:, 0])
        every = np.stack([run[np.isin(run[:, 0], steps), 1] for run in own])
        every = scale * np.maximum(every, least / 2)  # A logarithmic scale has no 0.
        look = looks[condition]
        axes.fill_between(steps, every.min(0), every.max(0), color=look.color, alpha=0.16, lw=0)
        axes.plot(steps, np.exp(np.log(every).mean(0)), color=look.color, lw=1.8)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    svg.title(axes, label)
    _plain_log(axes)
    axes.yaxis.grid(True)
    axes.locator_params(axis="x", nbins=5)
    svg.legend(axes, {c: looks[c] for c in series}, loc="upper right")
    return figure


def _plain_log(axes: Any) -> None:
    """Ticks as 0.1, 1 and 10, with some between where there are few decades."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_ylim()
    between = (1.0,) if high / low > 300 else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _row(
    label: str,
    pair: ComparedPair,
    value: float,
    low: Optional[float],
    high: Optional[float],
    looks: Looks,
    strong: bool = True,
) -> Row:
    note = formatting.with_interval(value, low, high)
    row = Row(label, value, low, high, note, strong)
    if pair.verdict.untrained:  # Neither condition's color.
        return row
    return row._replace(a=looks[pair.a], b=looks[pair.b])


def _heading(pair: ComparedPair) -> str:
    withheld = ", withheld" if pair.verdict.untrained else ""
    return f"{svg.short(pair.a)} {formatting.MINUS} {svg.short(pair.b)}{withheld}"


def _sides(pair: ComparedPair, *others: ComparedPair) -> tuple[str, str]:
    """Says what the sides of 0 mean; nothing where every training of one failed."""
    if any(one.verdict.untrained for one in (pair, *others)):
        return "", ""
    if others:
        return "the first makes fewer errors", "the second"
    return f"{svg.short(pair.a)} better", f"{svg.short(pair.b)} better"


def _error(row: RunRates, metric: str) -> Optional[float]:
    """Takes a seed's rate of errors: of figures that are better when higher, what they lack to 1."""
    return metric_of(metric).error_rate(row.figures[metric])
