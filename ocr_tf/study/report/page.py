"""The page: every part of a report arranged for the templates beside this file, and rendered."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import jinja2
import numpy as np

from ocr_tf.metrics.alignment import INK_LEVELS, INK_SHARE
from ocr_tf.progress import Progress
from ocr_tf.study.report import (
    analysis_plots,
    analysis_tables,
    contrasts,
    cost,
    formatting,
    gallery,
    image_embedding,
    line_list,
    line_plots,
    plots,
    probe_tables,
    verdict_text,
)
from ocr_tf.study.report.gallery import Gallery
from ocr_tf.study.report.html import Picture
from ocr_tf.study.report.line_images import LineImages
from ocr_tf.study.report.line_list import Lists, Reading
from ocr_tf.study.report.svg import COLORS, Drawing, Look, looks

Report = Mapping[str, Any]

TEMPLATE = "report.html"

OPTIONAL = ("test", "signature", "controls", "cost", "analysis", "reproduce")

# Characters of the page, which together with all else stay under 10 MB for 1,000 lines.
THUMBNAILS, IMAGES, ALIGNMENTS = 3_500_000, 1_200_000, 3_000_000


class Rates(NamedTuple):
    """A condition at a checkpoint."""

    look: Look
    rows: list[dict[str, Any]]  # by seed
    links: list[str]  # to the lines that each seed misreads; empty but at the first checkpoint


class Discordant(NamedTuple):
    """McNemar's test of a seed, with its lines."""

    seed: int
    only_a: int
    only_b: int
    p: float
    link_a: str
    link_b: str


class Shown(NamedTuple):
    """A line at length."""

    position: int  # in the report, from 0
    id: str
    reference: str
    picture: Optional[Picture]
    alignment: Optional[Picture]
    readings: list[tuple[Look, list[Reading]]]


def render(report: Report, images: LineImages) -> tuple[str, list[Drawing]]:
    """The page and the drawings in it."""
    styles = looks([c["name"] for c in report["conditions"]])
    chosen = gallery.galleries(report)
    kept = line_list.kept(report, chosen)
    lists = Lists(report, kept)
    pair = verdict_text.headline(report)
    analysis, costs = report.get("analysis"), report.get("cost")
    tables = cost.arrange(costs, styles) if costs else None
    galleries = _galleries(report, chosen, images, styles)
    values: dict[str, Any] = {
        "report": {**dict.fromkeys(OPTIONAL), **report},
        "looks": styles,
        "colors": COLORS,
        "verdict": verdict_text.verdict(report),
        "changes": contrasts.contrasts(report),
        "not_shown": verdict_text.NOT_SHOWN,
        "pair": verdict_text.headline(report),
        "pairs": verdict_text.compared(report),
        "decision": functools.partial(verdict_text.decision, report),
        "beside": verdict_text.beside(report),
        "metric": verdict_text.name_of(report["study"]["metric"]),
        "would_help": _would_help(report),
        "rates": _rates(report, styles, lists),
        "checkpoints": plots.CHECKPOINTS,
        "mcnemar": _mcnemar(report, lists),
        "cost": tables,
        "reached": (tables.targets, tables.reached) if tables and tables.reached else None,
        "analysis": analysis_tables.arrange(
            analysis, (pair["a"], pair["b"]) if pair else None, lists, _widths(report)
        ),
        "missing": [
            *dict.fromkeys([*report.get("missing", ()), *(analysis.missing if analysis else ())])
        ],
        "probe_plots": probe_tables.PLOTS,
        "ink_levels": INK_LEVELS,
        "ink_share": INK_SHARE,
        "galleries": [
            (of, shown, "" if of.every else lists.link(of.title, of.lines))
            for of, shown in galleries
        ],
        "alpha": verdict_text.ALPHA,
    }
    values["bars"] = _bars(report, lists)
    values["drawings"] = _drawings(report, styles, values)
    values["sets"] = lists.sets
    values["entries"] = _entries(report, kept, images, styles, lists)
    values["left"] = len(report["lines"]) - len(kept)
    found = [d for d in values["drawings"].values() if d]
    return _environment().get_template(TEMPLATE).render(values, template=TEMPLATE), found


def _bars(report: Report, lists: Lists) -> list[tuple[line_plots.Bar, str]]:
    """Bars of the histogram with links to their lines."""
    pair = verdict_text.headline(report) or {}
    return [
        (
            bar,
            lists.link(f"CER of {pair['a']} {formatting.MINUS} {pair['b']}: {bar.name}", bar.lines),
        )
        for bar in line_plots.bars(report)
    ]


def _widths(report: Report) -> dict[str, int]:
    """To which width each condition brings images, 0 if it does not."""
    return {
        c["name"]: c.get("experiment", {}).get("config", {}).get("data", {}).get("width", 0)
        for c in report["conditions"]
    }


def _would_help(report: Report) -> Optional[str]:
    pair = verdict_text.headline(report)
    return verdict_text.would_help(pair) if pair else None


