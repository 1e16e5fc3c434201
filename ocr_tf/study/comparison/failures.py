"""Counts the failed trainings of each condition, and decides among those that did not fail. TensorFlow-free.

Failed trainings are outcomes: every other number of a report counts them as they read. Leaving them out,
once it is known which they are, is a change of plan, and flatters whoever fails more often. So the verdict
without them stands beside the one with them, and never in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from typing import Optional

from ocr_tf.experiment.runs.failure import failure
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import Failures
from ocr_tf.study.comparison import statistics
from ocr_tf.study.comparison.controls import Runs
from ocr_tf.study.comparison.results import Grid


def failures(runs: Runs) -> dict[str, Failures]:
    """Counts the failed trainings of every condition, also where none failed."""
    counted = {}
    for condition, by_seed in runs.items():
        found = (failure(run, seed) for seed, run in sorted(by_seed.items()))
        counted[condition] = Failures.of(
            condition, len(by_seed), (f for f in found if f is not None)
        )
    return counted


def among_trained(
    grid: Grid,
    metric: str,
    failed: Mapping[str, Failures],
    systems: Container[str] = (),
    confidence: float = 1 - paired.ALPHA,
) -> tuple[paired.Verdict, ...]:
    """Decides every pair again without the failed trainings, as if they had not been started.

    Args:
        grid: the readings.
        metric: that the verdict is about.
        failed: the trainings behind each condition that has some.
        systems: conditions that nobody trains anew.
        confidence: of every interval, as of the verdict beside which these stand.

    Returns:
        The verdicts on the pairs that a failed training is part of; empty where there is none, or where it
        leaves no run of a condition.
    """
    left = without(grid, failed)
    if left is None:
        return ()
    touched = {name for name, one in failed.items() if one.failed}
    return tuple(
        pair.verdict
        for pair in statistics.comparisons(left, metric, systems, confidence=confidence)
        if touched & {pair.a, pair.b}
    )


def without(grid: Grid, failed: Mapping[str, Failures]) -> Optional[Grid]:
    """Leaves out what failed trainings read.

    Where seeds are paired, a seed that failed under one condition is left out under all of them.

    Args:
        grid: the readings.
        failed: the trainings behind each condition that has some.

    Returns:
        The grid of the conditions that have runs left; None where nothing failed, or fewer than two
        conditions are left.
    """
    out = {(name, run.seed) for name, one in failed.items() for run in one.failed}
    if grid.paired:
        seeds = {seed for _, seed in out}
        out = {(name, seed) for name in grid.conditions for seed in seeds}
    rows = {
        name: [cell for cell in row if (name, cell.seed) not in out]
        for name, row in grid.cells.items()
    }
    cells = {name: row for name, row in rows.items() if row}
    return dataclasses.replace(grid, cells=cells) if out and len(cells) > 1 else None
