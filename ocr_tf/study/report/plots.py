"""The plots of a report, made from its numbers: see `drawing` for what they become."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.study.report import forest_plot, formatting, probe_tables, svg, verdict_text
from ocr_tf.study.report.forest_plot import Group, Row
from ocr_tf.study.report.svg import DIM, PHONE, RULE, Drawing, Look

Report = Mapping[str, Any]
Looks = Mapping[str, Look]

CHECKPOINTS = {"best": "selected checkpoint", "last": "last checkpoint", "mixed": "as evaluated"}


def interval(report: Report, looks: Looks) -> Optional[Drawing]:
    """The headline: both targets' intervals, and what would be missed."""
    pair = verdict_text.headline(report)
    if pair is None:
        return None
    decided = verdict_text.decision(report, pair)
    ends = {"value": decided.value, "low": decided.low, "high": decided.high}
    found = {target: pair[target] for target in ("recipes", "models")}
    found[decided.target] = {**found[decided.target], **ends}
    rows = [
        _row(label, pair, found[target], looks, strong=target == decided.target)
        for target, label in (("recipes", "these recipes"), ("models", "these trained models"))
    ]
    band = pair["detectable"]["difference"] if pair.get("detectable") else None
    return svg.drawing(
        "interval",
        f"Intervals of the difference {pair['a']} minus {pair['b']}",
        lambda width: forest_plot.forest(
            [Group("", rows)], width, *_sides(pair), band=band, label_width=170
        ),
    )


def differences(report: Report, looks: Looks) -> Optional[Drawing]:
    """Every pair, by both targets, the crossed bootstrap and the other checkpoints."""
    pairs = verdict_text.compared(report)
    if not pairs:
        return None
    first = verdict_text.checkpoint(report)
    groups = []
    for pair in pairs:
        together = (pair.get("holm") or {}).get("comparison")
        if together:
            which = "trained models" if pair.get("as_trained") else "recipes"
            rows = [
                _row(f"these {which}, all pairs", pair, together, looks),
                _row("these recipes, this pair alone", pair, pair["recipes"], looks, strong=False),
            ]
        else:
            rows = [_row("these recipes", pair, pair["recipes"], looks)]
        rows.append(_row("these trained models", pair, pair["models"], looks, strong=False))
        if pair.get("bootstrap"):
            rows.append(_row("crossed bootstrap", pair, pair["bootstrap"], looks, strong=False))
        for name, others in report["comparisons"].items():
            for other in others if name != first else ():
                if _pair(other) == _pair(pair):
                    label = CHECKPOINTS.get(name, name)
                    rows.append(_row(label, other, other["recipes"], looks, strong=False))
        groups.append(Group(_heading(pair), rows))
    return svg.drawing(
        "differences",
        "Differences between conditions with their intervals",
        lambda width: forest_plot.forest(groups, width, *_sides(pairs[0], len(pairs))),
    )


def slices(report: Report, looks: Looks, links: Mapping[int, str]) -> Optional[Drawing]:
    """The headline's difference on every slice of the lines; `links` to the lines, by slice."""
    analysis, pair = report.get("analysis"), verdict_text.headline(report)
    if not analysis or not analysis.slices or pair is None:
        return None
    families: dict[str, list[Row]] = {}
    for i, part in enumerate(analysis.slices):
        compared = part.difference(pair["a"], pair["b"])
        if compared is None:
            continue
        row = _row(part.name, pair, probe_tables.inside(compared)._asdict(), looks)
        note = f"N = {part.lines:,}"
        p = compared.p_adjusted
        if p is not None and p <= verdict_text.ALPHA:
            note = f"{formatting.probability(p)} · {note}"
        families.setdefault(part.family, []).append(
            row._replace(note=note, link=links.get(i, ""), label=svg.short(row.label))
        )
    groups = [Group(family, rows) for family, rows in families.items()]
    return svg.drawing(
        "slices",
        "The difference on parts of the test lines",
        lambda width: forest_plot.forest(groups, width, *_sides(pair)),
    )


