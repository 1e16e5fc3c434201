"""The machine's peak: the most that one dense matrix product through TensorFlow reaches here.

A few products are timed in every round of what is measured, and a round's peak is that of the fastest:
what is measured is compared with products of the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

import numpy as np
import tensorflow as tf

from ocr_tf.types import Array

# [m, k] x [k, n]; the last is what a convolution makes of a batch of lines.
SHAPES = ((2048, 2048, 2048), (3072, 3072, 3072), (16384, 2304, 256))


class Product(NamedTuple):
    """A matrix product of a dtype; `run` takes its time."""

    shape: tuple[int, int, int]
    run: Callable[[], Any]

    @property
    def flops(self) -> int:
        """Counts the operations of one product: a multiplication and an addition each."""
        m, k, n = self.shape
        return 2 * m * k * n


class Peak(NamedTuple):
    """The rates of a dtype's products."""

    shapes: list[tuple[int, int, int]]
    rates: Array  # [shapes, rounds] FLOPs a second

    @property
    def each_round(self) -> Array:
        """FLOPs a second of the fastest: [rounds]."""
        return self.rates.max(axis=0)

    @property
    def fastest(self) -> tuple[int, int, int]:
        """The shape that is fastest as a rule."""
        return self.shapes[int(np.median(self.rates, axis=1).argmax())]


def products(dtype: str) -> list[Product]:
    """Makes a product of each of SHAPES."""
    return [_product(dtype, shape) for shape in SHAPES]


def _product(dtype: str, shape: tuple[int, int, int]) -> Product:
    m, k, n = shape
    left = tf.cast(tf.random.stateless_normal([m, k], [1, 2]), dtype)
    right = tf.cast(tf.random.stateless_normal([k, n], [3, 4]), dtype)
    multiply = tf.function(tf.matmul)
    return Product(shape, lambda: multiply(left, right))


def peak(seconds: Mapping[Product, Array]) -> Peak:
    """Computes the rates of products from their seconds, [rounds] each."""
    rates = [product.flops / taken for product, taken in seconds.items()]
    return Peak([product.shape for product in seconds], np.stack(rates))
