"""What is known of the causes, arranged for the page: slices, errors, probes, scores, alignments.

Where the sections of a report come from is said in `ocr_tf.study.analysis`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from ocr_tf.study.report import formatting
from ocr_tf.study.report.html import Segment, differences
from ocr_tf.study.report.line_list import Lists

Report = Mapping[str, Any]

FAILURE_NAMES = {
    "merged": "doubled symbols merged",
    "repeated": "text repeated",
    "skipped": "text skipped",
    "misread": "a whole stretch misread",
    "not ended": "never ends",
    "too few steps": "too few steps",
}
ERROR_NAMES = {
    "model": "model error",
    "impossible": "… impossible for it",
    "search": "search error",
}
MEASURE_NAMES = {"relative_entropy": "spread"}
EVENT_NAMES = {"skips": "symbols skipped to", "returns": "symbols gone back to"}
# Of `ocr_tf.study.analysis.probes`, in the page's order with their plots.
FAMILIES = ("probe_repeats", "probe_lengths", "probe_joined", "probe_words")
JUDGES = {
    "a": "first alone",
    "b": "second alone",
    "by_a": "by the first's score",
    "by_b": "by the second's score",
    "by_both": "by both scores",
    "either": "with luck",
}
CALIBRATION = ("accuracy", "confidence", "ece", "brier", "nll", "aurc")
SIGNS = {" ": "␣", "\N{NO-BREAK SPACE}": "⍽", "\t": "⇥", "": "∅"}


class Cell(NamedTuple):
    """A condition's rate."""

    rate: float
    low: Optional[float]
    high: Optional[float]
    counts: str  # by seed
    share: float  # of the largest rate of the table, for a bar
    link: str


class Told(NamedTuple):
    """A kind of error: how often, how different, where."""

    name: str
    meaning: str
    of: str  # the head that it is known of, if any
    cells: dict[str, Cell]  # by condition
    difference: Optional[dict[str, Any]]  # of the headline's pair


class Confusion(NamedTuple):
    reference: str
    read: str
    means: dict[str, float]  # by condition
    shares: dict[str, float]  # of the largest of the table
    difference: float  # of the headline's pair
    link: str


class Choice(NamedTuple):
    """Lines read without an error if readings were chosen by a score."""

    seed: int
    right: dict[str, int]  # by JUDGES
    links: dict[str, str]  # to those that the first reader misses


class Calibration(NamedTuple):
    condition: str
    figures: dict[str, tuple[float, Optional[float]]]  # mean and deviation, by CALIBRATION
    wrong: int  # readings told, the surest of the wrong ones
    surest: Optional[float]  # confidence
    link: str


class Distance(NamedTuple):
    """Of A's centers from B's paths, under one seed."""

    a: str
    b: str
    seed: int
    pixels: dict[str, float]
    symbols: dict[str, float]
    offset: float
    drifted: int
    link: str


class Example(NamedTuple):
    """A line of a probe."""

    family: str
    level: str
    reference: str
    texts: dict[str, list[tuple[list[Segment], bool, int]]]  # by condition: right, how many seeds


class Contrast(NamedTuple):
    """The headline's pair on a level of a probe, held against its control."""

    name: str
    control: str
    lines: int
    found: dict[str, Any]  # Slice.as_dict()


class SliceRow(NamedTuple):
    name: str
    lines: int
    link: str
    found: dict[str, Any]  # Slice.as_dict()
    value: float


def told(
    report: Report, section: Optional[Mapping[str, Any]], lists: Lists, names: Mapping[str, str]
) -> list[Told]:
    """Sections of the form {kind: {"meaning", "counts", "lines", "rates", "differences"}}; counts and
    lines may be lacking."""
    if not section:
        return []
    pair = report["pair"]
    largest = max(
        (rate["value"] for kind in section.values() for rate in kind["rates"].values()), default=0
    )
    found = []
    for kind, of in section.items():
        name = names.get(kind, kind)
        cells = {
            condition: Cell(
                rate["value"],
                rate["low"],
                rate["high"],
                ", ".join(f"{n:,}" for n in of.get("counts", {}).get(condition, ())),
                rate["value"] / largest if largest else 0.0,
                lists.link(f"{name}: {condition}", indices(of.get("lines", {}).get(condition, ()))),
            )
            for condition, rate in of["rates"].items()
        }
        apart = _of_pair(of["differences"], pair)
        found.append(Told(name, of["meaning"], of.get("of", ""), cells, apart))
    return found


def confusions(report: Report, lists: Lists) -> list[Confusion]:
    """The most frequent, means over seeds."""
    section = _why(report, "confusions") or []
    pair = report["pair"]
    means = [
        {c: sum(by_seed) / len(by_seed) for c, by_seed in of["counts"].items()} for of in section
    ]
    largest = max((m for of in means for m in of.values()), default=0) or 1
    found = []
    for of, mean in zip(section, means):
        apart = _of_pair(of["differences"], pair)
        reference, read = symbol(of["reference"]), symbol(of["read"])
        lines = {i for by in of["lines"].values() for i in indices(by)}
        found.append(
            Confusion(
                reference,
                read,
                mean,
                {c: m / largest for c, m in mean.items()},
                apart["value"] if apart else 0.0,
                lists.link(f"{reference} read as {read}", lines),
            )
        )
    return found


