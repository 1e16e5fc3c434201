"""The report of a meta-study: report.html, report.json, tables/studies.csv and figures/studies.png."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from ocr_tf.atomic import atomic_write
from ocr_tf.study.comparison.across import Across, SetDifference
from ocr_tf.study.report import across_text, as_json, forest_plot, html, svg
from ocr_tf.study.report.files import write_parts
from ocr_tf.study.report.forest_plot import Group, Row
from ocr_tf.study.report.formatting import interval, listed, percent, points, probability
from ocr_tf.study.report.meta_content import Meta
from ocr_tf.study.report.verdict_text import name_of

TEMPLATE = "meta.html"


class Line(NamedTuple):
    """A study in the page's table."""

    name: str
    folder: str
    lines: str
    seeds: str
    rate_a: str
    rate_b: str
    difference: str
    interval: str
    p: str


def write(meta: Meta, folder: Path) -> Path:
    """Writes the report into a folder, the page last; returns the page.

    Raises:
        OSError: nothing can be written there.
    """
    across = meta.across
    drawing = svg.drawing(
        "studies",
        f"Forest plot: {across.a} minus {across.b} of every study, with the summary",
        lambda width: forest(across, width),
    )
    page = html.render(
        TEMPLATE,
        colors=svg.COLORS,
        across=across,
        metric=name_of(meta.metric),
        normalization=meta.normalization,
        title=across_text.title(across),
        lead=across_text.lead(across),
        few=across_text.few(across),
        heterogeneity=across_text.heterogeneity(across),
        replicability=across_text.replicability(across),
        left_out=across_text.left_out(across),
        drawing=drawing,
        lines=_lines(meta),
        command=" ".join(meta.command),
        version=meta.version,
    )
    write_parts(
        folder, {"tables/studies.csv": _csv(meta).encode(), "figures/studies.png": drawing.png}
    )
    content = json.dumps(as_json.as_json(meta), ensure_ascii=False, allow_nan=False, indent=1)
    atomic_write(folder / "report.json", f"{content}\n".encode())
    atomic_write(folder / "report.html", page.encode())
    return folder / "report.html"


def terminal(meta: Meta) -> list[str]:
    """Gives the answer for a terminal, in ASCII but for the names."""
    across = meta.across
    said = [
        f"{across_text.title(across)}: {across_text.lead(across)}",
        across_text.few(across),
        across_text.heterogeneity(across),
        across_text.replicability(across),
        *across_text.left_out(across),
    ]
    return [across_text.plain(line) for line in said if line]


def forest(across: Across, width: int, heading: str = "Data sets") -> Figure:
    """Paints every set's difference, and below them the mean and a new set's."""
    a, b = svg.looks([across.a, across.b]).values()

    def row(one: SetDifference) -> Row:
        found = one.comparison
        out = one.left_out is not None
        low, high = (None, None) if out else (found.low, found.high)
        ends = "left out" if out else interval(low, high, unit=False)
        note = f"{points(found.value, unit=False)}  [{ends}]"
        return Row(svg.short(one.name), found.value, low, high, note, strong=not out, a=a, b=b)

    groups = [Group(heading, [row(one) for one in across.sets])]
    summary = across.summary
    if summary is not None:
        ends = interval(summary.low, summary.high, unit=False)
        note = f"{points(summary.value, unit=False)}  [{ends}]"
        rows = [Row("mean of such sets", summary.value, summary.low, summary.high, note, a=a, b=b)]
        if summary.new_low is not None:
            note = f"[{interval(summary.new_low, summary.new_high, unit=False)}]"
            rows.append(
                Row(
                    "a new set",
                    summary.value,
                    summary.new_low,
                    summary.new_high,
                    note,
                    strong=False,
                )
            )
        groups.append(Group("Random effects", rows))
    left, right = (f"{name} makes fewer errors" for name in (across.a, across.b))
    return forest_plot.forest(groups, width, left, right)


def _lines(meta: Meta) -> Sequence[Line]:
    return [
        Line(
            one.name,
            folder,
            f"{one.comparison.signature.lines:,}",
            listed([str(count) for count in dict.fromkeys(one.comparison.signature.seeds)]),
            percent(one.comparison.rate_a),
            percent(one.comparison.rate_b),
            points(one.comparison.value),
            interval(one.comparison.low, one.comparison.high),
            probability(one.comparison.p).removeprefix("p = "),
        )
        for one, folder in zip(meta.across.sets, meta.studies)
    ]


def _csv(meta: Meta) -> str:
    """Writes a row a study, fractions; what is withheld is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        "study folder a b metric lines seeds_a seeds_b rate_a rate_b difference low high p "
        "variance left_out".split()
    )
    for one, folder in zip(meta.across.sets, meta.studies):
        found = one.comparison
        writer.writerow(
            [
                one.name,
                folder,
                found.a,
                found.b,
                meta.metric,
                found.signature.lines,
                *found.signature.seeds,
                found.rate_a,
                found.rate_b,
                found.value,
                found.low,
                found.high,
                found.p,
                found.variance,
                one.left_out,
            ]
        )
    return out.getvalue()
