"""Measures what each condition's confidence in a reading, exp(log p(text | image)), is worth.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from ocr_tf.metrics.calibration import Calibration, risk_coverage
from ocr_tf.metrics.calibration import calibration as calibrate
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.estimates import Measured
from ocr_tf.study.comparison.results import Cell, Grid
from ocr_tf.types import Array

POINTS = 50  # of a risk-coverage curve that are kept
SURE = 20  # wrong readings that are kept, the surest first

BRIER = "mean of (confidence - 1) squared of right lines and of confidence squared of wrong ones"


@dataclasses.dataclass(frozen=True)
class SeedCalibration:
    """The confidences of one trained network."""

    seed: int
    measures: Calibration
    curve: tuple[tuple[float, float], ...]  # (coverage, risk), by rising coverage


@dataclasses.dataclass(frozen=True)
class Misreading:
    """A wrong reading."""

    line: int  # its index in the grid
    seed: int
    confidence: float


@dataclasses.dataclass(frozen=True)
class ConditionsCalibration:
    """The confidences of the conditions that have log-probabilities; a line is right by exact match.

    A line whose image could not be read is wrong, with a confidence of 0.
    """

    by_seed: dict[str, tuple[SeedCalibration, ...]]  # by condition
    brier: Measured
    surely_wrong: dict[str, tuple[Misreading, ...]]  # by condition; the surest first


def calibration(grid: Grid) -> ConditionsCalibration:
    """Measures the conditions that have log-probabilities."""
    by_seed, squares, surely_wrong = {}, {}, {}
    for condition in filter(lambda c: estimates.has_log_probs(grid, c), grid.conditions):
        cells = grid.cells[condition]
        read = np.array([[p.ok for p in cell.predictions] for cell in cells])
        right = (grid.errors(condition, "exact") == 0) & read
        logs = estimates.log_probs(grid, condition, "log_prob")
        p = np.exp(np.minimum(logs, 0))
        by_seed[condition] = tuple(
            SeedCalibration(cell.seed, calibrate(*row), _curve(*row))
            for cell, *row in zip(cells, logs, right)
        )
        squares[condition] = estimates.counted(grid, condition, "brier", np.square(p - right))
        surely_wrong[condition] = _surest(cells, p, right)
    brier = estimates.measured(squares, BRIER, grid.paired)
    return ConditionsCalibration(by_seed, brier, surely_wrong)


def _surest(cells: Sequence[Cell], p: Array, right: Array) -> tuple[Misreading, ...]:
    """The SURE wrong readings of the highest confidence [S, N]; not those of confidence 0."""
    wrong = (
        Misreading(int(i), cells[s].seed, float(p[s, i]))
        for s, i in zip(*np.nonzero(~right & (p > 0)))
    )
    return tuple(sorted(wrong, key=lambda m: (-m.confidence, m.line, m.seed))[:SURE])


def _curve(log_probs: Array, right: Array) -> tuple[tuple[float, float], ...]:
    """At most POINTS points of the curve, the last among them."""
    coverage, risk = risk_coverage(log_probs, right)
    every = math.ceil(len(coverage) / POINTS)
    kept = slice((len(coverage) - 1) % every, None, every)
    return tuple(zip(coverage[kept].tolist(), risk[kept].tolist()))
