"""Batch normalization and ReLU of maps whose lines end at unequal columns, for training on a CPU.

Letters: B lines, H rows, W columns, C channels; a mask [B, 1, W, 1] is 1 in each line's columns.

TensorFlow runs `values * scale + shift` as one pass over the map for each sign and each change of dtype;
these maps do not fit a processor's cache, and the passes took longer than the convolutions between them.
So what belongs together is compiled to one pass (by XLA, for training alone: reading and exported graphs
stay plain TensorFlow). Forward and backward of 16 maps of 24 x 280 x 48, on one core and summed from their
parts: in bfloat16 17 ms, where plain operations take 39; in float32 20 ms, and 28.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ocr_tf.graphs import compiled
from ocr_tf.types import Tensor

# Added before a ReLU where a line has ended, which gives zero there. Unlike a product with a mask, a sum
# costs nothing in the backward pass, and the shift of a batch normalization takes it in for free.
ENDED = -1e30


def column_mask(widths: Tensor, width: Tensor, dtype: tf.DType) -> Tensor:
    """Widths [B] -> ones in each line's columns and zeros behind them, [B, 1, W, 1]."""
    return tf.cast(tf.sequence_mask(widths, width), dtype)[:, None, :, None]


class MaskedBatchNorm(tf.keras.layers.Layer):
    """Batch normalization whose statistics come from valid pixels only, followed by a ReLU.

    Ioffe and Szegedy 2015, Batch Normalization, with the mean and variance of Algorithm 1 taken over
    unmasked columns, in float32. Replicas that share a batch take them over the whole of it.

    Keras' BatchNormalization(fused=False), given the mask, computes the same, in more passes.
    Here sums over the map are products with the mask, the gradient is written out, and the convolution
    before subtracts the center.
    """

    momentum = 0.95
    epsilon = 1e-3

    def __init__(self, rectify: bool = True, **kwargs: object):
        """Makes the layer; without `rectify` no ReLU follows. `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.rectify = rectify

    def build(self, shape: tf.TensorShape) -> None:
        """Makes scale and shift, and the moving statistics that inference uses."""
        channels = [shape[-1]]
        moving = {
            "trainable": False,
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,  # all have the same
            "experimental_autocast": False,
        }
        self.gamma = self.add_weight("gamma", channels, experimental_autocast=False)
        self.beta = self.add_weight("beta", channels, experimental_autocast=False)
        self.moving_mean = self.add_weight("moving_mean", channels, **moving)
        self.moving_variance = self.add_weight("moving_variance", channels, **moving)
        self.built = True  # as a convolution asks for `center` before the first call

    def center(self, dtype: tf.DType) -> Tensor:
        """Returns what `call` expects to be subtracted already, [C]: the moving mean, rounded to a dtype.

        Around it, the variance is no difference of two large numbers, and a convolution subtracts it
        for free, as its bias.
        """
        return tf.stop_gradient(tf.cast(tf.identity(self.moving_mean), dtype))

    def call(self, values: Tensor, mask: Tensor, batch_statistics: bool) -> Tensor:
        """Normalizes values [B, H, W, C] less their `center`.

        Where the mask [B, 1, W, 1] is 0 the result is 0, or ENDED without the ReLU.
        """
        mask = tf.cast(mask, tf.float32)
        center = tf.cast(self.center(values.dtype), tf.float32)
        if batch_statistics:
            values, mean, variance = self._normalize_batch(values, mask)
            self._update(self.moving_mean, mean + center)
            self._update(self.moving_variance, variance)
            return values
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        shift = self.beta - (self.moving_mean - center) * scale
        return _affine(values, scale, shift, mask, self.rectify)

    def _normalize_batch(self, values: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Returns the normalized values, and the mean and variance [C] of the values as they come."""
        rectify = self.rectify

        @tf.custom_gradient
        def normalize(values: Tensor, gamma: Tensor, beta: Tensor) -> tuple[Any, Any]:
            count, first, second = _over_replicas(
                tf.reduce_sum(mask) * tf.cast(tf.shape(values)[1], tf.float32),
                *_moments(values, mask),
            )
            count = tf.maximum(count, 1.0)  # where every line of a batch is without columns
            mean = first / count
            variance = tf.maximum(second / count - tf.square(mean), 0.0)
            inverse = tf.math.rsqrt(variance + self.epsilon)
            scale = gamma * inverse
            shift = beta - mean * scale

            def gradient(upstream: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
                """Section 3 of the paper, of the upstream gradient that passes the ReLU."""
                args = upstream, values, scale, shift, mask, rectify
                d_beta, product = _gradient_sums(*args)
                d_gamma = (product - mean * d_beta) * inverse
                # Mean and variance come from all replicas, gamma's and beta's gradients from this one:
                # a step sums the gradients of weights itself.
                whole_beta, whole_gamma = _over_replicas(d_beta, d_gamma)
                # What goes through variance and mean is affine in the values: slope * value + offset.
                slope = scale * inverse * whole_gamma / count
                offset = scale * whole_beta / count - slope * mean
                return _gradient(*args, slope, offset), d_gamma, d_beta

            normalized = _affine_in_one_pass(values, scale, shift, mask, rectify)
            return (normalized, mean, variance), gradient

        return normalize(values, tf.identity(self.gamma), tf.identity(self.beta))

    def _update(self, moving: tf.Variable, value: Tensor) -> None:
        moving.assign(moving * self.momentum + value * (1 - self.momentum))


def _over_replicas(*sums: Tensor) -> Sequence[Tensor]:
    """Sums scalars and vectors [C] over the replicas that share a batch, all in one exchange."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync == 1:
        return sums
    flat = tf.concat([tf.reshape(values, [-1]) for values in sums], axis=0)
    sizes = [values.shape.num_elements() for values in sums]
    parts = tf.split(replica.all_reduce("sum", flat), sizes)
    return [tf.reshape(part, values.shape) for part, values in zip(parts, sums)]


def _sums(values: Tensor, weights: Tensor) -> Tensor:
    """Sums values [B, H, W, C] float32 with a weight for each pixel, [1, B * H * W], to [C].

    A product with a matrix of one row takes a third of the time of a reduction.
    """
    return tf.matmul(weights, tf.reshape(values, [-1, values.shape[-1]]))[0]


def _moments(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Sums valid values and their squares, [C] float32 each."""
    wide = tf.cast(values, tf.float32)
    weights = tf.reshape(tf.tile(mask, [1, tf.shape(values)[1], 1, 1]), [1, -1])
    return _sums(wide, weights), _sums(tf.square(wide), weights)


def _affine(values: Tensor, scale: Tensor, shift: Tensor, mask: Tensor, rectify: bool) -> Tensor:
    """Computes values * scale + shift, ENDED where the mask is 0, and its ReLU, in the values' dtype.

    In float32: in bfloat16 the shift's own rounding would move every value the same way.
    """
    shift = shift + (1 - mask) * ENDED  # [B, 1, W, C]
    wide = tf.cast(values, tf.float32) * scale + shift
    return tf.cast(tf.nn.relu(wide) if rectify else wide, values.dtype)


_affine_in_one_pass = compiled(_affine)


def _passed(
    upstream: Tensor, values: Tensor, scale: Tensor, shift: Tensor, mask: Tensor, rectify: bool
) -> Tensor:
    """Returns the upstream gradient where it passes the ReLU and the mask, float32; else zeros."""
    passes = mask > 0
    if rectify:
        passes = passes & (tf.cast(values, tf.float32) * scale + shift > 0)
    return tf.where(passes, tf.cast(upstream, tf.float32), 0.0)


@compiled
def _gradient_sums(
    upstream: Tensor, values: Tensor, scale: Tensor, shift: Tensor, mask: Tensor, rectify: bool
) -> tuple[Tensor, Tensor]:
    """Sums what passes, and its product with the values: [C] float32 each."""
    passed = _passed(upstream, values, scale, shift, mask, rectify)
    ones = tf.ones([1, tf.size(values) // values.shape[-1]])
    return _sums(passed, ones), _sums(passed * tf.cast(values, tf.float32), ones)


@compiled
def _gradient(
    upstream: Tensor,
    values: Tensor,
    scale: Tensor,
    shift: Tensor,
    mask: Tensor,
    rectify: bool,
    slope: Tensor,
    offset: Tensor,
) -> Tensor:
    """Computes the gradient of the values, in their dtype."""
    passed = _passed(upstream, values, scale, shift, mask, rectify)
    wide = tf.cast(values, tf.float32)
    return tf.cast(passed * scale - mask * (slope * wide + offset), values.dtype)
