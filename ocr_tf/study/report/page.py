"""The page: every part of a report arranged for the templates beside this file, and rendered."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import jinja2
import numpy as np

from ocr_tf.metrics.alignment import INK_LEVELS, INK_SHARE
from ocr_tf.metrics.registry import METRICS
from ocr_tf.progress import Progress
from ocr_tf.study.comparison.statistics import RunRates
from ocr_tf.study.report import (
    analysis_tables,
    contrasts,
    cost,
    detectable_text,
    failure_text,
    formatting,
    gallery,
    html,
    image_embedding,
    line_list,
    line_plots,
    plain_text,
    plan_text,
    plot_registry,
    ranking,
    test_sets,
    verdict_text,
)
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.gallery import Gallery
from ocr_tf.study.report.html import Picture
from ocr_tf.study.report.line_images import LineImages
from ocr_tf.study.report.line_list import Lists, Reading
from ocr_tf.study.report.plot_registry import Links, Scene
from ocr_tf.study.report.svg import COLORS, Drawing, Look, looks
from ocr_tf.types import Array

TEMPLATE = "report.html"

# Characters of the page, which together with all else stay under 10 MB for 1,000 lines.
THUMBNAILS, IMAGES, ALIGNMENTS = 3_500_000, 1_200_000, 3_000_000


class Rates(NamedTuple):
    """A condition at a checkpoint."""

    look: Look
    rows: tuple[RunRates, ...]
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


class Values(NamedTuple):
    """Names that the templates know."""

    report: Report
    looks: Mapping[str, Look]
    colors: Sequence[str]
    verdict: Optional[verdict_text.VerdictText]
    changes: Sequence[contrasts.ChangeText]
    plan: plan_text.PlanText
    interim: Optional[plan_text.LooksText]
    plain: Sequence[str]  # sentences
    best_of: Sequence[plain_text.Best]
    ranking: Optional[ranking.Ranking]
    beside: Sequence[verdict_text.Beside]  # other metrics
    metric: str
    rates: Mapping[str, Sequence[Rates]]  # by checkpoint
    mcnemar: Sequence[Discordant]
    cost: Optional[cost.CostTables]
    analysis: analysis_tables.AnalysisTables
    missing: Sequence[str]  # why parts are left out, a sentence each
    galleries: Sequence[tuple[Gallery, Sequence[Shown], str]]  # with a link to all lines
    test_sets: Sequence[test_sets.SetsText]
    bars: Sequence[tuple[line_plots.Bar, str]]  # of the histogram, with links
    drawings: Sequence[Drawing]
    sets: Sequence[line_list.Set]
    entries: Sequence[line_list.Entry]
    left: int  # lines that are not listed


def render(report: Report, images: LineImages) -> tuple[str, list[Drawing]]:
    """Makes the page and the drawings in it."""
    styles = _looks(report)
    chosen = gallery.galleries(report)
    kept = line_list.kept(report, chosen)
    lists = Lists(kept)
    shown = _galleries(report, chosen, images, styles)
    rates = _rates(report, styles, lists)
    mcnemar = _mcnemar(report, lists)
    analysis = _analysis(report, lists)
    galleries = [
        (one, lines, "" if one.every else lists.link(one.title, one.lines)) for one, lines in shown
    ]
    bars = _bars(report, lists)
    links = Links(
        seeds={row.look.name: row.links for row in rates[report.checkpoint]},
        slices=_slice_links(report, analysis),
        bars=[link for _, link in bars],
    )
    drawings = plot_registry.drawn(Scene(report, styles, links))
    values = Values(
        report=report,
        looks=styles,
        colors=COLORS,
        verdict=verdict_text.verdict(report),
        changes=contrasts.contrasts(report),
        plan=plan_text.plan(report),
        interim=plan_text.looks(report),
        plain=plain_text.sentences(report),
        best_of=plain_text.best_of(report),
        ranking=ranking.ranking(report),
        beside=verdict_text.beside(report),
        metric=verdict_text.name_of(report.study.metric),
        rates=rates,
        mcnemar=mcnemar,
        cost=cost.arrange(report.cost, styles, report.trainings) if report.cost else None,
        analysis=analysis,
        missing=tuple(dict.fromkeys((*report.missing, *analysis.missing))),
        galleries=galleries,
        test_sets=[test_sets.word(one) for one in report.test_sets],
        bars=bars,
        drawings=drawings,
        entries=_entries(report, kept, images, styles, lists),
        sets=lists.sets,  # Last: the others ask for theirs.
        left=len(report.lines) - len(kept),
    )
    names = {**values._asdict(), "template": TEMPLATE}
    return _environment().get_template(TEMPLATE).render(names), drawings


def _looks(report: Report) -> dict[str, Look]:
    """Gives conditions their looks; a training has that of its first condition."""
    styles = looks([condition.name for condition in report.conditions])
    trainings: dict[str, Look] = {}
    for name, training in report.trainings.items():
        trainings.setdefault(training, styles[name]._replace(name=training))
    return {**trainings, **styles}


def _bars(report: Report, lists: Lists) -> list[tuple[line_plots.Bar, str]]:
    """Links the bars of the histogram to their lines."""
    pair = report.headline
    if pair is None:
        return []
    title = f"CER of {pair.a} {formatting.MINUS} {pair.b}"
    return [(bar, lists.link(f"{title}: {bar.name}", bar.lines)) for bar in line_plots.bars(report)]


def _analysis(report: Report, lists: Lists) -> analysis_tables.AnalysisTables:
    """Arranges the analysis, or what is shown where there is none."""
    pair = (report.headline.a, report.headline.b) if report.headline else None
    widths = {c.name: c.experiment.data.width if c.experiment else 0 for c in report.conditions}
    return analysis_tables.arrange(report.analysis, pair, lists, widths)


def _slice_links(report: Report, analysis: analysis_tables.AnalysisTables) -> dict[int, str]:
    """Links to the lines of every slice of the analysis, by its position."""
    if report.analysis is None:
        return {}
    links = {
        (family, row.name): row.link for family, rows in analysis.slices.items() for row in rows
    }
    keys = [(part.family, part.name) for part in report.analysis.slices]
    return {i: links[key] for i, key in enumerate(keys) if key in links}


def _rates(report: Report, styles: Mapping[str, Look], lists: Lists) -> dict[str, list[Rates]]:
    """Arranges the rates of every checkpoint, those of the first with links to the misread lines."""

    def link(checkpoint: str, name: str, seed: int) -> str:
        return _misread(report, name, seed, lists) if checkpoint == report.checkpoint else ""

    return {
        checkpoint: [
            Rates(styles[name], rows, [link(checkpoint, name, row.seed) for row in rows])
            for name, rows in conditions.items()
        ]
        for checkpoint, conditions in report.rates.items()
    }


def _misread(report: Report, condition: str, seed: int, lists: Lists) -> str:
    wrong = np.flatnonzero(~_right(report, condition, seed))
    return lists.link(f"misread by {condition}, seed {seed}", wrong.tolist())


def _right(report: Report, condition: str, seed: int) -> Array:
    """Marks the lines that a model reads without an edit, [N] bool."""
    return np.array(
        [
            any(r.seed == seed and r.edits == 0 for r in line.readings[condition])
            for line in report.lines
        ],
        bool,
    )


def _mcnemar(report: Report, lists: Lists) -> list[Discordant]:
    """Links McNemar's counts of the headline's pair to their lines."""
    rows = []
    for test in report.headline.mcnemar if report.headline else ():
        a, b, seed = test.a, test.b, test.seed
        right_a, right_b = (_right(report, name, seed) for name in (a, b))
        links = [
            lists.link(f"seed {seed}: {one} reads, {other} misses", np.flatnonzero(mask).tolist())
            for one, other, mask in ((a, b, right_a & ~right_b), (b, a, right_b & ~right_a))
        ]
        rows.append(Discordant(seed, test.only_a_right, test.only_b_right, test.p, *links))
    return rows


def _galleries(
    report: Report, chosen: Sequence[Gallery], images: LineImages, styles: Mapping[str, Look]
) -> list[tuple[Gallery, list[Shown]]]:
    shown = list(dict.fromkeys(i for one in chosen for i in one.shown))
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
    return [(one, [_shown(report, i, *by_line[i], styles) for i in one.shown]) for one in chosen]


def _shown(
    report: Report,
    i: int,
    picture: Optional[Picture],
    alignment: Optional[Picture],
    styles: Mapping[str, Look],
) -> Shown:
    line = report.lines[i]
    readings = [(styles[name], line_list.readings(report, line, name)) for name in line.readings]
    return Shown(i, line.id, line.reference, picture, alignment, readings)


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
    environment = html.environment()
    for filter_ in (
        formatting.percent,
        formatting.points,
        formatting.width,
        formatting.interval,
        formatting.rates_interval,
        formatting.figure_interval,
        formatting.nats,
        formatting.probability,
        formatting.count,
        formatting.step,
        formatting.counted,
        formatting.mean,
        formatting.deviation,
        formatting.level,
        formatting.listed,
        formatting.checkpoint,
        verdict_text.outcome,
        failure_text.open_share,
    ):
        environment.filters[filter_.__name__] = filter_
    environment.globals.update(
        ink_levels=INK_LEVELS,
        ink_share=INK_SHARE,
        metrics=METRICS,
        change_of_plan=failure_text.PLAN,
        not_shown=verdict_text.NOT_SHOWN,
        would_help=detectable_text.would_help,
        recipes_meaning=verdict_text.RECIPES_MEANING,
        models_meaning=verdict_text.MODELS_MEANING,
    )
    return environment
