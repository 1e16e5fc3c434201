"""Clipping of gradients, alike for losses of any scale.

A fixed bound means something else for every head: the gradient of CTC's loss and that of attention's differ
several-fold in norm on the same lines. So a gradient is clipped to a percentile of the run's own recent
norms (AutoClip, Seetharaman et al. 2020), and while these neither grow nor fall, the same share of steps is
clipped under every head.
"""

from __future__ import annotations

import math

import tensorflow as tf

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.types import Tensor

WINDOW = 100  # norms that are remembered: few, as they fall in the course of a training


class Clip:
    """Owns the norms of the last WINDOW steps, which a checkpoint keeps."""

    def __init__(self, train: Train):
        self._percentile, self._bound = train.clip_percentile, train.clip_norm
        self.norms = tf.Variable(
            tf.fill([WINDOW], math.inf),
            trainable=False,
            name="clip/norms",
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def __call__(
        self, gradients: list[Tensor], step: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Scales gradients down, together, to what their norm may be.

        Args:
            gradients: of all variables, the same on every replica.
            step: [] how many steps were taken before this one.

        Returns:
            The gradients; their global norm as it was, []; and whether it was clipped, [] bool.
        """
        norm = tf.linalg.global_norm(gradients)
        bound = tf.constant(self._bound if self._bound > 0 else math.inf)
        if self._percentile > 0:
            bound = tf.minimum(bound, self._remember(norm, step))
        clipped = norm > bound
        scale = tf.where(clipped, bound / norm, 1.0)
        return [gradient * scale for gradient in gradients], norm, clipped

    def _remember(self, norm: Tensor, step: Tensor) -> Tensor:
        """Adds a norm; returns the percentile of those that are remembered, this one among them."""
        at = tf.reshape(step % WINDOW, [1, 1])
        norms = tf.tensor_scatter_nd_update(self.norms, at, norm[None])
        self.norms.assign(norms)
        count = tf.cast(tf.minimum(step + 1, WINDOW), tf.float32)
        rank = tf.cast(tf.math.ceil(count * self._percentile / 100), step.dtype) - 1
        return tf.sort(norms)[rank]
