"""Convolutions over lines of unequal width: every operation sees zeros where a line has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.types import Frames, Images, Tensor

# Added before a ReLU where a line has ended, which gives zero there. Unlike a product with a mask, a sum
# costs nothing in the backward pass, and the shift of a batch normalization takes it in for free.
ENDED = -1e30


def column_mask(widths: Tensor, width: Tensor, dtype: tf.DType) -> Tensor:
    """Widths [B] -> ones in each line's columns and zeros behind them, [B, 1, W, 1]."""
    return tf.cast(tf.sequence_mask(widths, width), dtype)[:, None, :, None]


def pool(images: Images, height: int, width: int) -> Images:
    """Pools the maxima of windows, padded at the end: no column depends on the padded width.

    What is masked must be ENDED, or zero where no value is negative.
    """
    values = tf.nn.max_pool2d(images.values, [height, width], [height, width], "SAME")
    return Images(values, -(-images.widths // width))


def to_frames(images: Images) -> Frames:
    """Makes each column one feature vector: [B, H, W, C] -> [B, T = W, D = H * C].

    A line without any column, which only fills up a batch, becomes one frame of zeros.
    """
    values = tf.transpose(images.values, [0, 2, 1, 3])  # [B, W, H, C]
    batch, width = tf.shape(values)[0], tf.shape(values)[1]
    values = tf.reshape(values, [batch, width, values.shape[2] * values.shape[3]])
    return Frames(values, tf.maximum(images.widths, 1))


class MaskedBatchNorm(tf.keras.layers.Layer):
    """Scale and shift of batch normalization whose statistics come from valid pixels only.

    Ioffe and Szegedy 2015, Batch Normalization, with the mean and variance of Algorithm 1 taken over
    unmasked columns, in float32. Replicas that share a batch take them over the whole of it.

    Keras' BatchNormalization(fused=False), given the mask, computes the same and takes more than 1.5 times
    as long for 32 maps of 8 x 64 x 128, forward and backward, on 2 cores. Here sums over the map are
    products with the mask, the gradient is written out, and the convolution before subtracts the center.
    """

    momentum = 0.95
    epsilon = 1e-3

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
        """Normalizes values [B, H, W, C] less their `center`; ENDED where the mask [B, 1, W, 1] is 0."""
        mask = tf.cast(mask, tf.float32)
        center = tf.cast(self.center(values.dtype), tf.float32)
        if batch_statistics:
            values, mean, variance = self._normalize_batch(values, mask)
            self._update(self.moving_mean, mean + center)
            self._update(self.moving_variance, variance)
            return values
        scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        return _affine(values, scale, self.beta - (self.moving_mean - center) * scale, mask)

    def _normalize_batch(self, values: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Returns the normalized values, and the mean and variance [C] of the values as they come."""
        weights = tf.reshape(
            tf.tile(mask, [1, tf.shape(values)[1], 1, 1]), [1, -1]
        )  # of each pixel

        def sums(values: Tensor) -> Tensor:
            return tf.matmul(weights, tf.reshape(values, [-1, values.shape[-1]]))[0]

        @tf.custom_gradient
        def normalize(values: Tensor, gamma: Tensor, beta: Tensor) -> tuple[Any, Any]:
            wide = tf.cast(values, tf.float32)
            count, first, second = _over_replicas(
                tf.reduce_sum(weights), sums(wide), sums(tf.square(wide))
            )
            mean = first / count
            variance = tf.maximum(second / count - tf.square(mean), 0.0)
            inverse = tf.math.rsqrt(variance + self.epsilon)
            scale = gamma * inverse

            def gradient(upstream: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
                """Section 3 of the paper; `upstream` is 0 where the mask is, behind a ReLU of ENDED."""
                upstream = tf.cast(upstream, tf.float32)
                wide = tf.cast(
                    values, tf.float32
                )  # again, so that bfloat16 is what waits in memory
                d_beta = sums(upstream)
                d_gamma = (sums(upstream * wide) - mean * d_beta) * inverse
                # Mean and variance come from all replicas, gamma's and beta's gradients from this one:
                # a step sums the gradients of weights itself.
                whole_beta, whole_gamma = _over_replicas(d_beta, d_gamma)
                # What goes through variance and mean is affine in the values: slope * value + shift.
                slope = scale * inverse * whole_gamma / count
                shift = scale * whole_beta / count - slope * mean
                through_moments = wide * (mask * slope) + mask * shift  # [B, 1, W, C] each
                return tf.cast(upstream * scale - through_moments, values.dtype), d_gamma, d_beta

            return (_affine(values, scale, beta - mean * scale, mask), mean, variance), gradient

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


def _affine(values: Tensor, scale: Tensor, shift: Tensor, mask: Tensor) -> Tensor:
    """Computes values * scale + shift, ENDED where the mask is 0, in the values' dtype.

    In float32: in bfloat16 the shift's own rounding would move every value the same way.
    """
    shift = shift + (1 - mask) * ENDED  # [B, 1, W, C]
    return tf.cast(tf.cast(values, tf.float32) * scale + shift, values.dtype)


class ConvBlock(tf.keras.layers.Layer):
    """Convolution, optional batch normalization, mask, optional max pooling, ReLU.

    The ReLU comes last, where the map is smallest: it commutes with taking a maximum.
    """

    def __init__(
        self,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: int = 1,
        normalize: bool = False,
        pool: tuple[int, int] = (1, 1),
        same_height: bool = True,
        **kwargs: object,
    ):
        """Makes a block.

        Args:
            filters: C of what comes out.
            kernel: height and width.
            stride: of the convolution, both ways.
            normalize: whether to normalize the batch.
            pool: height and width of the pooling's windows.
            same_height: whether the height is padded; the width always is.
            kwargs: those of Keras' Layer.
        """
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.stride, self.pool = filters, kernel, stride, pool
        self.same_height = same_height
        self.norm = MaskedBatchNorm(name="norm", dtype=self.dtype_policy) if normalize else None

    @property
    def dtype_policy(self) -> tf.keras.mixed_precision.Policy:
        """The layer's policy, which its normalization shares."""
        return self._dtype_policy

    def build(self, shape: tf.TensorShape) -> None:
        """Makes the kernel, and a bias unless the normalization has one."""
        channels = tf.TensorShape(shape.values if isinstance(shape, Images) else shape)[-1]
        self.kernel = self.add_weight("kernel", [*self.kernel_size, channels, self.filters])
        if self.norm is None:
            self.bias = self.add_weight("bias", [self.filters])
        else:
            with tf.name_scope(self.norm.name):
                self.norm.build(tf.TensorShape([self.filters]))

    def call(self, images: Images, batch_statistics: bool = False) -> Images:
        """Images [B, H, W, C] -> Images [B, H / stride / pool, W / stride / pool, filters]."""
        values = self._convolve(images.values)
        bias = self.bias if self.norm is None else -self.norm.center(values.dtype)
        values = tf.nn.bias_add(values, bias)
        widths = -(-images.widths // self.stride)
        mask = column_mask(widths, tf.shape(values)[2], values.dtype)
        if self.norm is not None:
            values = self.norm(values, mask, batch_statistics)
        else:
            values += (1 - mask) * ENDED
        images = Images(values, widths)
        if self.pool != (1, 1):
            images = pool(images, *self.pool)
        return Images(tf.nn.relu(images.values), images.widths)

    def _convolve(self, values: Tensor) -> Tensor:
        if self.stride == 1 and self.same_height:
            return tf.nn.conv2d(values, self.kernel, 1, "SAME")
        # With a stride, "SAME" pads by the padded width's parity, so here the padding is stated. It is
        # an operation of its own because the convolution's own explicit padding has a slow gradient.
        rows, columns = self.kernel_size
        down = [(rows - 1) // 2, rows // 2] if self.same_height else [0, 0]
        across = [(columns - 1) // 2, columns // 2]
        values = tf.pad(values, [[0, 0], down, across, [0, 0]])
        return tf.nn.conv2d(values, self.kernel, self.stride, "VALID")


class ConvEncoder(tf.keras.layers.Layer):
    """Blocks one after another, then columns to frames."""

    def __init__(self, blocks: list[ConvBlock], dropout: float = 0.0, **kwargs: object):
        """Takes the blocks in their order, and the rate on frames; `kwargs` are those of Keras' Layer."""
        super().__init__(**kwargs)
        self.blocks, self.dropout = blocks, dropout

    def call(self, images: Images, key: Optional[Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, D]; a key (training): batch statistics, dropout."""
        mask = column_mask(images.widths, tf.shape(images.values)[2], images.values.dtype)
        images = Images(tf.cast(images.values * mask, self.compute_dtype), images.widths)
        for block in self.blocks:
            images = block(images, key is not None)
        frames = to_frames(images)
        return Frames(rng.dropout(frames.values, self.dropout, key, "frames"), frames.lengths)
