"""Refuses in one line what no baseline has; TensorFlow-free."""

from __future__ import annotations

from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment


def check_plain(experiment: Experiment, name: str) -> None:
    """Refuses what no baseline has, for the baseline `name`.

    Raises:
        InputError: a rectifier, a linear layer between recurrent ones, separate stacks or frozen parts.
    """
    sequence = experiment.sequence
    for lacking, there in (
        ("no rectifier", experiment.encoder.rectifier.points),
        ("no linear layer between recurrent ones", sequence.projection),
        ("no separate stacks", sequence.stack == "separate" and sequence.layers > 1),
        ("no frozen parts", experiment.train.freeze),
    ):
        if there:
            raise InputError(
                f"--against={name}: the baseline has {lacking}; measure without --against"
            )
