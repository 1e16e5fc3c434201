"""Fits the temperature by which a run's probabilities are calibrated, on the run's validation lines.

Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2: one scalar T divides all logits, those
of CTC's frames or of attention's steps, and is the one of the least mean of -log p(reference | image).
"""

from __future__ import annotations

import math
import sys

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize_scalar

from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import LabelIds, Lines
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.experiment.inference.recognize import COLUMNS, WIDTHS
from ocr_tf.experiment.inference.validation_lines import load_validation_lines
from ocr_tf.experiment.runs.temperature import (
    FITTED,
    Fitted,
    keep_fitted,
    parse_temperature,
    read_fitted,
)
from ocr_tf.graphs import graph
from ocr_tf.progress import Progress
from ocr_tf.recognizer import Recognizer, batch_signature
from ocr_tf.types import Array, Frames, Labels

LINES = (
    2000  # at most, at even places of the validation lines: what the network gives of them is kept
)
BATCH = 32
BOUNDS = (0.05, 20.0)  # of the temperature


def set_temperature(trained: Trained, asked: str) -> None:
    """Gives a restored head its temperature, and says on standard error what was fitted.

    Args:
        trained: the network, whose head keeps it.
        asked: as `parse_temperature` takes it. One that was fitted once is not fitted again.

    Raises:
        InputError: no temperature, or validation lines that cannot be read or have changed.
    """
    temperature = parse_temperature(asked)
    if temperature is None:
        folder = trained.folder.path
        fitted = read_fitted(folder, trained.step)
        if fitted is None:
            lines = load_validation_lines(trained, f"--temperature={FITTED}", LINES)
            fitted = fit(trained.model, lines, trained.geometry)
            keep_fitted(folder, trained.step, fitted)
        temperature = fitted.temperature
        at_end = any(abs(math.log(temperature / bound)) < 0.01 for bound in BOUNDS)
        print(
            f"temperature {temperature:.4g}{', the end of what is tried' if at_end else ''}, fitted on "
            f"{fitted.lines} validation lines: mean "
            f"-log p(reference | image) {fitted.before:.4f} -> {fitted.after:.4f}",
            file=sys.stderr,
        )
    trained.model.head.temperature = temperature


def fit(model: Recognizer, lines: Lines, geometry: Geometry) -> Fitted:
    """Finds the temperature of the least mean of -log p(reference | image), over lines where it is finite.

    Raises:
        InputError: it is finite nowhere, or the head takes no temperature.
    """
    losses = _Losses(model)
    losses.add(lines, geometry)
    before = losses.at(1.0)
    if not len(before):
        raise InputError(f"--temperature={FITTED}: the run can write no validation line's text")
    if (losses.at(2.0) == before).all():
        raise InputError(
            f"--temperature={FITTED}: the head takes no temperature; let it divide its logits by "
            "`Head.tempered`"
        )
    found = minimize_scalar(
        lambda log: losses.at(math.exp(log)).mean(),
        bounds=[math.log(bound) for bound in BOUNDS],
        method="bounded",
        options={"xatol": 1e-3},
    )
    return Fitted(math.exp(found.x), len(before), float(before.mean()), float(found.fun))


class _Losses:
    """Keeps a network's frames of lines, and computes -log p(reference | image) at any temperature."""

    def __init__(self, model: Recognizer):
        self._model = model
        self._kept: list[tuple[Frames, Labels, Array]] = []  # the last: which of a batch count
        frames = graph(lambda batch: model(batch.images), [batch_signature(model.height)])
        shape = frames.get_concrete_function().structured_outputs
        vector = tf.TensorSpec([None], tf.int32)
        signature = [
            Frames(tf.TensorSpec([None, None, shape.values.shape[-1]], shape.values.dtype), vector),
            Labels(tf.TensorSpec([None, None], tf.int32), vector),
            tf.TensorSpec([], tf.float32),
        ]
        self._frames, self._score = frames, graph(self._score_batch, signature)

    def add(self, lines: Lines, geometry: Geometry) -> None:
        """Passes lines through the network; those without a usable image or text count nowhere."""
        alphabet = self._model.alphabet
        known = np.array([not alphabet.unknown(text) for text in lines.texts])
        order = plan(lines.widths, 0, 0, BATCH, shuffle=False, columns=COLUMNS)
        labels = LabelIds(lines, alphabet)
        progress, done = Progress("fitting the temperature", len(lines)), 0
        for batch in pipeline.batches(lines, labels, order, geometry, multiple=WIDTHS):
            counts = batch.ok.numpy() & known[batch.samples.numpy()]
            self._kept.append((self._frames(batch), batch.labels, counts))
            done += len(counts)
            progress.show(done)
        progress.clear()

    def at(self, temperature: float) -> Array:
        """Computes -log p(reference | image) at a temperature, [N] float64, where it is finite."""
        losses = [
            -self._score(frames, labels, temperature).numpy().astype(float)[counts]
            for frames, labels, counts in self._kept
        ]
        values: Array = np.concatenate([np.zeros(0), *losses])
        return values[np.isfinite(values)]

    def _score_batch(self, frames: Frames, labels: Labels, temperature: tf.Tensor) -> tf.Tensor:
        """Scores at a temperature that is a tensor of this graph alone."""
        head = self._model.head
        before, head.temperature = head.temperature, temperature
        try:
            return head.score(frames, labels)
        finally:
            head.temperature = before
