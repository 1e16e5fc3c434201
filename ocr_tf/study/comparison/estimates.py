"""Rates of conditions and their differences, with intervals where the lines can give one."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from ocr_tf.metrics import paired
from ocr_tf.metrics.paired.outcomes import signed
from ocr_tf.study.comparison.results import Grid


@dataclasses.dataclass(frozen=True)
class Figure(paired.Result):
    """A rate, or a difference of rates, as a fraction; None where the lines cannot say it."""

    target: str  # see `target`
    value: float
    confidence: float  # of the interval
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]  # of a difference of 0
    withheld: Optional[str]  # why there is no interval


def part(grid: Grid, lines: Union[Sequence[int], np.ndarray]) -> Grid:
    """Some of a grid's lines as a grid."""
    return dataclasses.replace(
        grid,
        cells={
            condition: [
                cell._replace(predictions=[cell.predictions[i] for i in lines]) for cell in row
            ]
            for condition, row in grid.cells.items()
        },
        ids=[grid.ids[i] for i in lines],
        references=[grid.references[i] for i in lines],
        groups=grid.groups and tuple(grid.groups[i] for i in lines),
    )


def together(first: Grid, second: Grid) -> Grid:
    """The lines of two grids of the same conditions and seeds, which share none, as one; in groups if
    those of both are."""
    return dataclasses.replace(
        first,
        cells={
            condition: [
                one._replace(predictions=[*one.predictions, *other.predictions])
                for one, other in zip(row, second.cells[condition])
            ]
            for condition, row in first.cells.items()
        },
        ids=[*first.ids, *second.ids],
        references=[*first.references, *second.references],
        groups=first.groups and second.groups and (*first.groups, *second.groups),
        fingerprint=f"{first.fingerprint}+{second.fingerprint}",
    )


def counted(
    grid: Grid,
    condition: str,
    what: str,
    errors: np.ndarray,
    lengths: Optional[np.ndarray] = None,
) -> paired.Outcomes:
    """A condition's `errors` [S, N] of the kind `what`, as the statistics take them; a rate is their
    sum by that of `lengths` [N], or without these by the number of lines."""
    return paired.Outcomes(
        condition,
        errors,
        np.ones(len(grid.ids)) if lengths is None else lengths,
        grid.seeds(condition),
        grid.ids,
        paired.Signature(what, grid.normalization, grid.fingerprint),
        grid.groups,
    )


def has_log_probs(grid: Grid, condition: str) -> bool:
    """Whether a condition gives every image that it could read a log p(text | image)."""
    return all(
        p.log_prob is not None for cell in grid.cells[condition] for p in cell.predictions if p.ok
    )


def log_probs(grid: Grid, condition: str, field: str) -> np.ndarray:
    """[S, N] of a condition's predictions' `log_prob` or `reference_log_prob`; minus infinity for None."""
    found = [[getattr(p, field) for p in cell.predictions] for cell in grid.cells[condition]]
    return np.array([[-math.inf if value is None else value for value in row] for row in found])


def pairs(grid: Grid) -> list[tuple[str, str]]:
    """Every two conditions, in the grid's order."""
    return list(itertools.combinations(grid.conditions, 2))


def target(*conditions: paired.Outcomes) -> str:
    """Recipes where every condition has seeds to say how far another would be, else these models."""
    return paired.RECIPES if min(len(c.seeds) for c in conditions) > 1 else paired.MODELS


def rate(a: paired.Outcomes) -> Figure:
    """A condition's rate; its interval is withheld where there are too few lines or errors."""
    return _figure((a,), float(a.rates.mean()), lambda: paired.rate(a, target(a)))


def difference(a: paired.Outcomes, b: paired.Outcomes) -> Figure:
    """R_A - R_B; its interval is withheld where there are too few lines or errors."""

    def measured() -> paired.Estimate:
        return paired.recipes(a, b) if target(a, b) == paired.RECIPES else paired.models(a, b)

    return _figure((a, b), float(a.rates.mean() - b.rates.mean()), measured)


def _figure(conditions: tuple[paired.Outcomes, ...], value: float, measured: Any) -> Figure:
    withheld = paired.too_small(*conditions)
    if withheld:
        about = signed(*conditions), target(*conditions), value
        return Figure(*about, 0.95, None, None, None, withheld)
    found = measured()
    return Figure(**{f.name: getattr(found, f.name) for f in dataclasses.fields(Figure)})


def compared(conditions: Mapping[str, paired.Outcomes]) -> dict[str, Any]:
    """{"rates": {condition: Figure}, "differences": [{"a", "b", and a Figure's fields}]}, as JSON."""
    return {
        "rates": {name: rate(a).as_dict() for name, a in conditions.items()},
        "differences": [
            {"a": a.name, "b": b.name, **difference(a, b).as_dict()}
            for a, b in itertools.combinations(conditions.values(), 2)
        ],
    }


def told(
    grid: Grid,
    name: str,
    meaning: str,
    counts: Mapping[str, np.ndarray],
    lengths: Optional[np.ndarray] = None,
    chosen: Optional[np.ndarray] = None,
) -> dict[str, Any]:
    """Counts [S, N] of each condition: how many, where and how often, as JSON.

    Args:
        chosen: [N] which of the grid's lines the counts and lengths are of; by default all.

    Returns:
        {"meaning", "counts": {condition: [by seed]}, "lines": {condition: [[index, seeds that it
        happens under]]}, and what `compared` gives}.
    """
    lines = np.arange(len(grid.ids)) if chosen is None else chosen
    some = grid if chosen is None else part(grid, chosen)
    return {
        "meaning": meaning,
        "counts": {condition: of.sum(axis=1).tolist() for condition, of in counts.items()},
        "lines": {
            condition: [[int(i), int(n)] for i, n in zip(lines, (of > 0).sum(axis=0)) if n]
            for condition, of in counts.items()
        },
        **compared({c: counted(some, c, name, of, lengths) for c, of in counts.items()}),
    }
