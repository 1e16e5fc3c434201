"""Many conditions at a glance: a ranking with ties, and a matrix of all pairs. TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ocr_tf.metrics import paired
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.content import Report

MANY = 4  # conditions, from which on sentences on all pairs are too many to read
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Cell(NamedTuple):
    """A pair: the row's condition minus the column's."""

    value: float
    apart: bool  # told apart, by the intervals of all pairs together


class Ranked(NamedTuple):
    """A condition in the ranking."""

    place: int
    condition: str
    rate: float
    interval: Optional[RateEstimate]
    letters: str  # of the groups that it is in; two that share none are told apart
    cells: list[Cell]  # of the conditions before it


class Ranking(NamedTuple):
    """All conditions, the one with the fewest errors first."""

    rows: list[Ranked]
    left_out: list[str]  # conditions of which every training failed


def ranking(report: Report) -> Optional[Ranking]:
    """Ranks the conditions by the study's metric; None with fewer than MANY."""
    if len(report.conditions) < MANY or not report.pairs:
        return None
    untrained = {one.condition for one in report.untrained}
    left_out = [one.name for one in report.conditions if one.training in untrained]
    pairs = {frozenset((pair.a, pair.b)): pair for pair in report.pairs}
    rates = {
        name: rate
        for pair in report.pairs
        for name, rate in ((pair.a, pair.recipes.rate_a), (pair.b, pair.recipes.rate_b))
    }
    names = sorted((name for name in rates if name not in left_out), key=lambda name: rates[name])
    apart = [(p.a, p.b) for p in report.pairs if p.verdict.better and {p.a, p.b} <= set(names)]
    groups = paired.tied_groups(names, apart)
    intervals = report.intervals.get(report.checkpoint, {})
    rows = [
        Ranked(
            i + 1,
            name,
            rates[name],
            intervals.get(name, {}).get(report.study.metric),
            "".join(letter(k) for k, group in enumerate(groups) if name in group),
            [_cell(name, pairs[frozenset((name, other))]) for other in names[:i]],
        )
        for i, name in enumerate(names)
    ]
    return Ranking(rows, left_out)


def letter(group: int) -> str:
    """Names a group: a to z, then a2 and so on."""
    turn, place = divmod(group, len(LETTERS))
    return LETTERS[place] + (str(turn + 1) if turn else "")


def _cell(row: str, pair: ComparedPair) -> Cell:
    value = pair.verdict.value if pair.a == row else -pair.verdict.value
    return Cell(value, pair.verdict.better is not None)
