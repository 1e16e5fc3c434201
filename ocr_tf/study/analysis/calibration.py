"""What each condition's confidence in a reading, exp(log p(text | image)), is worth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ocr_tf.metrics.calibration import calibration as calibrate
from ocr_tf.metrics.calibration import risk_coverage
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.results import Grid

POINTS = 50  # of a risk-coverage curve that are told
SURE = 20  # wrong readings that are told, the surest first

BRIER = "mean of (confidence - 1) squared of right lines and of confidence squared of wrong ones"


def calibration(grid: Grid) -> dict[str, Any]:
    """Of the conditions that have log-probabilities; a line is right by exact match.

    Returns:
        {"by_seed": {condition: [{"seed", "curve": [[coverage, risk], ...], and a Calibration's fields}]},
        "brier": {"meaning", "rates", "differences" as `figures.compared`},
        "surely_wrong": {condition: [[line, seed, confidence], ...]}}. A line whose image could not be
        read is wrong, with a confidence of 0.
    """
    by_seed: dict[str, list[dict[str, Any]]] = {}
    squares, surely_wrong = {}, {}
    for condition in filter(lambda c: estimates.has_log_probs(grid, c), grid.conditions):
        cells = grid.cells[condition]
        read = np.array([[p.ok for p in cell.predictions] for cell in cells])
        right = (grid.errors(condition, "exact") == 0) & read
        logs = estimates.log_probs(grid, condition, "log_prob")
        p = np.exp(np.minimum(logs, 0))
        by_seed[condition] = [
            {"seed": cell.seed, "curve": _curve(*row), **calibrate(*row).as_dict()}
            for cell, *row in zip(cells, logs, right)
        ]
        squares[condition] = estimates.counted(grid, condition, "brier", np.square(p - right))
        sure = sorted(
            (-p[s, i], int(i), cells[s].seed) for s, i in zip(*np.nonzero(~right & (p > 0)))
        )
        surely_wrong[condition] = [[i, seed, float(-minus)] for minus, i, seed in sure[:SURE]]
    return {
        "by_seed": by_seed,
        "brier": {"meaning": BRIER, **estimates.compared(squares)},
        "surely_wrong": surely_wrong,
    }


def _curve(log_probs: np.ndarray, right: np.ndarray) -> list[list[float]]:
    """At most POINTS points of the curve, the last among them."""
    coverage, risk = risk_coverage(log_probs, right)
    every = math.ceil(len(coverage) / POINTS)
    kept = slice((len(coverage) - 1) % every, None, every)
    return [list(map(float, point)) for point in zip(coverage[kept], risk[kept])]
