"""Search errors against model errors, and rescoring one model's readings with the other.

TensorFlow-free: the scores come in. What the kinds of errors are is in `ocr_tf.metrics.search_errors`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np

from ocr_tf.metrics.search_errors import ERRORS, kinds
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.estimates import Occurrences
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

# log p(text | image) of each line, None where that is minus infinity.
Scores = Sequence[Optional[float]]


@dataclasses.dataclass(frozen=True)
class Choice:
    """The lines that would be right if, of two conditions' readings, a judge chose one.

    The judge `by_a` takes the reading that A's model finds more probable, `by_b` goes by B's model,
    `by_both` by the sum of both log-probabilities, and `either` always takes the right one. Their gains and
    losses are against A, B, and for the last two the better one of A and B alone.
    """

    a: str
    b: str
    seed: int
    right: dict[str, int]  # lines read without an error, by "a", "b" (alone) and by judge
    gained: dict[str, tuple[int, ...]]  # lines that only the judge gets right, by judge
    lost: dict[str, tuple[int, ...]]  # lines that only the judge gets wrong, by judge


@dataclasses.dataclass(frozen=True)
class SearchErrors:
    """Errors in the light of the networks' own scores."""

    errors: dict[str, Occurrences]  # wrong readings, as shares of all lines, by ERRORS
    choices: tuple[Choice, ...]  # of every pair of conditions and seed that they share


def errors(grid: Grid) -> dict[str, Occurrences]:
    """Tells wrong readings apart by whose error they are, by ERRORS, as shares of all lines.

    Systems that are no runs are left out: how probable they find the references is not known. Lines whose
    image could not be read are none of these.
    """
    conditions = [c for c, row in grid.cells.items() if all(cell.run for cell in row)]
    by_kind: dict[str, dict[str, Array]] = {kind: {} for kind in ERRORS}
    for condition in conditions:
        wrong = grid.errors(condition, "exact") > 0
        own = estimates.log_probs(grid, condition, "log_prob")
        reference = estimates.log_probs(grid, condition, "reference_log_prob")
        read = np.array([[p.ok for p in cell.predictions] for cell in grid.cells[condition]])
        for kind, lines in kinds(wrong & read, own, reference).items():
            by_kind[kind][condition] = lines
    return {
        kind: estimates.occurrences(grid, kind, ERRORS[kind], by_condition)
        for kind, by_condition in by_kind.items()
        if by_condition
    }


def choices(grid: Grid, others: Mapping[tuple[str, str, int], Scores]) -> tuple[Choice, ...]:
    """Counts the lines that would be right if a reading were chosen by somebody else's score.

    Args:
        grid: the readings.
        others: log p(reading | image) that a condition's model gives to the readings of another one's
            of the same seed: [N] by (whose model, whose readings, seed).
    """
    return tuple(
        _choice(grid, a, b, seed, others[a, b, seed], others[b, a, seed])
        for a, b in estimates.pairs(grid)
        for seed in grid.seeds(a)
        if (a, b, seed) in others and (b, a, seed) in others
    )


def _choice(grid: Grid, a: str, b: str, seed: int, a_of_b: Scores, b_of_a: Scores) -> Choice:
    rows = {name: grid.seeds(name).index(seed) for name in (a, b)}
    right_a, right_b = (grid.errors(name, "exact")[rows[name]] == 0 for name in (a, b))
    own_a, own_b = (estimates.log_probs(grid, name, "log_prob")[rows[name]] for name in (a, b))
    favors_a = {  # what each judge adds to A's reading over B's
        "by_a": _minus(own_a, _row(a_of_b)),
        "by_b": _minus(_row(b_of_a), own_b),
    }
    favors_a["by_both"] = _plus(favors_a["by_a"], favors_a["by_b"])
    # A judge who finds both alike takes the reading of whom it is, and both together take A's.
    takes_a = {
        "by_a": favors_a["by_a"] >= 0,
        "by_b": favors_a["by_b"] > 0,
        "by_both": favors_a["by_both"] >= 0,
    }
    right = {name: np.where(taken, right_a, right_b) for name, taken in takes_a.items()}
    right["either"] = right_a | right_b
    better = right_a if right_a.sum() >= right_b.sum() else right_b
    readers = {"by_a": right_a, "by_b": right_b, "by_both": better, "either": better}
    alone = {"a": right_a, "b": right_b}
    return Choice(
        a=a,
        b=b,
        seed=seed,
        right={name: int(mask.sum()) for name, mask in {**alone, **right}.items()},
        gained={n: _indices(mask & ~readers[n]) for n, mask in right.items()},
        lost={n: _indices(~mask & readers[n]) for n, mask in right.items()},
    )


def _indices(mask: Array) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())


def _row(scores: Scores) -> Array:
    return np.array([-math.inf if score is None else score for score in scores])


def _minus(first: Array, second: Array) -> Array:
    """Their difference; 0 where both are minus infinity."""
    both = np.isneginf(first) & np.isneginf(second)
    with np.errstate(invalid="ignore"):
        return np.where(both, 0.0, first - second)


def _plus(first: Array, second: Array) -> Array:
    """Their sum; 0 where infinities of both signs meet."""
    with np.errstate(invalid="ignore"):
        total = first + second
    return np.where(np.isnan(total), 0.0, total)
