"""Scores given texts of lines with a network: log p(text | image), whoever has read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

import numpy as np
import tensorflow as tf

from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import Lines
from ocr_tf.experiment.inference.recognize import COLUMNS, WIDTHS
from ocr_tf.graphs import graph
from ocr_tf.progress import Progress
from ocr_tf.recognizer import Recognizer, batch_signature
from ocr_tf.types import Batch

BATCH = 32  # lines scored together


class Scorer:
    """A model and its compiled score."""

    def __init__(self, model: Recognizer, geometry: Geometry):
        self.model, self.geometry = model, geometry
        self._score = graph(self._score_batch, [batch_signature(model.height)])

    def _score_batch(self, batch: Batch) -> tf.Tensor:
        return self.model.head.score(self.model(batch.images), batch.labels)

    def score(
        self, lines: Lines, texts: Sequence[str], what: str = "scoring"
    ) -> list[Optional[float]]:
        """Scores each line's text: log p(text | image).

        None where that is minus infinity (a symbol that the model does not know, too few steps) or the
        image cannot be read.
        """
        alphabet = self.model.alphabet
        known = [not alphabet.unknown(text) for text in texts]
        labels = [alphabet.encode(t) if k else [] for t, k in zip(texts, known)]
        order = plan(lines.widths, 0, 0, BATCH, shuffle=False, columns=COLUMNS)
        scores: list[Optional[float]] = [None] * len(lines)
        progress, done = Progress(what, len(lines)), 0
        for batch in pipeline.batches(lines, labels, order, self.geometry, multiple=WIDTHS):
            values, ok = self._score(batch).numpy(), batch.ok.numpy()
            for i, value, good in zip(batch.samples.numpy(), values, ok):
                if good and known[i] and np.isfinite(value):
                    scores[i] = float(value)
            done += len(ok)
            progress.show(done)
        progress.clear()
        return scores
