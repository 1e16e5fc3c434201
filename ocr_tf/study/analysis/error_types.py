"""Counts what goes wrong in readings: edits, confused symbols, and failures that heads are known for.

Every failure is counted for every condition, also where its head cannot have it. What is counted is in
the words that stand beside each count (FAILURES, KINDS): they are part of the result. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Callable, NamedTuple, Optional

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocr_tf.metrics.confusions import Confusion, confusions
from ocr_tf.normalization import normalize
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.estimates import Occurrences, OnLine
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

KINDS = {
    "insertions": "symbols that only the reading has, of those of the references",
    "deletions": "symbols that only the reference has",
    "substitutions": "symbols read as others",
}
STRETCH = 3  # symbols in a row that make a stretch
LONG = 5  # symbols of the reference in a row that are read as others
CONFUSIONS = 50  # the most frequent that are kept


class Run(NamedTuple):
    """A longest stretch of edits without a right symbol between them."""

    deleted: int  # symbols of the reference that the reading has nothing for
    replaced: int  # symbols of the reference that it has others for
    written: str  # what it has in the place of all of them


def runs(reference: str, text: str) -> list[Run]:
    """Finds where a reading differs from its reference, by a shortest way of edits."""
    stretches = []
    codes = Levenshtein.opcodes(reference, text)
    for equal, stretch in itertools.groupby(codes, key=lambda code: code.tag == "equal"):
        if equal:
            continue
        parts = list(stretch)
        lengths = {"insert": 0, "delete": 0, "replace": 0}
        for part in parts:
            lengths[part.tag] += part.src_end - part.src_start
        written = text[parts[0].dest_start : parts[-1].dest_end]
        stretches.append(Run(lengths["delete"], lengths["replace"], written))
    return stretches


def merged(reference: str, text: str) -> bool:
    """Tells whether a run of one symbol ("ll") is read as fewer of it.

    On both sides of it, the reading must have the same as the reference: another symbol (or a run), or an
    end of the line.
    """
    ours, theirs = _shrunk(reference), _shrunk(text)
    codes = Levenshtein.opcodes([symbol for symbol, _ in ours], [symbol for symbol, _ in theirs])
    return any(
        theirs[code.dest_start + k][1] < ours[code.src_start + k][1]
        for code in codes
        if code.tag == "equal"
        for k in range(1, code.src_end - code.src_start - 1)
    )


def doubled(reference: str) -> bool:
    """Tells whether a symbol stands next to itself."""
    return any(a == b for a, b in zip(reference, reference[1:]))


def repeated(reference: str, text: str) -> bool:
    """Tells whether STRETCH wrong symbols in a row are a repetition.

    They are inserted or substituted, and stand in the reference too or are one symbol over and over.
    """
    return any(
        piece in reference or len(set(piece)) == 1
        for run in runs(reference, text)
        for piece in _pieces(run.written)
    )


def skipped(reference: str, text: str) -> bool:
    """Tells whether STRETCH symbols of the reference in a row, or more, have nothing in their place."""
    return any(run.deleted >= STRETCH and not run.written for run in runs(reference, text))


def misread(reference: str, text: str) -> bool:
    """Tells whether LONG symbols of the reference, or more, are read as others, none right between them.

    The other case counts as right.
    """
    return any(run.replaced >= LONG for run in runs(_lower(reference), _lower(text)))


def _shrunk(text: str) -> list[tuple[str, int]]:
    """Lists the symbols of a text with how often each stands in a row, between its two ends."""
    inside = [(symbol, len(list(run))) for symbol, run in itertools.groupby(text)]
    return [("begin", 1), *inside, ("end", 1)]


def _lower(text: str) -> str:
    """Lowers the symbols whose lower case is one symbol too."""
    return "".join(s.lower() if len(s.lower()) == 1 else s for s in text)


def _pieces(text: str) -> Iterator[str]:
    return (text[i : i + STRETCH] for i in range(len(text) - STRETCH + 1))


class FailureType(NamedTuple):
    """A way to fail that can be told from a reference and its reading."""

    name: str
    known_of: str  # the head that it is known of; empty: of none
    meaning: str
    occurs: Callable[[str, str], bool]  # in a reference and its reading
    among: Optional[Callable[[str], bool]] = None  # the references that it can happen to; None: all


FAILURES = (
    FailureType(
        "merged",
        "ctc",
        'a run of one symbol, as in "ll", is read as fewer of it, and what is next to it on both sides '
        "is right; share of the lines that have a run",
        merged,
        doubled,
    ),
    FailureType(
        "repeated",
        "attention",
        f"{STRETCH} symbols in a row that are wrong stand in the reference too, or are one symbol over "
        "and over",
        repeated,
    ),
    FailureType(
        "skipped",
        "attention",
        f"{STRETCH} symbols of the reference or more are left out, and nothing stands in their place",
        skipped,
    ),
    FailureType(
        "misread",
        "",
        f"{LONG} symbols of the reference or more are read as others, none right between them; the "
        "other case counts as right",
        misread,
    ),
)
NOT_ENDED = "the search reaches its bound, a symbol an encoder step, before the end of the text"
STEPS = "the reference needs more encoder steps than the image gives"


@dataclasses.dataclass(frozen=True)
class Failure(Occurrences):
    """The frequency of a failure among the lines that it can happen to."""

    known_of: str  # the head that it is known of; empty: of none


@dataclasses.dataclass(frozen=True)
class MeanDifference:
    """A difference of mean counts of two conditions."""

    a: str
    b: str
    value: float  # mean over A's seeds minus mean over B's


@dataclasses.dataclass(frozen=True)
class ConfusedSymbols:
    """A symbol that is read as another one."""

    reference: str  # empty: an insertion
    read: str  # empty: a deletion
    counts: dict[str, tuple[int, ...]]  # by condition and seed
    differences: tuple[MeanDifference, ...]  # of every pair of conditions
    lines: dict[str, tuple[OnLine, ...]]  # by condition

    def mean(self, condition: str) -> float:
        """Occurrences a seed."""
        return float(np.mean(self.counts[condition]))


def edits(grid: Grid) -> dict[str, Occurrences]:
    """Counts insertions, deletions and substitutions (KINDS), as shares of the references' symbols."""
    lengths = grid.lengths("cer")
    return {
        kind: estimates.occurrences(
            grid,
            kind,
            meaning,
            {
                condition: np.array(
                    [[getattr(e, kind) for e in row] for row in grid.edits[condition]]
                )
                for condition in grid.conditions
            },
            lengths,
        )
        for kind, meaning in KINDS.items()
    }


