"""Rates of conditions and their differences, with intervals where the lines can give one."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, Optional, Union

import numpy as np

from ocr_tf.metrics import paired
from ocr_tf.metrics.paired.outcomes import signed
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array


class OnLine(NamedTuple):
    """A test line on which something happens."""

    line: int  # its index in the grid
    seeds: int  # how many of a condition's seeds it happens under


@dataclasses.dataclass(frozen=True)
class RateEstimate(paired.Result):
    """A rate, or a difference of rates, as a fraction; None where the lines cannot say it."""

    target: str  # see `target`
    value: float
    confidence: float  # of the interval
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]  # of a difference of 0
    withheld: Optional[str]  # why there is no interval


@dataclasses.dataclass(frozen=True)
class Difference(RateEstimate):
    """R_A - R_B of two conditions."""

    a: str
    b: str


@dataclasses.dataclass(frozen=True)
class Compared:
    """The same rate of several conditions."""

    rates: dict[str, RateEstimate]  # by condition
    differences: tuple[Difference, ...]  # of every two conditions, in the grid's order

    def difference(self, a: str, b: str) -> Optional[Difference]:
        """Returns that of the pair (A, B), or None if it was not compared."""
        return next((d for d in self.differences if (d.a, d.b) == (a, b)), None)


@dataclasses.dataclass(frozen=True)
class Measured(Compared):
    """A rate with the sentence that defines it."""

    meaning: str


@dataclasses.dataclass(frozen=True)
class Occurrences(Measured):
    """The frequency of something, and the lines on which it happens."""

    counts: dict[str, tuple[int, ...]]  # by condition and seed
    lines: dict[str, tuple[OnLine, ...]]  # by condition


def part(grid: Grid, lines: Union[Sequence[int], Array]) -> Grid:
    """Makes a grid of some of a grid's lines."""
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
    """Joins two grids of the same conditions and seeds that share no line.

    The lines of the result come in groups if those of both grids do.
    """
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
    errors: Array,
    lengths: Optional[Array] = None,
) -> paired.Outcomes:
    """Makes a condition's outcomes, as the statistics take them.

    Args:
        grid: the lines, seeds and groups.
        condition: whose errors they are.
        what: names what is counted, in the signature.
        errors: [S, N].
        lengths: [N]; a rate is the sum of the errors divided by that of the lengths. By default every line
            counts as 1.
    """
    return paired.Outcomes(
        condition,
        errors,
        np.ones(len(grid.ids)) if lengths is None else lengths,
        grid.seeds(condition),
        grid.ids,
        paired.Signature(what, grid.normalization, grid.fingerprint),
        grid.groups,
        networks=grid.networks(condition),
    )


def has_log_probs(grid: Grid, condition: str) -> bool:
    """Tells whether a condition gives every image that it could read a log p(text | image)."""
    return all(
        p.log_prob is not None for cell in grid.cells[condition] for p in cell.predictions if p.ok
    )


def log_probs(grid: Grid, condition: str, field: str) -> Array:
    """Collects a condition's `log_prob` or `reference_log_prob`: [S, N], minus infinity for None."""
    rows = [[getattr(p, field) for p in cell.predictions] for cell in grid.cells[condition]]
    return np.array([[-math.inf if value is None else value for value in row] for row in rows])


def pairs(grid: Grid) -> list[tuple[str, str]]:
    """Lists every two conditions, in the grid's order."""
    return list(itertools.combinations(grid.conditions, 2))


def target(*conditions: paired.Outcomes) -> str:
    """Names what the conditions' rates can speak about.

    That is the training procedure ("recipes", over seeds and lines) where every condition has two seeds or
    more, else these checkpoints alone ("models", over lines).
    """
    return paired.RECIPES if min(len(c.seeds) for c in conditions) > 1 else paired.MODELS


def rate(a: paired.Outcomes) -> RateEstimate:
    """Estimates a condition's rate; the interval is withheld where there are too few lines or errors."""
    return _estimate((a,), float(a.rates.mean()), lambda: paired.rate(a, target(a)))


def difference(a: paired.Outcomes, b: paired.Outcomes, by_seed: bool = False) -> Difference:
    """Estimates R_A - R_B; the interval is withheld where there are too few lines or errors.

    Args:
        a: one condition.
        b: the other, on the same lines.
        by_seed: the two are compared seed by seed.
    """

    def estimate() -> paired.Estimate:
        if target(a, b) == paired.RECIPES:
            return paired.recipes(a, b, paired=by_seed)
        return paired.models(a, b)

    short = _estimate((a, b), float(a.rates.mean() - b.rates.mean()), estimate)
    fields = {f.name: getattr(short, f.name) for f in dataclasses.fields(short)}
    return Difference(**fields, a=a.name, b=b.name)


def _estimate(
    conditions: tuple[paired.Outcomes, ...],
    value: float,
    estimate: Callable[[], paired.Estimate],
) -> RateEstimate:
    withheld = paired.too_small(*conditions)
    if withheld is None:
        full = estimate()
        return RateEstimate(
            **{f.name: getattr(full, f.name) for f in dataclasses.fields(RateEstimate)}
        )
    return RateEstimate(
        signature=signed(*conditions),
        target=target(*conditions),
        value=value,
        confidence=0.95,
        low=None,
        high=None,
        p=None,
        withheld=withheld,
    )


def compare(conditions: Mapping[str, paired.Outcomes], by_seed: bool) -> Compared:
    """Estimates every condition's rate and the difference of every two, as `difference`."""
    return Compared(
        rates={name: rate(outcomes) for name, outcomes in conditions.items()},
        differences=tuple(
            difference(a, b, by_seed) for a, b in itertools.combinations(conditions.values(), 2)
        ),
    )


def measured(conditions: Mapping[str, paired.Outcomes], meaning: str, by_seed: bool) -> Measured:
    """As `compare`, with the sentence that defines the rate."""
    compared = compare(conditions, by_seed)
    return Measured(compared.rates, compared.differences, meaning)


def occurrences(
    grid: Grid,
    name: str,
    meaning: str,
    counts: Mapping[str, Array],
    lengths: Optional[Array] = None,
    chosen: Optional[Array] = None,
) -> Occurrences:
    """Tells how often something happens under each condition, and where.

    Args:
        grid: the conditions, and the lines that indices refer to.
        name: of what happens, for the signature of its rates.
        meaning: a sentence that defines it.
        counts: [S, n] times that it happens, by condition.
        lengths: [n] what a rate divides by; by default the number of lines.
        chosen: [n] which of the grid's lines the counts and lengths belong to; by default all.
    """
    lines = np.arange(len(grid.ids)) if chosen is None else chosen
    some = grid if chosen is None else part(grid, chosen)
    compared = compare(
        {c: counted(some, c, name, own, lengths) for c, own in counts.items()}, grid.paired
    )
    return Occurrences(
        rates=compared.rates,
        differences=compared.differences,
        meaning=meaning,
        counts={c: tuple(map(int, by_seed.sum(axis=1))) for c, by_seed in counts.items()},
        lines={
            c: tuple(
                OnLine(int(i), int(seeds))
                for i, seeds in zip(lines, (by_seed > 0).sum(axis=0))
                if seeds
            )
            for c, by_seed in counts.items()
        },
    )
