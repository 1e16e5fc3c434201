"""Makes a two-class problem of each class, as all classifiers here are trained; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ocr_tf.types import Array

# Samples of a class, and of all others, that a decision is trained on at most.
POSITIVES, NEGATIVES = 1000, 3000
UNSEEN = -1e3  # the decision of a class without samples


class Decisions(Protocol):
    """Trained two-class decisions."""

    def values(self, features: Array) -> Array:
        """Decides: features [N, F] -> [N, C] float64, positive for the class."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Gives what a file keeps, by name; `from_arrays` takes it."""
        ...


def problems(labels: Array, classes: int) -> Iterator[tuple[int, Array]]:
    """Yields each class that has samples, with the samples that its decision is trained on.

    They are at even places of those of the class and of all others: no random choice.

    Args:
        labels: [N] int, the class of each sample.
        classes: how many there are.
    """
    for wanted in range(classes):
        own, others = np.flatnonzero(labels == wanted), np.flatnonzero(labels != wanted)
        if len(own) and len(others):
            chosen = np.concatenate([evenly(own, POSITIVES), evenly(others, NEGATIVES)])
            yield wanted, np.sort(chosen)


def evenly(values: Array, most: int) -> Array:
    """Takes at most so many values, at even places."""
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).round().astype(int)]
