"""How trainings went: loss and validation CER by step, from the runs' own records; TensorFlow-free."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Optional

from ocr_tf.experiment.runs.run_folder import RunFolder


class Point(NamedTuple):
    """A value at a training step."""

    step: int
    value: float


@dataclasses.dataclass(frozen=True)
class CurveTiming:
    """When the validations took place; the only part that is not the same in every training."""

    elapsed: tuple[Optional[float], ...]  # seconds of training, by validation


@dataclasses.dataclass(frozen=True)
class LearningCurve:
    """One run's training."""

    seed: int
    train: tuple[Point, ...]  # loss
    val: tuple[Point, ...]  # CER of the validation lines, a fraction
    timing: CurveTiming


def learning_curve(seed: int, run: RunFolder) -> LearningCurve:
    """Reads a run's records."""
    records = list(run.metrics())
    validations = [record for record in records if "val/cer" in record]
    return LearningCurve(
        seed=seed,
        train=tuple(Point(r["step"], r["train/loss"]) for r in records if "train/loss" in r),
        val=tuple(Point(r["step"], r["val/cer"]) for r in validations),
        timing=CurveTiming(tuple(r["elapsed"] if "elapsed" in r else None for r in validations)),
    )
