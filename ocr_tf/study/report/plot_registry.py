"""The plots of a report, in the page's order; page, figures/*.png and TensorBoard iterate over them.

To add a plot, write a function that paints it, and one entry in PLOTS:

    Plot(
        name="lengths",                          of figures/lengths.png and of its picture in TensorBoard
        about="Errors by length of the line",    in words, for who cannot see it
        caption="Means over seeds.",             below it on the page
        section="per-line",                      one of SECTIONS: where it stands
        paint=lambda scene, width: ...,          a matplotlib Figure so many pixels wide, made with
    )                                            `svg.canvas`, or None: the report has nothing for it

Nothing else has to be touched. A section that is new also needs its place in a template, which says
`pieces.figures("SECTION")`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional, Union

from matplotlib.figure import Figure

from ocr_tf.study.report import (
    analysis_plots,
    contrasts,
    cost,
    detectable_text,
    line_plots,
    plots,
    svg,
    verdict_text,
)
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.svg import FULL, HALF, Drawing, Look

# The sections in which plots stand, in the page's order, and whether they answer what was asked:
# TensorBoard shows those plots before the others.
SECTIONS = {
    "changes": True,
    "verdict": True,
    "differences": True,
    "seeds": True,
    "curves": False,
    "cost": False,
    "slices": True,
    "calibration": False,
    "probes": False,
    "per-line": False,
}


@dataclasses.dataclass(frozen=True)
class Links:
    """Links from parts of plots to their lines."""

    seeds: Mapping[str, Sequence[str]]  # to the lines that each seed misreads, by condition
    slices: Mapping[int, str]  # by position
    bars: Sequence[str]  # of the histogram


@dataclasses.dataclass(frozen=True)
class Scene:
    """What a plot is painted from."""

    report: Report
    looks: Mapping[str, Look]  # color and marker of each condition
    links: Links


Words = Union[str, Callable[[Report], str]]


class Plot(NamedTuple):
    """A plot: see the module's docstring."""

    name: str  # letters, digits and underscores
    about: Words
    caption: Words
    section: str
    paint: Callable[[Scene, int], Optional[Figure]]
    width: int = FULL  # pixels at a desk: FULL, or HALF for two beside each other


class Family(NamedTuple):
    """Plots of a kind whose number depends on the report."""

    section: str
    draw: Callable[[Scene], Sequence[Drawing]]
    captions: Mapping[str, str]  # by the name of the plot; those without one are left out


def _interval_about(report: Report) -> str:
    pair = report.headline
    return f"Intervals of the difference {pair.a} minus {pair.b}" if pair else ""


def _interval_caption(report: Report) -> str:
    if report.headline is None or report.headline.detectable is None:
        return ""
    return "Shaded: differences that a comparison of this size would often miss."


def _variance_caption(report: Report) -> str:
    return (detectable_text.would_help(report.headline) if report.headline else None) or ""


def _seeds_about(report: Report) -> str:
    return f"Every seed’s {verdict_text.name_of(report.study.metric)} by condition"


def _cost(scene: Scene) -> list[Drawing]:
    if scene.report.cost is None:
        return []
    metric = verdict_text.name_of(scene.report.study.metric)
    return cost.drawings(scene.report.cost, metric, scene.looks)


def _calibration(scene: Scene) -> list[Drawing]:
    analysis = scene.report.analysis
    return analysis_plots.calibration(analysis, scene.looks) if analysis else []


def _probes(scene: Scene) -> list[Drawing]:
    analysis = scene.report.analysis
    return analysis_plots.probes(analysis, scene.looks) if analysis else []


PLOTS: tuple[Union[Plot, Family], ...] = (
    Plot(
        "contrasts",
        "Changes of a gain with their intervals",
        "",
        "changes",
        lambda scene, width: contrasts.forest(scene.report, width),
    ),
    Plot(
        "interval",
        _interval_about,
        _interval_caption,
        "verdict",
        lambda scene, width: plots.interval(scene.report, scene.looks, width),
    ),
    Plot(
        "differences",
        "Differences between conditions with their intervals",
        "",
        "differences",
        lambda scene, width: plots.differences(scene.report, scene.looks, width),
    ),
    Plot(
        "seeds",
        _seeds_about,
        "A point a seed; the bar is the mean.",
        "seeds",
        lambda scene, width: plots.seeds(scene.report, scene.looks, scene.links.seeds, width),
        HALF,
    ),
    Plot(
        "variance",
        "Parts of the variance",
        _variance_caption,
        "seeds",
        lambda scene, width: plots.variance(scene.report, width),
        HALF,
    ),
    Plot(
        "curve_train",
        "Training loss by training step",
        "",
        "curves",
        lambda scene, width: plots.training_loss(scene.report, scene.looks, width),
        HALF,
    ),
    Plot(
        "curve_val",
        "CER on validation lines by training step",
        "",
        "curves",
        lambda scene, width: plots.validation_cer(scene.report, scene.looks, width),
        HALF,
    ),
    Family(
        "cost",
        _cost,
        {
            "latency": "Full lines are each condition’s own search. Dotted ones, beside greedy search, go on "
            "to the bound. Bands are quartiles."
        },
    ),
    Plot(
        "slices",
        "The difference on parts of the test lines",
        "",
        "slices",
        lambda scene, width: plots.slices(scene.report, scene.links.slices, width),
    ),
    Family(
        "calibration",
        _calibration,
        {
            "reliability": "One curve per seed; on the diagonal, a confidence is the share of lines that "
            "are read right.",
            "risk": "Share of lines with an error if only those of the highest confidence are kept; one "
            "curve per seed.",
        },
    ),
    Family("probes", _probes, {}),
    Plot(
        "histogram",
        line_plots.histogram_about,
        "Lines by the difference of their CERs, means over seeds; heights are roots of the counts above "
        "them. Bars lead to their lines.",
        "per-line",
        lambda scene, width: line_plots.histogram(
            scene.report, scene.looks, scene.links.bars, width
        ),
        HALF,
    ),
    Plot(
        "cumulative",
        "Share of lines under a CER",
        "How much of the test set is read that well: mean over seeds, in a band from the lowest to the "
        "highest.",
        "per-line",
        lambda scene, width: line_plots.cumulative(scene.report, scene.looks, width),
        HALF,
    ),
)


def drawn(scene: Scene) -> list[Drawing]:
    """Paints every plot that the report has something for."""
    drawings: list[Drawing] = []
    for plot in PLOTS:
        if isinstance(plot, Family):
            for one in plot.draw(scene):
                caption = plot.captions[one.name] if one.name in plot.captions else ""
                drawings.append(one._replace(section=plot.section, caption=caption))
        else:
            drawings += _drawn(plot, scene)
    return drawings


def _drawn(plot: Plot, scene: Scene) -> list[Drawing]:
    drawing = svg.drawing_if_any(
        plot.name,
        _worded(plot.about, scene.report),
        lambda width: plot.paint(scene, width),
        plot.width,
    )
    if drawing is None:
        return []
    caption = _worded(plot.caption, scene.report)
    return [drawing._replace(section=plot.section, caption=caption)]


def _worded(words: Words, report: Report) -> str:
    return words if isinstance(words, str) else words(report)
