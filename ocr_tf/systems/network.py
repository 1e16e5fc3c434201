"""A run as a system."""

from __future__ import annotations

import math
import sys

from ocr_tf.data.lines import load_lines
from ocr_tf.decode import Search
from ocr_tf.errors import NAMED
from ocr_tf.experiment.inference.evaluate_run import predictions_of
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.inference.recognize import Reader
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.experiment.runs.seen_lines import refuse_seen
from ocr_tf.systems.line_sets import LineSet
from ocr_tf.systems.system import Facts


class Network:
    """Encoder, recurrent layers and head, with the weights of a run."""

    def __init__(self, path: str, checkpoint: str, search: Search, batch_size: int):
        """Opens the run. Raises InputError where there is none, or it is damaged."""
        self._trained = restore(path, checkpoint)
        self._reader = Reader(self._trained.model, self._trained.geometry, batch_size, search)
        if not self._trained.finished:
            print(f"warning: {path} is not finished; this is what it has so far", file=sys.stderr)

    @property
    def facts(self) -> Facts:
        """See `System.facts`: the time of the training is that of all its starts."""
        experiment, folder = self._trained.experiment, self._trained.folder
        variables = self._trained.model.trainable_variables
        return Facts(
            kind=f"{experiment.name}, step {self._trained.step:,}",
            trained_on=experiment.data.train,
            parameters=sum(math.prod(variable.shape) for variable in variables),
            training_seconds=folder.checkpoints.state().elapsed or None,
        )

    def read(self, lines: LineSet) -> list[Prediction]:
        """See `System.read`."""
        folder = self._trained.folder
        loaded = load_lines(lines.source, self._trained.geometry, keep_bad=True, what="test images")
        seen = {line.pixels: line.role for line in folder.lines()}
        refuse_seen(loaded, seen, lines.flag, folder)
        readings = self._reader.read(loaded, "reading")
        for bad in loaded.bad[:NAMED]:
            print(f"counted as an error: {bad}", file=sys.stderr)
        return predictions_of(self._trained.model.alphabet, loaded, readings)
