"""What the conditions cost, arranged for the page; `ocr_tf.study.analysis.cost` measures it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
from matplotlib.figure import Figure

from ocr_tf.study.report import formatting, svg, verdict_text
from ocr_tf.study.report.svg import DIM, INK, PHONE, Drawing, Look

Report = Mapping[str, Any]
Looks = Mapping[str, Look]

SHOWN = 4  # CERs to be reached

# By the names of `ocr_tf.study.analysis.cost`: the axis, and what its numbers are multiplied by.
AXES = {
    "seconds a line, alone": ("ms a line, read alone", 1e3),
    "seconds a line, in a batch": ("ms a line, in a batch", 1e3),
    "seconds of training": ("minutes of training", 1 / 60),
    "FLOPs of a line": ("GFLOP a line", 1e-9),
    "parameters": ("million parameters", 1e-6),
}


class Row(NamedTuple):
    """What a condition costs, as texts; a dash where it was not measured."""

    look: Look
    parameters: list[str]  # encoder, sequence, head
    flops: list[str]
    alone: str
    to_the_bound: str
    batch: str
    training: str
    memory: str


class Reached(NamedTuple):
    """How long a condition took to CERs on the validation lines."""

    look: Look
    cells: list[str]


def rows(report: Report, looks: Looks) -> list[Row]:
    section = report.get("cost") or {}
    return [
        _row(name, counted, section.get("timing", {}), looks[name])
        for name, counted in section.get("conditions", {}).items()
    ]


def _row(name: str, counted: Mapping[str, Any], timing: Mapping[str, Any], look: Look) -> Row:
    latency = timing.get("latency", {}).get(name)
    alone = bound = batch = formatting.NOTHING
    if latency:
        early, late = latency["early_stop"], latency["to_the_bound"]
        alone, bound = (_milliseconds(of["each"]) for of in (early, late))
        batch = _milliseconds([early["batch"]], early["batch_lines"])
    seconds = timing.get("training_seconds", {}).get(name)
    peak = (timing.get("memory", {}).get(name) or {}).get("training")
    return Row(
        look,
        [f"{of:,}" for of in counted["parameters"].values()],
        [f"{statistics.fmean(of) / 1e9:.3g}" for of in counted["flops"].values()],
        alone,
        bound,
        batch,
        f"{statistics.fmean(seconds) / 60:.1f}{formatting.SPACE}min"
        if seconds
        else formatting.NOTHING,
        f"{peak / 2**20:,.0f}{formatting.SPACE}MiB" if peak else formatting.NOTHING,
    )


def _milliseconds(each: Sequence[Mapping[str, float]], lines: int = 1) -> str:
    """The mean of medians and quartiles, of so many lines each, for one line."""
    median, low, high = (
        1e3 * statistics.fmean(of[key] for of in each) / lines for key in ("median", "low", "high")
    )
    return f"{median:.3g}{formatting.SPACE}ms ({low:.3g} to {high:.3g})"


def imported(report: Report) -> Optional[str]:
    """What of the peaks is the libraries alone."""
    memory = ((report.get("cost") or {}).get("timing", {}).get("memory") or {}).values()
    sizes = [of["imported"] for of in memory if of and of["imported"]]
    return f"{max(sizes) / 2**20:,.0f}{formatting.SPACE}MiB" if sizes else None


def reached(report: Report, looks: Looks) -> Optional[tuple[list[str], list[Reached]]]:
    """The lowest CERs that any run came to; steps and minutes, medians over seeds."""
    section = report.get("cost") or {}
    steps = section.get("steps_to_cer") or {}
    seconds = section.get("timing", {}).get("seconds_to_cer", {})
    targets = [
        cer
        for cer in next(iter(steps.values()), {})
        if any(step is not None for of in steps.values() for step in of[cer])
    ][-SHOWN:]
    if not targets:
        return None
    found = [
        Reached(
            looks[name],
            [_median(of[cer], seconds.get(name, {}).get(cer) or ()) for cer in targets],
        )
        for name, of in steps.items()
    ]
    return [f"{100 * float(cer):g}{formatting.SPACE}%" for cer in targets], found


def _median(steps: Sequence[Optional[int]], seconds: Sequence[Optional[float]]) -> str:
    there = [step for step in steps if step is not None]
    if len(there) < len(steps):
        return f"{len(there)} of {len(steps)} seeds" if there else formatting.NOTHING
    times = [second for second in seconds if second is not None]
    minutes = f", {statistics.median(times) / 60:.1f}{formatting.SPACE}min" if times else ""
    return f"step {statistics.median(there):,.0f}{minutes}"


def drawings(report: Report, looks: Looks) -> list[Drawing]:
    """A plot of errors against each cost, with its Pareto front; latency by length."""
    section = report.get("cost") or {}
    timing = section.get("timing", {})
    every = {**timing.get("pareto", {}), **section.get("pareto", {})}
    metric = verdict_text.name_of(report["study"]["metric"])
    found = [
        _pareto(f"cost_{number}", every[name], *AXES[name], metric, looks)
        for number, name in enumerate(AXES)
        if every.get(name)
    ]
    latency = timing.get("latency")
    counted = section.get("conditions", {})
    read = {name: counted[name]["read"] for name in latency or ()}
    varied = any(len(set(lengths)) > 1 for lengths in read.values())
    return found + ([_latency(latency, read, looks)] if varied else [])


def _pareto(
    name: str,
    points: Sequence[Mapping[str, Any]],
    label: str,
    scale: float,
    metric: str,
    looks: Looks,
) -> Drawing:
    front = sorted((p for p in points if p["front"]), key=lambda p: p["cost"])

    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 270)
        axes = svg.place(figure, 44, 28, 16, 44)
        if len(front) > 1:
            axes.step(
                [p["cost"] * scale for p in front],
                [100 * p["rate"]["value"] for p in front],
                where="post",
                color="#b9bfc6",
                lw=1.4,
                zorder=1,
            )
        for place, point in enumerate(sorted(points, key=lambda p: p["cost"])):
            _point(axes, point, scale, looks[point["condition"]], above=place % 2 == 0)
        axes.set_xlim(0, 1.3 * scale * max(p["cost"] for p in points) or 1)
        axes.set_ylim(*_room(points))
        axes.set_xlabel(label)
        svg.title(axes, f"{metric}, %")
        axes.grid(True)
        axes.locator_params(nbins=5)
        return figure

    about = f"{metric} against {label}; on the Pareto front: " + ", ".join(
        p["condition"] for p in front
    )
    return svg.drawing(name, about, paint, svg.HALF)


def _room(points: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Limits of the rates, per cent, that do not blow up what is next to nothing."""
    rates = [point["rate"] for point in points]
    ends = [rate[key] for rate in rates for key in ("value", "low", "high")]
    low, high = (100 * end([e for e in ends if e is not None]) for end in (min, max))
    room = max(0.2 * (high - low), 0.2 * high, 0.1)
    return max(0.0, low - room), high + room


