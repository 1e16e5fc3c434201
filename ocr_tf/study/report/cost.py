"""Arranges what the conditions cost for the page: tables and plots. TensorFlow-free."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ocr_tf.study.analysis import cost_content
from ocr_tf.study.analysis.cost_content import Cost, Latencies, Machine, ParetoPoint, Seconds, Size
from ocr_tf.study.report import formatting, svg
from ocr_tf.study.report.svg import DIM, INK, PHONE, Drawing, Look

Looks = Mapping[str, Look]

SHOWN = 4  # CERs to be reached

# By kind of cost: the axis, and what its numbers are multiplied by.
AXES = {
    cost_content.SECONDS_ALONE: ("ms a line, read alone", 1e3),
    cost_content.SECONDS_IN_BATCH: ("ms a line, in a batch", 1e3),
    cost_content.TRAINING_SECONDS: ("minutes of training", 1 / 60),
    cost_content.FLOPS: ("GFLOP a line", 1e-9),
    cost_content.PARAMETERS: ("million parameters", 1e-6),
}


class Row(NamedTuple):
    """The cost of a condition, as texts; a dash where it was not measured."""

    look: Look
    parameters: list[str]  # encoder, sequence, head
    flops: list[str]
    alone: str
    to_the_bound: str
    batch: str
    training: str
    memory: str


class Reached(NamedTuple):
    """The time that a condition took to reach CERs on the validation lines."""

    look: Look
    cells: list[str]


@dataclasses.dataclass(frozen=True)
class CostTables:
    """The tables that the page shows of the cost."""

    rows: list[Row]
    targets: list[str]  # CERs on the validation lines, the lowest that any run came to
    reached: list[Reached]  # empty without targets
    sample: int  # lines that were read one by one
    machine: Machine
    imported: Optional[str]  # the part of the memory's peaks that is the libraries alone


def arrange(cost: Cost, looks: Looks, trainings: Mapping[str, str]) -> CostTables:
    """Arranges everything but the plots.

    Args:
        cost: what was measured.
        looks: of the conditions and of the trainings.
        trainings: of the conditions, by name; those of one training came to a CER together.
    """
    targets, reached = _reached(cost, looks, trainings)
    imported = [memory.imported for memory in cost.timing.memory.values() if memory.imported]
    return CostTables(
        rows=[_row(name, size, cost, looks[name]) for name, size in cost.conditions.items()],
        targets=targets,
        reached=reached,
        sample=len(cost.sample),
        machine=cost.timing.machine,
        imported=_mebibytes(max(imported)) if imported else None,
    )


def _row(name: str, size: Size, cost: Cost, look: Look) -> Row:
    latency = cost.timing.latency[name]
    seconds = cost.timing.training_seconds[name]
    memory = cost.timing.memory[name].training if name in cost.timing.memory else None
    return Row(
        look,
        [f"{number:,}" for number in size.parameters.values()],
        [f"{statistics.fmean(lines) / 1e9:.3g}" for lines in size.flops.values()],
        _milliseconds(latency.own.each),
        _milliseconds(latency.to_the_bound.each) if latency.to_the_bound else formatting.NOTHING,
        _milliseconds([latency.own.batch], latency.own.batch_lines),
        f"{statistics.fmean(seconds) / 60:.1f}{formatting.SPACE}min",
        _mebibytes(memory) if memory else formatting.NOTHING,
    )


def _milliseconds(each: Sequence[Seconds], lines: int = 1) -> str:
    """The mean of medians and quartiles, of so many lines each, for one line."""
    median, low, high = (
        1e3 * statistics.fmean(values) / lines
        for values in zip(*((s.median, s.low, s.high) for s in each))
    )
    return f"{median:.3g}{formatting.SPACE}ms ({low:.3g} to {high:.3g})"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f}{formatting.SPACE}MiB"


def _reached(
    cost: Cost, looks: Looks, trainings: Mapping[str, str]
) -> tuple[list[str], list[Reached]]:
    """The lowest CERs that any run came to; steps and minutes of each training, medians over seeds."""
    by_condition = list(cost.steps_to_cer.values())
    targets = [
        cer
        for cer in by_condition[0]
        if any(step is not None for steps in by_condition for step in steps[cer])
    ][-SHOWN:]
    if not targets:
        return [], []
    rows = {
        trainings[name]: Reached(
            looks[trainings[name]],
            [_median(steps[cer], cost.timing.seconds_to_cer[name][cer]) for cer in targets],
        )
        for name, steps in cost.steps_to_cer.items()
    }
    return [f"{100 * float(cer):g}{formatting.SPACE}%" for cer in targets], list(rows.values())


def _median(steps: Sequence[Optional[int]], seconds: Sequence[Optional[float]]) -> str:
    known = [step for step in steps if step is not None]
    if len(known) < len(steps):
        return f"{len(known)} of {len(steps)} seeds" if known else formatting.NOTHING
    times = [second for second in seconds if second is not None]
    minutes = f", {statistics.median(times) / 60:.1f}{formatting.SPACE}min" if times else ""
    return f"step {statistics.median(known):,.0f}{minutes}"


def drawings(cost: Cost, metric: str, looks: Looks) -> list[Drawing]:
    """Draws errors against each cost, with the Pareto front, and latency by length.

    Args:
        cost: what was measured.
        metric: the name of the errors' metric, as it is printed.
        looks: of the conditions.
    """
    points = {**cost.timing.pareto, **cost.pareto}
    plots = [
        _pareto(f"cost_{number}", points[kind], *AXES[kind], metric, looks)
        for number, kind in enumerate(AXES)
    ]
    read = {name: size.read for name, size in cost.conditions.items()}
    varied = any(len(set(lengths)) > 1 for lengths in read.values())
    return plots + ([_latency(cost.timing.latency, read, looks)] if varied else [])


def _pareto(
    name: str,
    points: Sequence[ParetoPoint],
    label: str,
    scale: float,
    metric: str,
    looks: Looks,
) -> Drawing:
    front = sorted((p for p in points if p.front), key=lambda p: p.cost)

    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 270)
        axes = svg.place(figure, 44, 28, 16, 44)
        if len(front) > 1:
            axes.step(
                [p.cost * scale for p in front],
                [100 * p.rate.value for p in front],
                where="post",
                color="#b9bfc6",
                lw=1.4,
                zorder=1,
            )
        for place, point in enumerate(sorted(points, key=lambda p: p.cost)):
            _point(axes, point, scale, looks[point.condition], above=place % 2 == 0)
        axes.set_xlim(0, 1.3 * scale * max(p.cost for p in points) or 1)
        axes.set_ylim(*_room(points))
        axes.set_xlabel(label)
        svg.title(axes, f"{metric}, %")
        axes.grid(True)
        axes.locator_params(nbins=5)
        return figure

    about = f"{metric} against {label}; on the Pareto front: " + ", ".join(
        p.condition for p in front
    )
    return svg.drawing(name, about, paint, svg.HALF)


def _room(points: Sequence[ParetoPoint]) -> tuple[float, float]:
    """Limits of the rates, per cent, that do not blow up what is next to nothing."""
    rates = [point.rate for point in points]
    ends = [end for rate in rates for end in (rate.value, rate.low, rate.high) if end is not None]
    low, high = 100 * min(ends), 100 * max(ends)
    room = max(0.2 * (high - low), 0.2 * high, 0.1)
    return max(0.0, low - room), high + room


def _point(axes: Axes, point: ParetoPoint, scale: float, look: Look, above: bool) -> None:
    """Filled on the front, hollow where another is better in both."""
    x, rate = point.cost * scale, point.rate
    if rate.low is not None and rate.high is not None:
        ends = 100 * max(rate.low, 0), 100 * rate.high
        axes.plot([x, x], ends, color=look.color, lw=1.4, alpha=0.6, zorder=2)
    axes.plot(
        [x],
        [100 * rate.value],
        look.marker,
        color=look.color,
        mfc=look.color if point.front else "white",
        mew=1.6,
        ms=9,
        zorder=3,
    )
    axes.annotate(
        svg.short(look.name, 20),
        (x, 100 * rate.value),
        xytext=(-7 if above else 7, 12 if above else -13),
        textcoords="offset points",
        ha="right" if above else "left",
        va="center",
        color=INK,
        fontsize=svg.LETTERS - 1,
    )


def _latency(
    latency: Mapping[str, Latencies], read: Mapping[str, Sequence[int]], looks: Looks
) -> Drawing:
    def paint(width: int) -> Figure:
        figure = svg.canvas(width, 270)
        axes = svg.place(figure, 44, 28, 16, 44)
        for name, searches in latency.items():
            look = looks[name]
            order = np.argsort(read[name], kind="stable")
            x = np.array(read[name])[order]
            for search, style in ((searches.own, "-"), (searches.to_the_bound, ":")):
                if search is None:
                    continue
                each = [search.each[i] for i in order]
                median, low, high = 1e3 * np.array([[s.median, s.low, s.high] for s in each]).T
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
