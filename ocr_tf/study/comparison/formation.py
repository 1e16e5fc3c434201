"""When trainings found their alignment; by the runs' own records. TensorFlow-free."""

from __future__ import annotations

from typing import Optional

from ocr_tf.study.comparison.controls import Runs

AlignedAt = dict[str, dict[int, Optional[int]]]  # by condition and seed


def aligned_at(runs: Runs) -> AlignedAt:
    """Reads the step since which each run's alignment is formed; None where it is not, as far as known."""
    return {c: {s: run.metrics.aligned_at() for s, run in by.items()} for c, by in runs.items()}
