"""Convolutions over lines of unequal width: every operation sees zeros where a line has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.encoders.batch_norm import ENDED, MaskedBatchNorm, column_mask
from ocr_tf.types import Frames, Images, Tensor

# Maps whose kernel's gradient is safe in bfloat16, see `convolve`: up to a width, and multiples of another.
SAFE_WIDTH, COLUMNS = 128, 32
GRAY_STEP = 1 / 127.5  # between neighboring gray levels, of pixels in [-1, 1]


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


class ConvBlock(tf.keras.layers.Layer):
    """Convolution, optional batch normalization, mask, ReLU, optional max pooling.

    Without normalization the ReLU comes last, where the map is smallest: it commutes with taking a
    maximum.
    """

    def __init__(
        self,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        *,
        stride: tuple[int, int] = (1, 1),
        normalize: bool = False,
        rectify: bool = True,
        pool: tuple[int, int] = (1, 1),
        same_height: bool = True,
        **kwargs: object,
    ):
        """Makes a block.

        Args:
            filters: C of what comes out.
            kernel: height and width.
            stride: of the convolution, down and across.
            normalize: whether to normalize the batch.
            rectify: whether there is a ReLU.
            pool: height and width of the pooling's windows.
            same_height: whether the height is padded; the width always is.
            kwargs: those of Keras' Layer.
        """
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.stride, self.pool = filters, kernel, stride, pool
        self.same_height, self.rectify = same_height, rectify
        self.norm = (
            MaskedBatchNorm(rectify, name="norm", dtype=self.dtype_policy) if normalize else None
        )

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
        values = self._convolve(images.values, batch_statistics)
        bias = self.bias if self.norm is None else -self.norm.center(values.dtype)
        values = tf.nn.bias_add(values, bias)
        widths = -(-images.widths // self.stride[1])
        mask = column_mask(widths, tf.shape(values)[2], values.dtype)
        if self.norm is not None:
            values = self.norm(values, mask, batch_statistics)
        else:
            values += (1 - mask) * ENDED
        images = Images(values, widths)
        if self.pool != (1, 1):
            images = pool(images, *self.pool)
        if self.norm or not self.rectify:
            return images
        return Images(tf.nn.relu(images.values), images.widths)

    def _convolve(self, values: Tensor, training: bool) -> Tensor:
        if self.stride == (1, 1) and self.same_height:
            if training:
                return convolve(values, tf.convert_to_tensor(self.kernel))
            return tf.nn.conv2d(values, self.kernel, 1, "SAME")
        # With a stride, "SAME" pads by the padded width's parity, so here the padding is stated. It is
        # an operation of its own because the convolution's own explicit padding has a slow gradient.
        rows, columns = self.kernel_size
        down = [(rows - 1) // 2, rows // 2] if self.same_height else [0, 0]
        across = [(columns - 1) // 2, columns // 2]
        values = tf.pad(values, [[0, 0], down, across, [0, 0]])
        return tf.nn.conv2d(values, self.kernel, self.stride, "VALID")


class Residual(tf.keras.layers.Layer):
    """Blocks, and a 1x1 convolution around them; a ReLU of the sum, then max pooling."""

    def __init__(self, blocks: list[ConvBlock], pool: tuple[int, int], **kwargs: object):
        """Makes a stage.

        Args:
            blocks: in their order; the last one has no ReLU.
            pool: height and width of the pooling's windows.
            kwargs: those of Keras' Layer.
        """
        super().__init__(**kwargs)
        self.blocks, self.pool = blocks, pool

    def build(self, shape: tf.TensorShape) -> None:
        """Makes the kernel of the convolution around the blocks."""
        channels = tf.TensorShape(shape.values if isinstance(shape, Images) else shape)[-1]
        self.kernel = self.add_weight("kernel", [1, 1, channels, self.blocks[-1].filters])

    def call(self, images: Images, batch_statistics: bool = False) -> Images:
        """Images [B, H, W, C] -> Images [B, H / pool, W / pool, filters]."""
        around = tf.nn.conv2d(images.values, self.kernel, 1, "SAME")
        for block in self.blocks:
            images = block(images, batch_statistics)
        # Behind a line's end the blocks gave ENDED.
        return pool(Images(tf.nn.relu(images.values + around), images.widths), *self.pool)


@tf.custom_gradient
def convolve(values: Tensor, kernel: Tensor) -> tuple[Tensor, Any]:
    """Convolves [B, H, W, C] with a kernel [rows, columns, C, C'] to [B, H, W, C'], zeros around it.

    The gradient of a bfloat16 kernel comes from maps that zeros widen, if they are wide, to a multiple of
    32 columns: of other wide maps the kernel of TensorFlow 2.15 for processors with AMX reads memory that
    was never written. What it reads is multiplied by zero, but now and then it is not a number.
    """

    def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
        options = {"strides": [1, 1, 1, 1]}
        d_values = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(values),
            filter=kernel,
            out_backprop=upstream,
            padding="SAME",
            **options,
        )
        seen, passed, padding = values, upstream, "SAME"
        if values.dtype == tf.bfloat16:
            width = tf.shape(values)[2]
            more = tf.where(width > SAFE_WIDTH, -width % COLUMNS, 0)
            rows, columns = ([(n - 1) // 2, n // 2] for n in kernel.shape[:2])
            seen = tf.pad(values, [[0, 0], rows, [columns[0], columns[1] + more], [0, 0]])
            passed = tf.pad(upstream, [[0, 0], [0, 0], [0, more], [0, 0]])
            padding = "VALID"
        d_kernel = tf.raw_ops.Conv2DBackpropFilter(
            input=seen, filter_sizes=kernel.shape, out_backprop=passed, padding=padding, **options
        )
        return d_values, d_kernel

    return tf.nn.conv2d(values, kernel, 1, "SAME"), gradient


def standardize(images: Images) -> Images:
    """Brings each line's own pixels to mean 0 and deviation 1, so that faint ink looks like dark ink.

    Images [B, H, W, 1], float32 -> the same, zeros where a line has ended. A line of one gray is zeros.
    """
    values, widths = images
    mask = column_mask(widths, tf.shape(values)[2], values.dtype)
    pixels = tf.cast(tf.maximum(widths, 1) * tf.shape(values)[1], values.dtype)[:, None, None, None]
    values -= tf.reduce_sum(values * mask, [1, 2, 3], keepdims=True) / pixels
    values *= mask
    variance = tf.reduce_sum(tf.square(values), [1, 2, 3], keepdims=True) / pixels
    return Images(values * tf.math.rsqrt(variance + GRAY_STEP**2), widths)


class ConvEncoder(tf.keras.layers.Layer):
    """Blocks one after another, then columns to frames."""

    def __init__(
        self,
        blocks: Sequence[tf.keras.layers.Layer],
        dropout: float = 0.0,
        standardized: bool = False,
        rectifier: Optional[tf.keras.layers.Layer] = None,
        **kwargs: object,
    ):
        """Makes an encoder.

        Args:
            blocks: in their order; each maps Images to Images.
            dropout: rate on frames.
            standardized: whether it sees each line at the same mean and deviation of gray.
            rectifier: maps Images to Images of the same widths, before all else.
            kwargs: those of Keras' Layer.
        """
        super().__init__(**kwargs)
        self.rectifier = rectifier
        self.blocks, self.dropout, self.standardized = blocks, dropout, standardized

    def call(self, images: Images, key: Optional[Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, D]; a key (training): batch statistics, dropout."""
        if self.rectifier is not None:
            images = self.rectifier(images, key)
        if self.standardized:
            images = standardize(images)
        mask = column_mask(images.widths, tf.shape(images.values)[2], images.values.dtype)
        images = Images(tf.cast(images.values * mask, self.compute_dtype), images.widths)
        for block in self.blocks:
            images = block(images, key is not None)
        frames = to_frames(images)
        return Frames(rng.dropout(frames.values, self.dropout, key, "frames"), frames.lengths)
