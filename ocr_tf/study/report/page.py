"""The page: every part of a report arranged for the templates beside this file, and rendered."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

import jinja2
import numpy as np

from ocr_tf.experiment.page import Picture
from ocr_tf.progress import Progress
from ocr_tf.study.report import (
    causes,
    contrasted,
    cost,
    figures,
    gallery,
    line_figures,
    listing,
    numbers,
    pictures,
    why,
    words,
)
from ocr_tf.study.report.art import Art
from ocr_tf.study.report.drawing import COLOURS, Drawing, Look, looks
from ocr_tf.study.report.gallery import Gallery
from ocr_tf.study.report.listing import Lists, Reading

Report = Mapping[str, Any]

TEMPLATE = "report.html"

OPTIONAL = ("test", "signature", "controls", "cost", "why", "reproduce")

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


def render(report: Report, art: Art) -> tuple[str, list[Drawing]]:
    """The page and the drawings in it."""
    styles = looks([c["name"] for c in report["conditions"]])
    chosen = gallery.galleries(report)
    kept = listing.kept(report, chosen)
    lists = Lists(report, kept)
    galleries = _galleries(report, chosen, art, styles)
    values: dict[str, Any] = {
        "report": {**dict.fromkeys(OPTIONAL), **report},
        "looks": styles,
        "colours": COLOURS,
        "verdict": words.verdict(report),
        "changes": contrasted.contrasts(report),
        "not_shown": words.NOT_SHOWN,
        "pair": words.headline(report),
        "pairs": words.compared(report),
        "decision": functools.partial(words.decision, report),
        "beside": words.beside(report),
        "metric": words.name_of(report["study"]["metric"]),
        "would_help": _would_help(report),
        "rates": _rates(report, styles, lists),
        "checkpoints": figures.CHECKPOINTS,
        "mcnemar": _mcnemar(report, lists),
        "reached": cost.reached(report, styles),
        "costs": cost.rows(report, styles),
        "imported": cost.imported(report),
        "machine": (report.get("cost") or {}).get("timing", {}).get("machine"),
        "slices": why.slices(report, lists),
        **_told(report, lists),
        "confusions": why.confusions(report, lists),
        "choices": why.choices(report, lists),
        "calibration": why.calibration(report, lists),
        "distances": why.distances(report, lists),
        "examples": why.examples(report),
        "contrasts": why.contrasts(report),
        "levels_left_out": why.left_out(report),
        "squeezed": why.squeezed(report),
        "probes": _why(report, "probes") or {},
        "aligned": len((_why(report, "alignments") or {}).get("indices", ())),
        "brier": why.brier(report),
        "missing": [*dict.fromkeys((*report.get("missing", ()), *(_why(report, "missing") or ())))],
        "families": why.FAMILIES,
        "galleries": [
            (of, shown, "" if of.every else lists.link(of.title, of.lines))
            for of, shown in galleries
        ],
        "alpha": words.ALPHA,
    }
    values["bars"] = _bars(report, lists)
    values["drawings"] = _drawings(report, styles, values)
    values["sets"] = lists.sets
    values["entries"] = _entries(report, kept, art, styles, lists)
    values["left"] = len(report["lines"]) - len(kept)
    found = [d for d in values["drawings"].values() if d]
    return _environment().get_template(TEMPLATE).render(values, template=TEMPLATE), found


def _bars(report: Report, lists: Lists) -> list[tuple[line_figures.Bar, str]]:
    """Bars of the histogram with links to their lines."""
    pair = words.headline(report) or {}
    return [
        (bar, lists.link(f"CER of {pair['a']} {numbers.MINUS} {pair['b']}: {bar.name}", bar.lines))
        for bar in line_figures.bars(report)
    ]


def _told(report: Report, lists: Lists) -> dict[str, list[why.Told]]:
    """Tables of kinds of errors, and of what is told like them."""
    alignments = _why(report, "alignments") or {}
    sections = {
        "edits": (_why(report, "edits"), {}),
        "failures": (_why(report, "failures"), why.FAILURE_NAMES),
        "errors": ((_why(report, "cross_scores") or {}).get("errors"), why.ERROR_NAMES),
        "measures": (alignments.get("measures"), why.MEASURE_NAMES),
        "events": (alignments.get("events"), why.EVENT_NAMES),
    }
    return {
        name: why.told(report, section, lists, names) for name, (section, names) in sections.items()
    }


def _why(report: Report, name: str) -> Any:
    return report.get("why", {}).get(name)


def _would_help(report: Report) -> Optional[str]:
    pair = words.headline(report)
    return words.would_help(pair) if pair else None


def _drawings(
    report: Report, styles: Mapping[str, Look], values: Mapping[str, Any]
) -> dict[str, Optional[Drawing]]:
    """By name; None where the report has nothing to draw."""
    links = {}
    seeds = {rates.look.name: rates.links for rates in next(iter(values["rates"].values()))}
    rows = {row.name + family: row.link for family, of in values["slices"].items() for row in of}
    for i, part in enumerate(_why(report, "slices") or ()):
        links[i] = rows.get(part["name"] + part["family"], "")
    found: dict[str, Optional[Drawing]] = {
        "contrasts": contrasted.drawn(report),
        "interval": figures.interval(report, styles),
        "differences": figures.differences(report, styles),
        "seeds": figures.seeds(report, styles, seeds),
        "variance": figures.variance(report),
        "slices": figures.slices(report, styles, links),
    }
    many = (figures.curves, cost.drawings, causes.calibration, causes.probes)
    found.update({d.name: d for draw in many for d in draw(report, styles)})
    bars = [link for _, link in values["bars"]]
    found["histogram"] = line_figures.histogram(report, styles, bars)
    found["cumulative"] = line_figures.cumulative(report, styles)
    return found


def _rates(report: Report, styles: Mapping[str, Look], lists: Lists) -> dict[str, list[Rates]]:
    found = {}
    for checkpoint, conditions in report["rates"].items():
        first = checkpoint == words.checkpoint(report)
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
    pair = words.headline(report)
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
    report: Report, chosen: Sequence[Gallery], art: Art, styles: Mapping[str, Look]
) -> list[tuple[Gallery, list[Shown]]]:
    shown = list(dict.fromkeys(i for of in chosen for i in of.shown))
    images, alignments = [], []
    progress = Progress("drawing lines", len(shown))
    for number, i in enumerate(shown, 1):
        images.append(art.image(i))
        alignments.append(art.alignment(i))
        progress.show(number)
    progress.clear()
    by_line = dict(
        zip(
            shown,
            zip(
                pictures.within(IMAGES, images, pictures.LINES),
                pictures.within(ALIGNMENTS, alignments, pictures.ALIGNMENTS),
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
    readings = [(styles[name], listing.readings(report, line, name)) for name in line["readings"]]
    return Shown(i, line["id"], line["reference"], picture, alignment, readings)


def _entries(
    report: Report, kept: Sequence[int], art: Art, styles: Mapping[str, Look], lists: Lists
) -> list[listing.Entry]:
    progress = Progress("reading images", len(kept))
    images = []
    for number, i in enumerate(kept, 1):
        image = art.image(i)
        images.append(None if image is None else pictures.smaller(image, pictures.THUMBNAILS[0]))
        progress.show(number)
    progress.clear()
    small = pictures.within(THUMBNAILS, images, pictures.THUMBNAILS)
    return [listing.entry(report, i, styles, lists, picture) for i, picture in zip(kept, small)]


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("ocr_tf.study.report"), jinja2.PackageLoader("ocr_tf.experiment")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        numbers.percent,
        numbers.points,
        numbers.width,
        numbers.interval,
        numbers.rates_interval,
        numbers.nats,
        numbers.probability,
        numbers.count,
        numbers.counted,
        numbers.mean,
        numbers.deviation,
        numbers.listed,
    ):
        environment.filters[filter_.__name__] = filter_
    return environment
