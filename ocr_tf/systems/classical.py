"""A classical recognizer as a system; TensorFlow-free."""

from __future__ import annotations

from ocr_tf.classical import model_file
from ocr_tf.decode import Search
from ocr_tf.experiment.inference.evaluate_classical import read_lines
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.systems.line_sets import LineSet
from ocr_tf.systems.system import Facts


class Classical:
    """Segments, classifies and searches."""

    def __init__(self, path: str, search: Search):
        """Opens the file. Raises InputError for a damaged one."""
        self._model, self._search = model_file.load(path), search

    @property
    def facts(self) -> Facts:
        """See `System.facts`: the parameters are the numbers of its classifier."""
        arrays = self._model.recognizer.classifier.decisions.arrays()
        return Facts(
            kind=f"classical, {self._model.classifier}",
            trained_on=self._model.trained_on,
            parameters=sum(array.size for array in arrays.values()),
            training_seconds=self._model.seconds,
        )

    def read(self, lines: LineSet) -> list[Prediction]:
        """See `System.read`."""
        return read_lines(self._model, lines.source, self._search, lines.flag)[0]