def seeds(report: Report, looks: Looks, links: Mapping[str, Sequence[str]]) -> Drawing:
    """Every seed's rate, a point each, with means; `links` to the lines that each misreads."""
    metric = report["study"]["metric"]
    rates = report["rates"][verdict_text.checkpoint(report)]
    values = {name: [_error(row, metric) for row in rows] for name, rows in rates.items()}

    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 64 * len(values) + 52)
        axes = svg.place(figure, 6, 8, 14, 44)
        for y, (name, errors) in enumerate(values.items()):
            _seeds_of(axes, y, errors, looks[name], links[name])
        every = [100 * e for errors in values.values() for e in errors if e is not None]
        axes.set(ylim=(len(values) - 0.45, -0.5), yticks=[], xlabel=f"{_named(metric)}, %")
        if every:
            low, high = svg.nice(np.array(every))
            axes.set_xlim(max(low, 0) if min(every) > 0 else low, high)
        axes.spines["left"].set_visible(False)
        axes.xaxis.grid(True)
        axes.locator_params(axis="x", nbins=5 if width <= PHONE else 7)
        return figure

    about = f"Every seed's {_named(metric)} by condition"
    return svg.drawing("seeds", about, paint, svg.HALF)


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
    told = f"{mean:.2f} %" + ("" if spread is None else f"  (sd {spread:.2f})")
    svg.beside(axes, y - 0.3, told, right=True, color=DIM)


def variance(report: Report) -> Optional[Drawing]:
    """What the uncertainty of the headline is made of."""
    pair = verdict_text.headline(report)
    found = verdict_text.parts(pair) if pair else None
    if not found or not sum(part for _, part in found):
        return None
    total = sum(part for _, part in found)

    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 180)
        axes = svg.place(figure, 6, 8, 54, 44)
        shares = [100 * part / total for _, part in found]
        axes.barh(range(3), shares, height=0.34, color=["#5b6b7b", "#8a99a8", "#b9c4ce"])
        for y, ((name, part), share) in enumerate(zip(found, shares)):
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

    return svg.drawing("variance", "Parts of the variance", paint, svg.HALF)


class Curve(NamedTuple):
    """A column of the records of trainings."""

    key: str
    label: str
    scale: float


CURVES = (Curve("train", "training loss", 1), Curve("val", "CER on validation lines, %", 100))


def curves(report: Report, looks: Looks) -> list[Drawing]:
    """Training loss and validation CER by step: the mean over seeds in a band from lowest to highest."""
    drawings = []
    for curve in CURVES:
        series = {
            condition: [np.array(run[curve.key], float) for run in runs if run[curve.key]]
            for condition, runs in (report.get("curves") or {}).items()
        }
        series = {condition: runs for condition, runs in series.items() if runs}
        if series:
            paint = functools.partial(_curves, series, curve, looks)
            about = f"{curve.label} by training step"
            drawings.append(svg.drawing(f"curve_{curve.key}", about, paint, svg.HALF))
    return drawings


def _curves(
    series: Mapping[str, Sequence[np.ndarray]], curve: Curve, looks: Looks, width: int
) -> Figure:
    figure = svg.canvas(width, 300)
    axes = svg.place(figure, 40, 28, 12, 42)
    values = np.concatenate([run[:, 1] for runs in series.values() for run in runs])
    least = values[values > 0].min() if (values > 0).any() else 1.0
    for condition, runs in series.items():
        steps = runs[0][:, 0]
        for run in runs[1:]:
            steps = np.intersect1d(steps, run[:, 0])
        every = np.stack([run[np.isin(run[:, 0], steps), 1] for run in runs])
        every = curve.scale * np.maximum(every, least / 2)  # A logarithmic scale has no 0.
        look = looks[condition]
        axes.fill_between(steps, every.min(0), every.max(0), color=look.color, alpha=0.16, lw=0)
        axes.plot(steps, np.exp(np.log(every).mean(0)), color=look.color, lw=1.8)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    svg.title(axes, curve.label)
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
    pair: Mapping[str, Any],
    found: Mapping[str, Any],
    looks: Looks,
    strong: bool = True,
) -> Row:
    said = formatting.points(found["value"], unit=False)
    if found["low"] is not None:
        said += f"  [{formatting.interval(found['low'], found['high'], unit=False)}]"
    return Row(
        label,
        found["value"],
        found["low"],
        found["high"],
        said,
        strong,
        a=looks[pair["a"]],
        b=looks[pair["b"]],
    )


def _pair(pair: Mapping[str, Any]) -> tuple[str, str, str]:
    return pair["a"], pair["b"], pair["metric"]


def _heading(pair: Mapping[str, Any]) -> str:
    return f"{svg.short(pair['a'])} {formatting.MINUS} {svg.short(pair['b'])}"


def _sides(pair: Mapping[str, Any], pairs: int = 1) -> tuple[str, str]:
    if pairs > 1:
        return "the first makes fewer errors", "the second"
    return tuple(f"{svg.short(pair[side])} better" for side in "ab")  # type: ignore[return-value]


def _error(row: Mapping[str, Any], metric: str) -> Optional[float]:
    """A seed's rate of errors: what exact match and 1-NED lack to 1."""
    value = row[metric]
    return value if value is None or metric in ("cer", "wer") else 1 - value


def _named(metric: str) -> str:
    return verdict_text.name_of(metric)
