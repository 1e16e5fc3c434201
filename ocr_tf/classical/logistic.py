"""Logistic regression of one variable; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ocr_tf.types import Array

STEPS = 50  # of Newton's method
RIDGE = 1e-3  # on the slope: it stays finite where a threshold separates the classes


class Logistic(NamedTuple):
    """p(yes | x) = 1 / (1 + exp(-(slope x + offset)))."""

    slope: float
    offset: float

    def log_probs(self, x: Array) -> tuple[Array, Array]:
        """Returns log p of yes and of no, each of the shape of `x`."""
        logit = self.slope * x + self.offset
        return -np.logaddexp(0, -logit), -np.logaddexp(0, logit)


NEVER = Logistic(0.0, -1e4)  # yes


def fit(x: Array, yes: Array) -> Logistic:
    """Fits by Newton's method with Platt's targets.

    They keep probabilities off 0 and 1 (Platt 1999, Probabilistic Outputs for Support Vector Machines,
    section 2.2).

    Args:
        x: [N] float.
        yes: [N] bool.

    Returns:
        The regression; NEVER where no `yes` is true.
    """
    ones = int(yes.sum())
    if not ones:
        return NEVER
    zeros = len(yes) - ones
    targets = np.where(yes, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    design = np.stack([x, np.ones_like(x)], axis=1).astype(np.float64)
    weights = np.array([0.0, np.log((ones + 1) / (zeros + 1))])
    penalty = np.diag([RIDGE, 1e-9])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - targets) + penalty @ weights
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + penalty
        step = np.linalg.solve(curvature, gradient)
        weights -= np.clip(step, -10, 10)
        if np.abs(step).max() < 1e-9:
            break
    return Logistic(float(weights[0]), float(weights[1]))
