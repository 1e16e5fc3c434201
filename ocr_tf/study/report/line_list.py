"""All test lines with their readings, and the sets of lines that numbers lead to.

A set is a place of the page (`#of-3`) before the list; while it is the target of a link, the style
sheet hides the lines that are not in it. That needs no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from ocr_tf.normalization import normalize
from ocr_tf.study.comparison.lines import Line
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.gallery import Gallery
from ocr_tf.study.report.html import Picture, Segment, differences
from ocr_tf.study.report.svg import Look

LISTED = 2000  # lines at most: a browser has to lay them out


class Set(NamedTuple):
    """The lines behind a number."""

    anchor: str
    title: str
    total: int
    listed: int


class Text(NamedTuple):
    """A text that seeds of a condition read in a line."""

    segments: list[Segment]  # compared with the reference, after normalization
    right: bool
    seeds: list[int]
    flags: list[str]  # what was amiss


class Reading(NamedTuple):
    """One seed's reading."""

    seed: int
    text: Text
    log_prob: Optional[float]
    reference_log_prob: Optional[float]


class Entry(NamedTuple):
    """A line of the list."""

    position: int  # in the report, from 0
    id: str
    reference: str
    sets: str  # classes, for the style sheet
    picture: Optional[Picture]
    texts: list[tuple[Look, int, list[Text]]]  # by condition: of so many seeds, right ones first


class Lists:
    """The sets of a page, as its parts ask for them."""

    def __init__(self, kept: Iterable[int]):
        """Begins without sets; `kept` are the lines that the page lists."""
        self._kept = set(kept)
        self.sets: list[Set] = []
        self._members: dict[int, list[int]] = {}  # positions of the sets, by line
        self._known: dict[tuple[str, tuple[int, ...]], str] = {}

    def link(self, title: str, lines: Iterable[int]) -> str:
        """Makes a link to these lines; empty if the page lists none of them."""
        every = tuple(sorted(set(lines)))
        listed = [i for i in every if i in self._kept]
        if not listed:
            return ""
        if (title, every) not in self._known:
            number = len(self.sets)
            self.sets.append(Set(f"of-{number}", title, len(every), len(listed)))
            for i in listed:
                self._members.setdefault(i, []).append(number)
            self._known[title, every] = f"#of-{number}"
        return self._known[title, every]

    def classes(self, i: int) -> str:
        """Names a line's sets for the style sheet: s3 where it is in #of-3."""
        return " ".join(f"s{number}" for number in self._members.get(i, ()))


def kept(report: Report, shown: Sequence[Gallery]) -> list[int]:
    """Chooses the lines that the page lists.

    These are all, or of very many those of the galleries and then those with most edits.
    """
    lines = report.lines
    if len(lines) <= LISTED:
        return list(range(len(lines)))
    first = {i for gallery in shown for i in gallery.shown}

    def rank(i: int) -> tuple[bool, int, int]:
        edits = sum(r.edits for by_seed in lines[i].readings.values() for r in by_seed)
        return i not in first, -edits, i

    return sorted(sorted(range(len(lines)), key=rank)[:LISTED])


def entry(
    report: Report,
    i: int,
    looks: Mapping[str, Look],
    lists: Lists,
    picture: Optional[Picture],
) -> Entry:
    """Arranges a line for the list."""
    line = report.lines[i]
    return Entry(
        position=i,
        id=line.id,
        reference=line.reference,
        sets=lists.classes(i),
        picture=picture,
        texts=[
            (looks[condition], len(by_seed), _together(readings(report, line, condition)))
            for condition, by_seed in line.readings.items()
        ],
    )


def readings(report: Report, line: Line, condition: str) -> list[Reading]:
    """Compares the reading of every seed of a condition with the reference."""
    how = report.study.normalization
    reference = normalize(line.reference, how)
    compared = []
    for reading in line.readings[condition]:
        flags = []
        if not reading.ok:
            flags.append("image not readable")
        elif not reading.ended:
            flags.append("search did not end")
        segments = differences(reference, normalize(reading.text, how)).text
        text = Text(segments, reading.edits == 0, [reading.seed], flags)
        logs = reading.log_prob, reading.reference_log_prob
        compared.append(Reading(reading.seed, text, *logs))
    return compared


def _together(compared: Sequence[Reading]) -> list[Text]:
    """Groups seeds that read the same; first the right text, then the one that most read."""
    same: dict[tuple[str, tuple[str, ...]], list[Text]] = {}
    for reading in compared:
        text = reading.text
        key = "".join(s.text for s in text.segments), tuple(text.flags)
        same.setdefault(key, []).append(text)
    texts = [
        equal[0]._replace(seeds=[seed for text in equal for seed in text.seeds])
        for equal in same.values()
    ]
    return sorted(texts, key=lambda text: (not text.right, -len(text.seeds), text.seeds))
