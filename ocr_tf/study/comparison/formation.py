"""Which trainings found their alignment, and when; by the runs' own records. TensorFlow-free."""

from __future__ import annotations

from typing import Optional

from ocr_tf.metrics.paired import NotAligned, StuckRun
from ocr_tf.study.comparison.controls import Runs

AlignedAt = dict[str, dict[int, Optional[int]]]  # by condition and seed


def aligned_at(runs: Runs) -> AlignedAt:
    """Reads the step since which each run's alignment is formed; None where it is not, as far as known."""
    return {c: {s: run.metrics.aligned_at() for s, run in by.items()} for c, by in runs.items()}


def not_aligned(runs: Runs) -> dict[str, NotAligned]:
    """Finds the conditions with runs whose alignment never formed."""
    found = {}
    for condition, by_seed in runs.items():
        best = {seed: run.metrics.not_aligned() for seed, run in sorted(by_seed.items())}
        stuck = tuple(StuckRun(s, v.cer, v.entropy) for s, v in best.items() if v is not None)
        if stuck:
            found[condition] = NotAligned(condition, stuck, len(by_seed))
    return found
