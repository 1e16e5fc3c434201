"""Names a run of pieces: log p of each character and of none, from decisions; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, NamedTuple

import numpy as np
from scipy.special import log_softmax

from ocr_tf.classical.boost import BoostedTrees
from ocr_tf.classical.one_vs_rest import Decisions
from ocr_tf.classical.svm import LinearSVMs
from ocr_tf.types import Array

SCALES = np.geomspace(0.05, 20, 60)  # among which that of the decisions is chosen
HELD_OUT = 5  # every fifth sample chooses the scale


class Kind(NamedTuple):
    """Trains decisions of one kind, and reads them back from arrays."""

    train: Callable[[Array, Array, int], Decisions]
    from_arrays: Callable[[Mapping[str, Array]], Decisions]


CLASSIFIERS = {
    "svm": Kind(LinearSVMs.train, LinearSVMs.from_arrays),
    "boost": Kind(BoostedTrees.train, BoostedTrees.from_arrays),
}


class Classifier(NamedTuple):
    """Softmax over scaled decisions; the last class is "not a character"."""

    decisions: Decisions
    scale: float

    def log_probs(self, features: Array) -> Array:
        """Names runs: features [N, F] -> log p [N, C + 1]."""
        named: Array = log_softmax(self.scale * self.decisions.values(features), axis=1)
        return named


def train_classifier(kind: Kind, features: Array, labels: Array, classes: int) -> Classifier:
    """Trains decisions, and chooses their scale by the likelihood of samples that are held out.

    Args:
        kind: of CLASSIFIERS.
        features: [N, F] float32.
        labels: [N] int; the class `classes` - 1 is "not a character".
        classes: how many there are.
    """
    held = np.arange(len(labels)) % HELD_OUT == 0
    if len(labels) < 10 * HELD_OUT:  # too few to hold any out
        held[:] = False
    decisions = kind.train(features[~held], labels[~held], classes)
    if not held.any():
        return Classifier(decisions, 1.0)
    values, rows = decisions.values(features[held]), np.arange(held.sum())
    likelihoods = [
        log_softmax(scale * values, axis=1)[rows, labels[held]].sum() for scale in SCALES
    ]
    return Classifier(decisions, float(SCALES[int(np.argmax(likelihoods))]))
