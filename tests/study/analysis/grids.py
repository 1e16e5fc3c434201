"""Grids of given readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction, RateFigures
from ocr_tf.metrics.error_rates import measure
from ocr_tf.study.comparison.results import Cell, Grid

FINGERPRINT = "0123456789abcdef"


def grid(
    references: Sequence[str],
    readings: Mapping[str, Sequence[Sequence[str]]],
    normalization: str = "none",
    predictions: Mapping[tuple, Mapping] | None = None,
) -> Grid:
    """Readings [S][N] by condition; `predictions` holds further fields of (condition, seed, line)."""
    more = predictions or {}
    ids = [f"line{i:04}" for i in range(len(references))]
    cells = {
        condition: [
            Cell(
                condition,
                seed,
                Path(f"nowhere/{condition}-{seed}/evaluations/test"),
                EvaluationResults(
                    condition,
                    ("nowhere/labels.tsv",),
                    FINGERPRINT,
                    RateFigures.from_rates(measure(zip(references, row), normalization)),
                ),
                [
                    Prediction(name, text, reference, **more.get((condition, seed, i), {}))
                    for i, (name, text, reference) in enumerate(zip(ids, row, references))
                ],
            )
            for seed, row in enumerate(rows)
        ]
        for condition, rows in readings.items()
    }
    return Grid(cells, ids, list(references), normalization, FINGERPRINT)