def _drawings(
    report: Report, styles: Mapping[str, Look], values: Mapping[str, Any]
) -> dict[str, Optional[Drawing]]:
    """By name; None where the report has nothing to draw."""
    links = {}
    seeds = {rates.look.name: rates.links for rates in next(iter(values["rates"].values()))}
    analysis, costs = report.get("analysis"), report.get("cost")
    slices = values["analysis"].slices
    rows = {row.name + family: row.link for family, every in slices.items() for row in every}
    for i, part in enumerate(analysis.slices if analysis else ()):
        links[i] = rows.get(part.name + part.family, "")
    found: dict[str, Optional[Drawing]] = {
        "contrasts": contrasts.drawn(report),
        "interval": plots.interval(report, styles),
        "differences": plots.differences(report, styles),
        "seeds": plots.seeds(report, styles, seeds),
        "variance": plots.variance(report),
        "slices": plots.slices(report, styles, links),
    }
    many = plots.curves(report, styles)
    if costs:
        many += cost.drawings(costs, values["metric"], styles)
    if analysis:
        many += analysis_plots.calibration(analysis, styles)
        many += analysis_plots.probes(analysis, styles)
    found.update({drawing.name: drawing for drawing in many})
    bars = [link for _, link in values["bars"]]
    found["histogram"] = line_plots.histogram(report, styles, bars)
    found["cumulative"] = line_plots.cumulative(report, styles)
    return found


def _rates(report: Report, styles: Mapping[str, Look], lists: Lists) -> dict[str, list[Rates]]:
    found = {}
    for checkpoint, conditions in report["rates"].items():
        first = checkpoint == verdict_text.checkpoint(report)
        found[checkpoint] = [
            Rates(
                styles[name],
                rows,
                [_misread(report, name, row["seed"], lists) if first else "" for row in rows],
            )
            for name, rows in conditions.items()
        ]
    return found


def _misread(report: Report, condition: str, seed: int, lists: Lists) -> str:
    wrong = np.flatnonzero(~_right(report, condition, seed))
    return lists.link(f"misread by {condition}, seed {seed}", wrong.tolist())


def _right(report: Report, condition: str, seed: int) -> np.ndarray:
    """[N] whether a model reads each line without an edit."""
    return np.array(
        [
            any(r["seed"] == seed and r["edits"] == 0 for r in line["readings"][condition])
            for line in report["lines"]
        ],
        bool,
    )


def _mcnemar(report: Report, lists: Lists) -> list[Discordant]:
    pair = verdict_text.headline(report)
    found = []
    for test in (pair or {}).get("mcnemar") or ():
        a, b, seed = test["a"], test["b"], test["seed"]
        right_a, right_b = (_right(report, name, seed) for name in (a, b))
        links = [
            lists.link(f"seed {seed}: {one} reads, {other} misses", np.flatnonzero(mask).tolist())
            for one, other, mask in ((a, b, right_a & ~right_b), (b, a, right_b & ~right_a))
        ]
        found.append(
            Discordant(seed, test["only_a_right"], test["only_b_right"], test["p"], *links)
        )
    return found


def _galleries(
    report: Report, chosen: Sequence[Gallery], images: LineImages, styles: Mapping[str, Look]
) -> list[tuple[Gallery, list[Shown]]]:
    shown = list(dict.fromkeys(i for of in chosen for i in of.shown))
    pixels, alignments = [], []
    progress = Progress("drawing lines", len(shown))
    for number, i in enumerate(shown, 1):
        pixels.append(images.image(i))
        alignments.append(images.alignment(i))
        progress.show(number)
    progress.clear()
    by_line = dict(
        zip(
            shown,
            zip(
                image_embedding.within(IMAGES, pixels, image_embedding.LINES),
                image_embedding.within(ALIGNMENTS, alignments, image_embedding.ALIGNMENTS),
            ),
        )
    )
    return [(of, [_shown(report, i, *by_line[i], styles) for i in of.shown]) for of in chosen]


def _shown(
    report: Report,
    i: int,
    picture: Optional[Picture],
    alignment: Optional[Picture],
    styles: Mapping[str, Look],
) -> Shown:
    line = report["lines"][i]
    readings = [(styles[name], line_list.readings(report, line, name)) for name in line["readings"]]
    return Shown(i, line["id"], line["reference"], picture, alignment, readings)


def _entries(
    report: Report,
    kept: Sequence[int],
    images: LineImages,
    styles: Mapping[str, Look],
    lists: Lists,
) -> list[line_list.Entry]:
    progress = Progress("reading images", len(kept))
    thumbnails = []
    for number, i in enumerate(kept, 1):
        image = images.image(i)
        thumbnails.append(
            None if image is None else image_embedding.smaller(image, image_embedding.THUMBNAILS[0])
        )
        progress.show(number)
    progress.clear()
    small = image_embedding.within(THUMBNAILS, thumbnails, image_embedding.THUMBNAILS)
    return [line_list.entry(report, i, styles, lists, picture) for i, picture in zip(kept, small)]


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ocr_tf.study.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        formatting.percent,
        formatting.points,
        formatting.width,
        formatting.interval,
        formatting.rates_interval,
        formatting.nats,
        formatting.probability,
        formatting.count,
        formatting.counted,
        formatting.mean,
        formatting.deviation,
        formatting.listed,
    ):
        environment.filters[filter_.__name__] = filter_
    return environment
