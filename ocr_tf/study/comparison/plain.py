"""The comparison in plain words, its numbers: who is ahead how often, now and after another training.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Sequence
from typing import Optional

import numpy as np

from ocr_tf.metrics import paired
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array


@dataclasses.dataclass(frozen=True)
class Ahead:
    """How often a training of each has fewer errors on these lines; the rest are level."""

    a: int
    b: int
    of: int  # seeds that both have, or else all pairs of trainings
    by_seed: bool


@dataclasses.dataclass(frozen=True)
class PlainPair:
    """Two conditions, seed by seed and training by training."""

    a: str
    b: str
    ahead: Ahead
    superiority: paired.Superiority  # that another training of A beats one of B


@dataclasses.dataclass(frozen=True)
class Plain:
    """What plain words need beside the rates, by the study's metric."""

    pairs: tuple[PlainPair, ...]
    best_of: dict[str, tuple[float, ...]]  # by condition, see `best_of`


def plain(grid: Grid, metric: str, systems: Container[str] = ()) -> Plain:
    """Computes it for every pair and condition.

    Args:
        grid: the readings.
        metric: that the verdict is about.
        systems: conditions that nobody trains anew.
    """
    every = {
        name: dataclasses.replace(
            statistics.outcomes(grid, name, metric), trained=name not in systems
        )
        for name in grid.conditions
    }
    pairs = []
    for a, b in estimates.pairs(grid):
        one, other = every[a], every[b]
        found = paired.superiority(one, other, paired=grid.paired)
        pairs.append(PlainPair(a, b, ahead(one, other), found))
    return Plain(tuple(pairs), {name: best_of(one.rates) for name, one in every.items()})


def ahead(a: paired.Outcomes, b: paired.Outcomes) -> Ahead:
    """Counts who has fewer errors: seed by seed where both have the same ones, else among all pairs."""
    by_seed = sorted(a.seeds) == sorted(b.seeds)
    one, other = (condition.rates[np.argsort(condition.seeds)] for condition in (a, b))
    apart = one - other if by_seed else (one[:, None] - other).ravel()
    level = np.isclose(apart, 0, atol=1e-12)
    return Ahead(
        a=int(((apart < 0) & ~level).sum()),
        b=int(((apart > 0) & ~level).sum()),
        of=len(apart),
        by_seed=by_seed,
    )


def best_of(rates: Array) -> tuple[float, ...]:
    """Estimates the expected lowest rate of K trainings, for K = 1 to S.

    It is the mean over all choices of K of the S seeds, which is unbiased: Tang et al. 2020, Showing Your
    Work Doesn't Always Work, on Dodge et al. 2019, Show Your Work, which draws seeds with replacement.

    Args:
        rates: [S] of errors.
    """
    ordered: Sequence[float] = np.sort(rates).tolist()
    seeds = len(ordered)
    return tuple(
        sum(rate * math.comb(seeds - 1 - i, k - 1) for i, rate in enumerate(ordered))
        / math.comb(seeds, k)
        for k in range(1, seeds + 1)
    )


def of_pair(plain: Plain, a: str, b: str) -> Optional[PlainPair]:
    """Finds a pair's."""
    return next((pair for pair in plain.pairs if (pair.a, pair.b) == (a, b)), None)
