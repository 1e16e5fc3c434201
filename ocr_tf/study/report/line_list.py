"""All test lines with what was read of them, and the sets of lines that numbers lead to.

A set is a place of the page (`#of-3`) before the list; while it is the target of a link, the style
sheet hides the lines that are not in it. That needs no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from ocr_tf.metrics.normalization import normalize
from ocr_tf.study.report.gallery import Gallery
from ocr_tf.study.report.html import Picture, Segment, differences
from ocr_tf.study.report.svg import Look

LISTED = 2000  # lines at most: a browser has to lay them out


class Set(NamedTuple):
    """Lines that a number is of."""

    anchor: str
    title: str
    total: int
    listed: int


class Text(NamedTuple):
    """What seeds of a condition read of a line."""

    segments: list[Segment]  # compared with the reference, after normalization
    right: bool
    seeds: list[int]
    flags: list[str]  # what was amiss


class Reading(NamedTuple):
    """What one seed read."""

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

    def __init__(self, report: Mapping[str, Any], kept: Iterable[int]):
        """`kept` are the lines that the page lists."""
        self._kept = set(kept)
        self.sets: list[Set] = []
        self._members: dict[int, list[int]] = {}  # positions of the sets, by line
        self._known: dict[tuple[str, tuple[int, ...]], str] = {}

    def link(self, title: str, lines: Iterable[int]) -> str:
        """A link to these lines; empty if the page lists none of them."""
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
        """Of a line: s3 where it is in #of-3."""
        return " ".join(f"s{number}" for number in self._members.get(i, ()))


def kept(report: Mapping[str, Any], shown: Sequence[Gallery]) -> list[int]:
    """The lines that the page lists: all, or of very many those of the galleries and then those with
    most edits."""
    lines = report["lines"]
    if len(lines) <= LISTED:
        return list(range(len(lines)))
    first = {i for gallery in shown for i in gallery.shown}

    def rank(i: int) -> tuple[bool, int, int]:
        edits = sum(r["edits"] for of in lines[i]["readings"].values() for r in of)
        return i not in first, -edits, i

    return sorted(sorted(range(len(lines)), key=rank)[:LISTED])


def entry(
    report: Mapping[str, Any],
    i: int,
    looks: Mapping[str, Look],
    lists: Lists,
    picture: Optional[Picture],
) -> Entry:
    """A line as the list shows it."""
    line = report["lines"][i]
    return Entry(
        position=i,
        id=line["id"],
        reference=line["reference"],
        sets=lists.classes(i),
        picture=picture,
        texts=[
            (looks[condition], len(of), _together(readings(report, line, condition)))
            for condition, of in line["readings"].items()
        ],
    )


def readings(report: Mapping[str, Any], line: Mapping[str, Any], condition: str) -> list[Reading]:
    """What every seed of a condition read."""
    how = report["study"]["normalization"]
    reference = normalize(line["reference"], how)
    found = []
    for reading in line["readings"][condition]:
        text = normalize(reading["text"], how)
        flags = []
        if not reading.get("ok", True):
            flags.append("image not readable")
        elif not reading.get("ended", True):
            flags.append("search did not end")
        segments = differences(reference, text).text
        read = Text(segments, reading["edits"] == 0, [reading["seed"]], flags)
        logs = reading.get("log_prob"), reading.get("reference_log_prob")
        found.append(Reading(reading["seed"], read, *logs))
    return found


def _together(found: Sequence[Reading]) -> list[Text]:
    """Seeds that read the same; first the right text, then what most read."""
    same: dict[tuple, list[Text]] = {}
    for reading in found:
        text = reading.text
        key = "".join(s.text for s in text.segments), tuple(text.flags)
        same.setdefault(key, []).append(text)
    texts = [of[0]._replace(seeds=[seed for t in of for seed in t.seeds]) for of in same.values()]
    return sorted(texts, key=lambda text: (not text.right, -len(text.seeds), text.seeds))