def failures(grid: Grid, unreachable: Optional[Mapping[str, Array]] = None) -> dict[str, Failure]:
    """Counts the lines with each failure, as shares of all lines that it can happen to.

    Of the lines that a search did not end or whose image gives too few steps, the other failures count
    too. A failure that can happen to none of the lines is left out.

    Args:
        grid: the readings.
        unreachable: masks [N] of the lines whose reference needs more steps than the image gives, by
            condition; without them that failure is left out.
    """
    references = _normal(grid, grid.references)
    texts = {c: [_normal(grid, row) for row in grid.texts(c)] for c in grid.conditions}
    failures_by_name = {}
    for kind in FAILURES:
        among = [i for i, r in enumerate(references) if not kind.among or kind.among(r)]
        if not among:
            continue
        counts = {
            condition: np.array(
                [[kind.occurs(references[i], row[i]) for i in among] for row in rows]
            )
            for condition, rows in texts.items()
        }
        failures_by_name[kind.name] = _failure(
            kind.known_of,
            estimates.occurrences(grid, kind.name, kind.meaning, counts, chosen=np.array(among)),
        )
    bounded = {
        condition: np.array([[p.ok and not p.ended for p in cell.predictions] for cell in row])
        for condition, row in grid.cells.items()
    }
    failures_by_name["not ended"] = _failure(
        "attention", estimates.occurrences(grid, "not ended", NOT_ENDED, bounded)
    )
    if unreachable is not None:
        starved = {c: np.tile(unreachable[c], (len(grid.seeds(c)), 1)) for c in grid.conditions}
        failures_by_name["too few steps"] = _failure(
            "ctc", estimates.occurrences(grid, "too few steps", STEPS, starved)
        )
    return failures_by_name


def _failure(known_of: str, occurrences: Occurrences) -> Failure:
    fields = {f.name: getattr(occurrences, f.name) for f in dataclasses.fields(occurrences)}
    return Failure(**fields, known_of=known_of)


def confused(grid: Grid, number: int = CONFUSIONS) -> tuple[ConfusedSymbols, ...]:
    """Counts which symbols are read as which, at most `number` pairs.

    Those come first that the conditions together confuse most, by their mean counts over seeds.
    """
    references = _normal(grid, grid.references)
    counts: dict[Confusion, dict[str, list[int]]] = defaultdict(
        lambda: {condition: [0] * len(grid.seeds(condition)) for condition in grid.conditions}
    )
    lines: dict[Confusion, dict[str, Counter[int]]] = defaultdict(
        lambda: {condition: Counter() for condition in grid.conditions}
    )
    for condition in grid.conditions:
        for seed, texts in enumerate(grid.texts(condition)):
            for i, pair in enumerate(zip(references, _normal(grid, texts))):
                for confusion, times in confusions([pair]).items():
                    counts[confusion][condition][seed] += times
                    lines[confusion][condition][i] += 1

    def mean(confusion: Confusion, condition: str) -> float:
        return float(np.mean(counts[confusion][condition]))

    def rank(confusion: Confusion) -> tuple[float, Confusion]:
        return -sum(mean(confusion, c) for c in grid.conditions), confusion

    return tuple(
        ConfusedSymbols(
            reference=confusion[0],
            read=confusion[1],
            counts={c: tuple(by_seed) for c, by_seed in counts[confusion].items()},
            differences=tuple(
                MeanDifference(a, b, mean(confusion, a) - mean(confusion, b))
                for a, b in estimates.pairs(grid)
            ),
            lines={
                condition: tuple(OnLine(i, seeds) for i, seeds in sorted(by_line.items()))
                for condition, by_line in lines[confusion].items()
            },
        )
        for confusion in sorted(counts, key=rank)[:number]
    )


def _normal(grid: Grid, texts: Sequence[str]) -> list[str]:
    return [normalize(text, grid.normalization) for text in texts]
