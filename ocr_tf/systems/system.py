"""What a system of any kind is asked for; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple, Optional, Protocol

from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.systems.line_sets import LineSet


class Facts(NamedTuple):
    """What a trained system tells of itself."""

    kind: str  # in words
    trained_on: tuple[str, ...]  # the sources of its training lines
    parameters: int  # numbers that the training has set
    training_seconds: Optional[float]  # as the training has recorded them


class System(Protocol):
    """A trained recognizer that is open to read."""

    @property
    def facts(self) -> Facts:
        """What it tells of itself."""
        ...

    def read(self, lines: LineSet) -> list[Prediction]:
        """Reads lines in their order.

        Raises:
            InputError: it was trained on some of them.
        """
        ...
