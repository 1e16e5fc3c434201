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
    validations = run.metrics.validations()
    return LearningCurve(
        seed=seed,
        train=tuple(Point(point.step, point.loss) for point in run.metrics.losses()),
        val=tuple(Point(validation.step, validation.cer) for validation in validations),
        timing=CurveTiming(tuple(validation.elapsed for validation in validations)),
    )
