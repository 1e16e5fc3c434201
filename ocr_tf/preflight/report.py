"""Findings as text for a terminal, and as a table of every line that they name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from ocr_tf.data.inspect.collection import Collection, Role
from ocr_tf.errors import NAMED
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.finding import Finding
from ocr_tf.preflight.findings import geometry_of
from ocr_tf.preflight.labels import shown_alone
from ocr_tf.terminal import escape_name, escape_text
from ocr_tf.types import Array

WIDTH = 100  # columns of the terminal
LONGEST = 40  # symbols of a label
COMMON = 16  # symbols whose frequency is told


def text(config: InspectData, lines: Collection, findings: Sequence[Finding]) -> str:
    """Writes what was found, the worst first."""
    out = [*_table(config, lines), ""]
    for finding in findings:
        out += _wrapped(f"{finding.severity}: {escape_text(finding.title)}.", "")
        for i in range(min(NAMED, len(finding.lines))):
            out.append("    " + _named(lines, finding, i))
        if len(finding.lines) > NAMED:
            out.append(f"    ... and {len(finding.lines) - NAMED:,} more")
        out += [*_wrapped(finding.advice, "  "), ""]
    if not findings:
        out += ["nothing to report", ""]
    return "\n".join(out[:-1]) + "\n"


def table(lines: Collection, findings: Sequence[Finding]) -> Iterator[str]:
    """Yields the rows of the table: severity, kind, place, id, label, detail, the other line's place and id.

    A row for each line that a finding names; tabs and line ends in texts are escaped.
    """
    yield "severity\tkind\tplace\tid\tlabel\tdetail\tother place\tother id\n"
    for finding in findings:
        for i, row in enumerate(finding.lines.tolist()):
            *other, last = (lines.sample(number) for number in row)
            detail = finding.details[i] if len(finding.details) else ""
            fields = [last.place, last.id, last.text, detail]
            fields += [other[0].place, other[0].id] if other else ["", ""]
            head = [finding.severity, finding.kind]
            yield "\t".join([*head, *map(escape_text, fields)]) + "\n"


def spread(values: Array) -> str:
    """1 to 30, half of them up to 6."""
    if not len(values):
        return "–"
    low, middle, high = (int(v) for v in (values.min(), np.median(values), values.max()))
    return f"{low:,} to {high:,}, median {middle:,}"


def summary(config: InspectData, lines: Collection, role: Role) -> list[str]:
    """What a role has: name, lines, usable images, symbols of a label, scaled widths, different symbols."""
    own = role.lines
    widths = geometry_of(config).scaled_widths(lines.heights[own], lines.widths[own])
    return [
        role.name,
        f"{len(role.source):,}",
        f"{int(lines.usable[own].sum()):,}",
        spread(lines.lengths[own]),
        spread(widths[widths > 0]),
        f"{len(role.labels.occurrences):,}",
    ]


def headings(config: InspectData) -> list[str]:
    """What the columns of `summary` hold."""
    width = "width" if config.width else f"width at height {config.height}"
    return ["", "lines", "usable", "symbols of a label", width, "alphabet"]


def _table(config: InspectData, lines: Collection) -> list[str]:
    rows = [headings(config), *(summary(config, lines, role) for role in lines.roles)]
    sizes = [max(map(len, column)) for column in zip(*rows)]
    out = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes)).rstrip() for row in rows]
    for role in lines.roles:
        parts = parts_of_role(role)
        if len(parts) > 1:
            named = ", ".join(f"{escape_name(name)} {number:,}" for name, number in parts)
            out += _wrapped(f"{role.name}: {named}", "")
    counts = lines.roles[0].labels.occurrences
    common = "  ".join(f"{shown_alone(s)} {number:,}" for s, number in counts.most_common(COMMON))
    more = f"  and {len(counts) - COMMON:,} more" if len(counts) > COMMON else ""
    return [*out, *_wrapped(f"alphabet of {lines.roles[0].name}: {common}{more}", "")]


def parts_of_role(role: Role) -> list[tuple[str, int]]:
    """Names the sources of a role, with their numbers of lines."""
    from ocr_tf.data.dataset import parts_of

    return [(part.name, len(part)) for part in parts_of(role.source)]


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _named(lines: Collection, finding: Finding, i: int) -> str:
    """One of the lines, or pairs of them, that a finding names."""
    row = finding.lines[i].tolist()
    samples = [lines.sample(number) for number in row]
    shown = [f"{escape_name(s.place)} {quoted(s.text)}" for s in reversed(samples)]
    detail = f"  ({escape_text(finding.details[i])})" if len(finding.details) else ""
    return " and ".join(shown) + detail


def quoted(text: str) -> str:
    """A label in quotation marks, shortened."""
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"“{escape_text(short)}”"
