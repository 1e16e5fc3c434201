"""What the recurrences of all cells share: the product of the inputs, the loop, the step before.

Shapes: T steps, B lines, D inputs, U units, G gates of a cell; `d_x` is the gradient of the loss by x.
"""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

from ocr_tf.types import Tensor

# A gate's input where a line has ended: closed gates hold what passes them at exactly 0, so the
# recurrence needs no mask, and the backward direction finds its first state at each line's end.
CLOSED = -1e4

Values = tuple[Any, ...]  # tensors and tensor arrays, the variables of a loop


def project(values: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Projects the inputs of all steps by one product: [T, B, D], [D, GU], [GU] -> [T, B, GU] float32.

    The product is in the values' dtype.
    """
    steps, batch = tf.shape(values)[0], tf.shape(values)[1]
    kernel = tf.cast(kernel, values.dtype)
    product = tf.cast(tf.matmul(tf.reshape(values, [-1, values.shape[-1]]), kernel), tf.float32)
    return tf.reshape(product + bias, [steps, batch, kernel.shape[-1]])


def multiply(values: Tensor, weights: Tensor) -> Tensor:
    """Multiplies in the weights' dtype, and returns float32."""
    return tf.cast(tf.matmul(tf.cast(values, weights.dtype), weights), tf.float32)


def run(
    steps: Tensor, backwards: bool, body: Callable[..., Values], start: Values
) -> tuple[Any, ...]:
    """Runs body(t, *values) -> values, for t = 0 .. steps - 1 or the other way."""

    def go_on(t: Tensor, *_: Any) -> Tensor:
        return t >= 0 if backwards else t < steps

    def step(t: Tensor, *values: Any) -> Values:
        return (t - 1 if backwards else t + 1, *body(t, *values))

    return tf.while_loop(go_on, step, (steps - 1 if backwards else 0, *start))[1:]


def arrays(projected: Tensor, sizes: tuple[int, ...]) -> Values:
    """Makes an array of T elements [B, n], float32, for each n of `sizes`."""
    steps = tf.shape(projected)[0]
    lines = projected.shape[1]  # TensorFlow Lite converts no array whose elements' shape is unknown
    return tuple(tf.TensorArray(tf.float32, steps, element_shape=[lines, n]) for n in sizes)


def write(saved: Values, t: Tensor, values: Values) -> Values:
    """Writes step `t` of arrays."""
    return tuple(array.write(t, value) for array, value in zip(saved, values))


def previous(values: Tensor, backwards: bool) -> Tensor:
    """Returns each step's predecessor in the direction's own order; zeros before the first."""
    zeros = tf.zeros_like(values[:1])
    return tf.concat([values[1:], zeros] if backwards else [zeros, values[:-1]], axis=0)


def weight_gradient(outputs: Tensor, d_inputs: Tensor, dtype: tf.DType) -> Tensor:
    """Sums over steps and lines by one product: the gradient of recurrent weights, [U, GU].

    Args:
        outputs: [T, B, U], what the weights were multiplied by.
        d_inputs: [T, B, GU], the gradient of the products.
        dtype: of the product.
    """
    flat = [tf.reshape(values, [-1, values.shape[-1]]) for values in (outputs, d_inputs)]
    return tf.matmul(*(tf.cast(values, dtype) for values in flat), transpose_a=True)
