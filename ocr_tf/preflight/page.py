"""Findings as one HTML page: what is wrong, with pictures, plots, the alphabet and a contact sheet.

It looks like a study's report and extends the same base. Whatever comes from data is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.data.inspect.collection import Collection, Role
from ocr_tf.data.text import is_odd, name_of
from ocr_tf.preflight import plots, report
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.finding import SEVERITIES, Finding
from ocr_tf.preflight.labels import RARE, shown_alone
from ocr_tf.study.report import image_embedding
from ocr_tf.study.report.html import Picture, environment
from ocr_tf.study.report.image_embedding import Setting
from ocr_tf.study.report.svg import COLORS
from ocr_tf.terminal import escape_text
from ocr_tf.types import Array

TEMPLATE = "inspect_data.html"
NAMED = 12  # lines or pairs of a finding, with pictures
SYMBOLS = 600  # of the table of the alphabet
BUDGET = 6_000_000  # characters for pictures, in all
SETTINGS = (
    Setting(128, 640, 60),
    Setting(64, 640, 60),
    Setting(40, 480, 50),
    Setting(28, 320, 35),
    Setting(16, 160, 20),
)


class Shown(NamedTuple):
    """A line as the page shows it."""

    role: str
    place: str
    text: str
    picture: Optional[Picture]


class Named(NamedTuple):
    """One of the lines of a finding, or a pair of them."""

    lines: list[Shown]
    detail: str


class Part(NamedTuple):
    """A finding with the lines that are shown of it."""

    finding: Finding
    named: list[Named]
    more: int  # lines or pairs that are not shown


class Symbol(NamedTuple):
    """A row of the table of the alphabet."""

    shown: str
    name: str
    counts: list[int]  # by role
    remark: str  # odd, rare or not in training


def render(config: InspectData, lines: Collection, findings: Sequence[Finding], table: str) -> str:
    """Makes the page.

    Args:
        config: what was asked for.
        lines: all lines.
        findings: the worst first.
        table: name of the file that lists all lines.
    """
    sheets = [(role, sheet(lines, role, config.sheet)) for role in lines.roles]
    wanted = [finding.lines[:NAMED].reshape(-1) for finding in findings]
    numbers = np.unique(np.concatenate([*wanted, *(chosen for _, chosen in sheets)])).tolist()
    images = [lines.image(i) for i in numbers]
    pictures = dict(zip(numbers, image_embedding.within(BUDGET, images, SETTINGS)))

    def shown(i: int) -> Shown:
        sample = lines.sample(i)
        role = lines.roles[int(lines.role[i])].name
        place, text = escape_text(sample.place), escape_text(sample.text)
        return Shown(role, place, text, pictures[i])

    def part(finding: Finding) -> Part:
        named = [
            Named(
                [shown(i) for i in reversed(row)],
                escape_text(finding.details[k]) if len(finding.details) else "",
            )
            for k, row in enumerate(finding.lines[:NAMED].tolist())
        ]
        return Part(finding, named, len(finding.lines) - len(named))

    alphabet = symbols(lines)
    return (
        environment("ocr_tf.preflight")
        .get_template(TEMPLATE)
        .render(
            template=TEMPLATE,
            config=config,
            colors=COLORS,
            roles=lines.roles,
            sources=[(role.name, report.parts_of_role(role)) for role in lines.roles],
            headings=report.headings(config),
            rows=[report.summary(config, lines, role) for role in lines.roles],
            severities=SEVERITIES,
            counts={s: sum(f.severity == s for f in findings) for s in SEVERITIES},
            parts=[part(finding) for finding in findings],
            drawings=plots.drawn(config, lines),
            symbols=alphabet[:SYMBOLS],
            left=max(0, len(alphabet) - SYMBOLS),
            sheets=[(role.name, [shown(i) for i in chosen.tolist()]) for role, chosen in sheets],
            table=table,
        )
    )


def sheet(lines: Collection, role: Role, count: int) -> Array:
    """Chooses lines of a role with an image, by a hash: the same ones each time, from everywhere in it."""
    usable = np.flatnonzero(lines.usable[role.lines]) + role.start
    mixed = lines.right[usable] ^ (lines.down[usable] << np.uint64(1))
    order = np.argsort(mixed * np.uint64(0x9E3779B97F4A7C15), kind="stable")
    return np.sort(usable[order[:count]])


def symbols(lines: Collection) -> list[Symbol]:
    """Lists all symbols with how often each role has them: remarkable ones first, then by frequency."""
    train, *others = lines.roles
    every = set().union(*(role.labels.occurrences for role in lines.roles))
    found = []
    for symbol in every:
        counts = [role.labels.occurrences[symbol] for role in lines.roles]
        if is_odd(symbol):
            remark = "odd"
        elif not counts[0] and others:
            remark = f"not in {train.name}"
        else:
            remark = "rare" if train.labels.labels[symbol] <= RARE else ""
        found.append(Symbol(shown_alone(symbol), _name(symbol), counts, remark))
    ranks = ("odd", f"not in {train.name}", "rare", "")
    return sorted(found, key=lambda s: (ranks.index(s.remark), -s.counts[0], s.name))


def _name(symbol: str) -> str:
    """Code point and name; what has no name shows its category."""
    named = name_of(symbol)
    return named if " " in named else f"{named} ({unicodedata.category(symbol)})"
