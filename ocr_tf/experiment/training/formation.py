"""Has a head found its alignment? Entropy and order of the alignments of a few validation lines.

A network that writes text without finding where it stands is a language model: its loss falls, its
errors stay. An alignment that has formed is sharp and moves on along the line.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.cache import LineCache
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import LabelIds, Lines
from ocr_tf.encoders import rows_of
from ocr_tf.experiment.inference.recognize import WIDTHS
from ocr_tf.experiment.training.previews import handful
from ocr_tf.graphs import graph
from ocr_tf.metrics import alignment
from ocr_tf.recognizer import Recognizer, batch_signature
from ocr_tf.types import Batch

LINES = 32  # looked at, at most
SHARP = 0.5  # H / log T of an alignment that has formed is at most this (spread evenly it is 1)
ORDERED = 0.75  # so many of its neighboring symbols at least lie in their order (by chance a half)


class Alignment(NamedTuple):
    """Measures of a network's alignments, means over symbols; None where no line can say it.

    The cells of a map have no order.
    """

    entropy: Optional[float]  # H / log T, 0 to 1
    monotonicity: Optional[float]  # share of neighboring symbols whose centers are in their order

    @property
    def formed(self) -> bool:
        """Tells whether alignments are sharp and in order; see `metrics_log.is_aligned` for reading."""
        sharp = self.entropy is None or self.entropy <= SHARP
        return sharp and (self.monotonicity is None or self.monotonicity >= ORDERED)


class AlignmentProbe:
    """Aligns the true texts of the same few validation lines again and again."""

    def __init__(
        self, model: Recognizer, geometry: Geometry, lines: Lines, cache: LineCache, encoder: Any
    ):
        """Chooses the lines: the first by the image's digest that the alphabet can spell.

        `encoder` is the configuration of the model's, which says whether its steps have an order.
        """
        known = [
            i for i, text in enumerate(lines.texts) if text and not model.alphabet.unknown(text)
        ]
        lines = lines.take(known)
        self.lines = lines.take(handful(lines, LINES))
        self.model, self.geometry, self.cache = model, geometry, cache
        self.ordered = rows_of(encoder) == 1
        self._align = graph(self._align_batch, [batch_signature(model.height)])

    def _align_batch(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        frames = self.model(batch.images)
        return self.model.head.align(frames, batch.labels), frames.lengths

    def measure(self) -> Alignment:
        """Measures the alignments as the network is now."""
        labels = LabelIds(self.lines, self.model.alphabet)
        order = plan(self.lines.widths, 0, 0, LINES, shuffle=False) if len(labels) else []
        entropies: list[float] = []
        forward: list[float] = []
        for batch in pipeline.batches(
            self.lines, labels, order, self.geometry, multiple=WIDTHS, cache=self.cache
        ):
            weights, steps = (tensor.numpy() for tensor in self._align(batch))
            for row, length in enumerate(batch.labels.lengths.numpy()):
                measures = alignment.measure(weights[row, :length, : steps[row]])
                if measures.relative_entropy is not None and steps[row] > 1:
                    entropies += [measures.relative_entropy] * length
                if self.ordered and measures.monotonicity is not None:
                    forward += [measures.monotonicity] * (length - 1)
        return Alignment(*(float(np.mean(v)) if v else None for v in (entropies, forward)))
