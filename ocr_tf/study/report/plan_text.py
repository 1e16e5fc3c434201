"""The plan of a study and its looks in words: what was declared or changed, and what each look cost."""

from __future__ import annotations

import datetime
from typing import NamedTuple, Optional

from ocr_tf.metrics.paired import ALPHA, spending
from ocr_tf.metrics.registry import metric_of
from ocr_tf.study.comparison.interim_looks import InterimLook, InterimLooks
from ocr_tf.study.report import formatting
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.formatting import (
    MINUS,
    SPACE,
    counted,
    interval,
    level,
    points,
    probability,
)

DECLARED, CHANGED, EXPLORATORY = "declared", "changed", "exploratory"


class PlanText(NamedTuple):
    """How the question stands to the plan."""

    kind: str  # DECLARED, CHANGED or EXPLORATORY
    short: str
    sentence: str


class Row(NamedTuple):
    """A look, for a table."""

    number: int
    when: str
    seeds: int
    lines: str
    metric: str
    kind: str  # "planned" or "not planned"
    level: str
    said: str
    value: str
    interval: str
    p: str
    current: bool


class LooksText(NamedTuple):
    """The looks at a study."""

    title: str
    lead: str
    spent: str  # by all of them; empty where there is one
    rule: str
    rows: list[Row]
    next: str


def plan(report: Report) -> PlanText:
    """Says what the plan declares of the question; that it is exploratory where there is no plan."""
    declared = report.declared
    if declared is None:
        return PlanText(EXPLORATORY, "exploratory, without a plan", f"Exploratory: {_why(report)}.")
    written = f"{when(declared.when)} ({declared.file}, sha256 {declared.sha256[:12]})"
    if declared.changes:
        changed = "; ".join(f"{c.what} was {c.was}, is {c.now}" for c in declared.changes)
        return PlanText(
            CHANGED,
            f"changed after the plan: {changed}",
            f"Changed after the plan: {changed}. The plan is of {written}.",
        )
    if declared.before_runs:
        return PlanText(
            DECLARED,
            f"declared beforehand ({declared.file})",
            "Declared beforehand: the question, its metric and its conditions are those of the plan that "
            f"was written before the first run, on {written}.",
        )
    return PlanText(
        DECLARED,
        f"as the plan {declared.file} has it",
        f"The question is that of the plan of study {declared.plan.study}, written on {written}. How often "
        "these runs were looked at is not recorded here.",
    )


def _why(report: Report) -> str:
    """Says why a report without a plan is exploratory."""
    chosen = "so that nothing shows that the question was chosen before the results were seen"
    if report.interim is None:
        return f"no plan was given, {chosen}, or how often they were looked at"
    return (
        f"the study's folder was begun without a plan, {chosen}, or how often they were looked at before "
        "looks were recorded"
    )


def when(stamp: str) -> str:
    """2026-12-01T02:30:00+00:00 -> 2026-12-01 02:30 UTC."""
    moment = datetime.datetime.fromisoformat(stamp).astimezone(datetime.timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def looks(report: Report) -> Optional[LooksText]:
    """Words the looks at a study; None where the report is of none."""
    interim = report.interim
    if interim is None:
        return None
    now = interim.look
    count = len(interim.taken)
    lead = (
        f"{_named(interim)} has a level of {level(now.level)}: the verdict's intervals are at "
        f"{level(1 - now.level)}, and its p is compared with {now.level:g}."
    )
    spent = (
        f"The {count} looks so far have spent {level(interim.spent)}: in at most so many of such studies "
        "would any of them tell conditions apart that do not differ, as far as each interval keeps its level."
    )
    return LooksText(
        title=f"{counted(count, 'look')} at this study",
        lead=lead,
        spent=spent if count > 1 else "",
        rule=_rule(interim),
        rows=[_row(i, look, i == interim.current) for i, look in enumerate(interim.taken)],
        next=_next(report, interim),
    )


def _named(interim: InterimLooks) -> str:
    """This is look 2 of 3, planned, with 5 seeds, which."""
    now, count = interim.look, len(interim.taken)
    of = f" of {count}" if interim.current + 1 < count else ""
    kind = "planned" if now.planned else "not planned"
    return f"Look {interim.current + 1}{of}, {kind}, with {counted(now.seeds, 'seed')} of each condition,"


def _rule(interim: InterimLooks) -> str:
    extra = (
        f"Looks that were not planned share {level(spending.EXTRA)} more, however many there are: the j-th "
        f"gets {level(spending.EXTRA)} / (j (j + 1))."
    )
    if interim.planned:
        planned = formatting.listed([str(count) for count in interim.planned])
        return (
            f"The planned looks, at {planned} seeds, share a level of {level(ALPHA)}. It is spent as the "
            f"seeds grow, like the bounds of O'Brien and Fleming (Lan and DeMets 1983). {extra}"
        )
    return (
        f"No series of looks was planned, so that the first has all of {level(ALPHA)}. {extra} --study.looks "
        "plans them before the first run."
    )


def _row(i: int, look: InterimLook, current: bool) -> Row:
    return Row(
        number=i + 1,
        when=when(look.when),
        seeds=look.seeds,
        lines=formatting.count(look.lines),
        metric=metric_of(look.metric).errors_title,
        kind="planned" if look.planned else "not planned",
        level=level(look.level),
        said=look.said or "nothing was compared",
        value=points(look.value),
        interval=interval(look.low, look.high),
        p=probability(look.p, look.level),
        current=current,
    )


def _next(report: Report, interim: InterimLooks) -> str:
    """Names the look that may follow, and its price."""
    following = interim.next
    kind = (
        "The next planned look is"
        if following.planned
        else "No look is planned after this; one would be"
    )
    said = f"{kind} at {following.seeds} seeds, at a level of {level(following.level)}."
    hours = price(report, following.seeds)
    if hours is None:
        return said
    took = f"about {_hours(hours)} in all, by the time that these runs took"
    return f"{said} Its further seeds train for {took}."


def price(report: Report, seeds: int) -> Optional[float]:
    """Estimates the hours of training, one run after another, up to so many seeds of each training.

    It is the mean of a training's recorded times, times the seeds that are missing; None without records.
    """
    total = 0.0
    for curves in report.curves.values():
        times = [curve.timing.elapsed[-1] if curve.timing.elapsed else None for curve in curves]
        mean = formatting.mean(times)
        if mean is None:
            return None
        total += max(seeds - len(curves), 0) * mean
    return total / 3600 if report.curves else None


def _hours(hours: float) -> str:
    """1.3 hours, 12 minutes or 40 seconds."""
    for unit, size in (("hours", 1.0), ("minutes", 1 / 60)):
        if hours >= size:
            return f"{hours / size:,.{int(hours / size < 10)}f}{SPACE}{unit}"
    return f"{3600 * hours:.0f}{SPACE}seconds"


def line(report: Report) -> str:
    """Says for a terminal, in ASCII but for the names, what was planned and which look this is."""
    said = plan(report).short
    if report.interim is not None:
        now = report.interim.look
        kind = "planned" if now.planned else "not planned"
        said += (
            f"; look {report.interim.current + 1} ({kind}, {counted(now.seeds, 'seed')}) at a level of "
            f"{level(now.level)}"
        )
    return f"plan: {said}".replace(MINUS, "-").replace(SPACE, " ")
