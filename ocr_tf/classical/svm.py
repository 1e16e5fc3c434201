"""Linear support vector machines, one against the rest, by OpenCV; TensorFlow-free.

A linear machine is one vector: reading takes a product of matrices.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from ocr_tf.classical.one_vs_rest import UNSEEN, problems
from ocr_tf.types import Array

C = 0.3  # what a sample within the margin costs
STOP = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 3000, 1e-3)


class LinearSVMs:
    """A machine for each class; see `one_vs_rest.Decisions`."""

    def __init__(self, weights: Array, biases: Array):
        """`weights` is [C, F] and `biases` [C], float32."""
        self._weights, self._biases = weights, biases

    @classmethod
    def train(cls, features: Array, labels: Array, classes: int) -> LinearSVMs:
        """Trains on features [N, F] float32 and labels [N] int."""
        weights = np.zeros([classes, features.shape[1]], np.float32)
        biases = np.full(classes, UNSEEN, np.float32)
        for wanted, chosen in problems(labels, classes):
            machine = cv2.ml.SVM.create()
            machine.setType(cv2.ml.SVM_C_SVC)
            machine.setKernel(cv2.ml.SVM_LINEAR)
            machine.setC(C)
            machine.setTermCriteria(STOP)
            # The first of the two labels is the side where OpenCV's decision is positive.
            sides = np.where(labels[chosen] == wanted, 0, 1).astype(np.int32)
            machine.train(features[chosen], cv2.ml.ROW_SAMPLE, sides)
            rho, _, _ = machine.getDecisionFunction(0)
            weights[wanted] = machine.getSupportVectors()[0]
            biases[wanted] = -rho
        return cls(weights, biases)

    def values(self, features: Array) -> Array:
        """See `Decisions.values`."""
        decided: Array = features @ self._weights.T + self._biases
        return decided.astype(np.float64)

    def arrays(self) -> dict[str, Array]:
        """See `Decisions.arrays`."""
        return {"weights": self._weights, "biases": self._biases}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> LinearSVMs:
        """Takes what `arrays` gave. Raises KeyError."""
        return cls(arrays["weights"], arrays["biases"])