def slices(report: Report, lists: Lists) -> dict[str, list[SliceRow]]:
    """By family; of the headline's pair."""
    pair = report["pair"]
    found: dict[str, list[SliceRow]] = {}
    for part in _why(report, "slices") or ():
        apart = _of_pair(part["differences"], pair)
        if apart:
            title = f"{part['family']}: {part['name']}"
            value = apart["rate_a"] - apart["rate_b"]
            link = lists.link(title, part["indices"])
            row = SliceRow(part["name"], part["lines"], link, apart, value)
            found.setdefault(part["family"], []).append(row)
    return found


def indices(lines: Iterable[Sequence[int]]) -> list[int]:
    """Of [[index, how many seeds], ...]."""
    return [i for i, _ in lines]


def symbol(text: str) -> str:
    """A symbol that can be seen; no symbol is the empty set."""
    if text in SIGNS:
        return SIGNS[text]
    return text if text.isprintable() else f"U+{ord(text):04X}"


def choices(report: Report, lists: Lists) -> list[Choice]:
    """The headline's pair, by seed."""
    pair = report["pair"]
    found = []
    for of in (_why(report, "cross_scores") or {}).get("choices") or ():
        if pair and (of["a"], of["b"]) == (pair["a"], pair["b"]):
            links = {
                judge: lists.link(f"seed {of['seed']}: gained, chosen {JUDGES[judge]}", lines)
                for judge, lines in of["gained"].items()
            }
            found.append(Choice(of["seed"], of["right"], links))
    return found


def calibration(report: Report, lists: Lists) -> list[Calibration]:
    """Means over seeds with their standard deviations."""
    section = _why(report, "calibration") or {}
    found = []
    for condition, seeds in section.get("by_seed", {}).items():
        values = {key: [seed[key] for seed in seeds] for key in CALIBRATION}
        wrong = section["surely_wrong"].get(condition, ())
        title = f"surest misreadings of {condition}"
        found.append(
            Calibration(
                condition,
                {
                    key: (formatting.mean(of) or 0.0, formatting.deviation(of))
                    for key, of in values.items()
                },
                len(wrong),
                wrong[0][2] if wrong else None,
                lists.link(title, [i for i, _, _ in wrong]),
            )
        )
    return found


def brier(report: Report) -> Optional[dict[str, Any]]:
    """The headline's difference of Brier scores."""
    section = (_why(report, "calibration") or {}).get("brier") or {"differences": ()}
    return _of_pair(section["differences"], report["pair"])


def distances(report: Report, lists: Lists) -> list[Distance]:
    section = _why(report, "alignments") or {}
    return [
        Distance(
            of["a"],
            of["b"],
            of["seed"],
            of["pixels"],
            of["symbols"],
            of["offset"],
            len(of["drifted"]),
            lists.link(f"{of['a']} drifts from {of['b']}, seed {of['seed']}", of["drifted"]),
        )
        for of in section.get("distances", ())
    ]


def examples(report: Report) -> list[Example]:
    """Some lines of every probe with what was read of them."""
    found = []
    for family, probe in (_why(report, "probes") or {}).items():
        for level in probe["levels"]:
            for shown in level["shown"]:
                reference = shown["reference"]
                texts = {
                    condition: [
                        (segments(reference, text), text == reference, count)
                        for text, count in Counter(of).most_common()
                    ]
                    for condition, of in shown["readings"].items()
                }
                found.append(Example(family, level["level"], reference, texts))
    return found


def contrasts(report: Report) -> list[Contrast]:
    """Of every level that has a control."""
    pair = report["pair"]
    found = []
    for family, probe in (_why(report, "probes") or {}).items():
        for level in probe["levels"]:
            control = level.get("control")
            apart = _of_pair(control["differences"], pair) if control else None
            if control and apart:
                names = f"{family}: {level['level']}", f"{control['family']}: {control['level']}"
                found.append(Contrast(*names, level["lines"], apart))
    return found


def left_out(report: Report) -> list[str]:
    """Levels of probes that some network has too few steps for."""
    return [
        f"{family}: {', '.join(probe['left_out'])}"
        for family, probe in (_why(report, "probes") or {}).items()
        if probe.get("left_out")
    ]


def squeezed(report: Report) -> str:
    """To which width images are brought, as far as conditions do that; empty if none does."""
    widths = {of["name"]: of["width"] or 0 for of in report["conditions"]}
    if len(set(widths.values())) == 1:
        (width,) = set(widths.values())
        return f"{width} pixels" if width else ""
    return formatting.listed([f"{w} pixels for {name}" for name, w in widths.items() if w])


def segments(reference: str, text: str) -> list[Segment]:
    return differences(reference, text).text


def _why(report: Report, name: str) -> Any:
    return report.get("why", {}).get(name)


def _of_pair(
    differences: Sequence[Mapping[str, Any]], pair: Optional[Mapping[str, Any]]
) -> Optional[dict[str, Any]]:
    if pair is None:
        return None
    return next((dict(d) for d in differences if (d["a"], d["b"]) == (pair["a"], pair["b"])), None)
