"""The size of a step's gradient, which means the same for every head and loss.

A bound on the norm does not: the gradients of CTC's loss and of attention's differ several-fold in norm on
the same lines, so one bound clips more steps of the one than of the other. Normalized, every gradient has the
same norm, and what a step does follows from its direction alone. Adam divides by the root of the mean square
of the gradients of some 1,000 steps, so that without either the large gradients at the start make all steps
after them small.
"""

from __future__ import annotations

import tensorflow as tf

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.types import Tensor

NORM = 5.0  # of a normalized gradient; it matters where an optimizer adds an epsilon
LEAST = 1e-12  # of the norm that is divided by


def sized(gradients: list[Tensor], train: Train) -> tuple[list[Tensor], Tensor, Tensor]:
    """Scales gradients, together, to NORM or down to the bound that was asked for.

    Args:
        gradients: of all variables, the same on every replica.
        train: whether they are normalized, and the bound of those that are not.

    Returns:
        The gradients; their global norm as it was, []; and whether it was above the bound, [] bool.
    """
    norm = tf.linalg.global_norm(gradients)
    clipped = tf.constant(False)
    if train.normalize_gradient:
        scale = NORM / tf.maximum(norm, LEAST)
    elif train.clip_norm > 0:
        clipped = norm > train.clip_norm
        scale = tf.where(clipped, train.clip_norm / norm, 1.0)
    else:
        return gradients, norm, clipped
    return [gradient * scale for gradient in gradients], norm, clipped
