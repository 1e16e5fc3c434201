"""The machine's peak: the most that one dense matrix product through TensorFlow reaches here.

The products are tried in several shapes; the fastest is then timed between the repeats of what is
measured, and a share of the peak compares with the product of the same round.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import tensorflow as tf

from ocr_tf.bench import timing

# [m, k] x [k, n]; the last is what a convolution makes of a batch of lines.
SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (3072, 3072, 3072), (16384, 2304, 256))
TRIES = 3


class Product(NamedTuple):
    """The fastest product of a dtype."""

    dtype: str
    shape: tuple[int, int, int]
    flops: int
    run: Callable[[], Any]


def product(dtype: str, shape: tuple[int, int, int]) -> Product:
    m, k, n = shape
    left = tf.cast(tf.random.stateless_normal([m, k], [1, 2]), dtype)
    right = tf.cast(tf.random.stateless_normal([k, n], [3, 4]), dtype)
    multiply = tf.function(tf.matmul)
    return Product(dtype, shape, 2 * m * k * n, lambda: multiply(left, right))


def fastest(dtype: str) -> Product:
    """Tries SHAPES and keeps the one with the most FLOPs a second."""
    products = {str(shape): product(dtype, shape) for shape in SHAPES}
    runs = {name: p.run for name, p in products.items()}
    seconds = timing.alternate(runs, TRIES, f"{dtype} peak")
    return max(products.values(), key=lambda p: p.flops / seconds[str(p.shape)].min())
