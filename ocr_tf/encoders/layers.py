"""Convolutions over lines of unequal width: every operation sees zeros where a line has ended."""

from __future__ import annotations

from typing import Optional

import tensorflow as tf

from ocr_tf.types import Frames, Images


def column_mask(widths: tf.Tensor, width: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """[B] valid columns -> [B, 1, W, 1] ones and zeros."""
    return tf.cast(tf.sequence_mask(widths, width), dtype)[:, None, :, None]


def halve(images: Images, height: bool = True, width: bool = True) -> Images:
    """Max pooling by two, same padding at the end, so that a column never depends on the padded width.

    Values must not be negative: what is masked is zero.
    """
    factors = [1, 2 if height else 1, 2 if width else 1, 1]
    values = tf.nn.max_pool2d(images.values, factors, factors, "SAME")
    widths = -(-images.widths // 2) if width else images.widths
    return Images(values, widths)


def to_frames(images: Images) -> Frames:
    """[B, H, W, C] -> [B, T = W, D = H * C]: each column becomes one feature vector."""
    values = tf.transpose(images.values, [0, 2, 1, 3])  # [B, W, H, C]
    batch, width = tf.shape(values)[0], tf.shape(values)[1]
    values = tf.reshape(values, [batch, width, values.shape[2] * values.shape[3]])
    return Frames(values, images.widths)


class MaskedBatchNorm(tf.keras.layers.Layer):
    """Scale and shift of batch normalisation whose statistics come from valid pixels only.

    Ioffe and Szegedy 2015, with the mean and variance of formula (1) taken over unmasked columns, in
    float32.
    """

    momentum = 0.95
    epsilon = 1e-3

    def build(self, shape: tf.TensorShape) -> None:
        channels = [shape[-1]]
        moving = {
            "trainable": False,
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.MEAN,
            "experimental_autocast": False,
        }
        self.gamma = self.add_weight("gamma", channels, experimental_autocast=False)
        self.beta = self.add_weight("beta", channels, experimental_autocast=False)
        self.moving_mean = self.add_weight("moving_mean", channels, **moving)
        self.moving_variance = self.add_weight("moving_variance", channels, **moving)

    def call(self, values: tf.Tensor, mask: tf.Tensor, batch_statistics: bool) -> tf.Tensor:
        """values [B, H, W, C], mask [B, 1, W, 1] -> normalised values [B, H, W, C], not masked."""
        if batch_statistics:
            mean, variance = self._moments(values, mask)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        else:
            mean, variance = tf.identity(self.moving_mean), tf.identity(self.moving_variance)
        scale = self.gamma * tf.math.rsqrt(variance + self.epsilon)
        # In float32: in bfloat16 the shift's own rounding would move every value the same way.
        values = tf.cast(values, tf.float32) * scale + (self.beta - mean * scale)
        return tf.cast(values, self.compute_dtype)

    def _moments(self, values: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        height = tf.cast(tf.shape(values)[1], tf.float32)
        count = tf.reduce_sum(tf.cast(mask, tf.float32)) * height
        # Sums around the moving mean, so that the variance is no difference of two large numbers.
        centre = tf.stop_gradient(tf.identity(self.moving_mean))
        centred = (tf.cast(values, tf.float32) - centre) * tf.cast(mask, tf.float32)
        mean = tf.reduce_sum(centred, [0, 1, 2]) / count
        square = tf.reduce_sum(tf.square(centred), [0, 1, 2]) / count
        return centre + mean, tf.maximum(square - tf.square(mean), 0.0)

    def _update(self, moving: tf.Variable, value: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + value * (1 - self.momentum))


class ConvBlock(tf.keras.layers.Layer):
    """Convolution, optional batch normalisation, ReLU, mask."""

    def __init__(
        self,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: int = 1,
        normalise: bool = False,
        same_height: bool = True,
        **kwargs: object,
    ):
        """`same_height=False` convolves the height without padding; the width is always same-padded."""
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.stride = filters, kernel, stride
        self.same_height = same_height
        self.norm = MaskedBatchNorm(name="norm", dtype=self.dtype_policy) if normalise else None

    @property
    def dtype_policy(self) -> tf.keras.mixed_precision.Policy:
        return self._dtype_policy

    def build(self, shape: tf.TensorShape) -> None:
        channels = tf.TensorShape(shape.values if isinstance(shape, Images) else shape)[-1]
        self.kernel = self.add_weight("kernel", [*self.kernel_size, channels, self.filters])
        self.bias = self.add_weight("bias", [self.filters])

    def call(self, images: Images, batch_statistics: bool = False) -> Images:
        values = self._convolve(images.values)
        values = tf.nn.bias_add(values, self.bias)
        widths = -(-images.widths // self.stride)
        mask = column_mask(widths, tf.shape(values)[2], values.dtype)
        if self.norm is not None:
            values = self.norm(values, mask, batch_statistics)
        return Images(tf.nn.relu(values) * mask, widths)

    def _convolve(self, values: tf.Tensor) -> tf.Tensor:
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
    """Blocks and poolings one after another, then columns to frames."""

    def __init__(self, steps: list, **kwargs: object):
        """`steps`: ConvBlocks, and functions from Images to Images."""
        super().__init__(**kwargs)
        self.blocks = [step for step in steps if isinstance(step, ConvBlock)]
        self._steps = tuple(steps)

    def call(self, images: Images, key: Optional[tf.Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, D]; a key (training) turns on batch statistics."""
        mask = column_mask(images.widths, tf.shape(images.values)[2], images.values.dtype)
        images = Images(tf.cast(images.values * mask, self.compute_dtype), images.widths)
        for step in self._steps:
            images = step(images, key is not None) if isinstance(step, ConvBlock) else step(images)
        return to_frames(images)