def _point(axes: Any, point: Mapping[str, Any], scale: float, look: Look, above: bool) -> None:
    """Filled on the front, hollow where another is better in both."""
    x, rate = point["cost"] * scale, point["rate"]
    if rate["low"] is not None:
        ends = 100 * max(rate["low"], 0), 100 * rate["high"]
        axes.plot([x, x], ends, color=look.color, lw=1.4, alpha=0.6, zorder=2)
    axes.plot(
        [x],
        [100 * rate["value"]],
        look.marker,
        color=look.color,
        mfc=look.color if point["front"] else "white",
        mew=1.6,
        ms=9,
        zorder=3,
    )
    axes.annotate(
        svg.short(look.name, 20),
        (x, 100 * rate["value"]),
        xytext=(-7 if above else 7, 12 if above else -13),
        textcoords="offset points",
        ha="right" if above else "left",
        va="center",
        color=INK,
        fontsize=svg.LETTERS - 1,
    )


def _latency(
    latency: Mapping[str, Any], read: Mapping[str, Sequence[int]], looks: Looks
) -> Drawing:
    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 270)
        axes = svg.place(figure, 44, 28, 16, 44)
        for name, of in latency.items():
            look = looks[name]
            order = np.argsort(read[name], kind="stable")
            x = np.array(read[name])[order]
            for search, style in (("early_stop", "-"), ("to_the_bound", ":")):
                each = [of[search]["each"][i] for i in order]
                median, low, high = (
                    1e3 * np.array([spread[key] for spread in each])
                    for key in ("median", "low", "high")
                )
                axes.fill_between(x, low, high, color=look.color, alpha=0.15, lw=0)
                axes.plot(
                    x,
                    median,
                    style,
                    marker=look.marker if style == "-" else "",
                    color=look.color,
                    lw=1.6,
                    ms=5.5,
                )
        axes.set_ylim(bottom=0)
        axes.set_xlabel("symbols read")
        svg.title(axes, "ms a line, read alone")
        axes.yaxis.grid(True)
        axes.locator_params(nbins=4 if width <= PHONE else 6)
        svg.legend(axes, {c: looks[c] for c in latency}, loc="best", labelcolor=DIM)
        return figure

    return svg.drawing("latency", "Latency by length of what is read", paint, svg.HALF)
