"""Compiles what TensorFlow would run as many passes over a large tensor to one pass, by XLA.

For training alone: what is exported stays plain TensorFlow.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

import tensorflow as tf

from ocr_tf.types import Tensor

# Elements of a tensor from which on compiling pays: smaller ones fit a processor's cache.
LARGE = 2**17


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of tensors, for calls whose first argument is large.

    It is compiled anew, in some tenths of a second, for each shape that its arguments have. On a GPU
    it runs as it is: there XLA needs parts of CUDA that TensorFlow's packages do not all bring.
    """
    fast = tf.function(function, jit_compile=True, autograph=False)

    @functools.wraps(function)
    def call(first: Tensor, *rest: Any) -> Any:
        if tf.config.list_logical_devices("GPU"):
            return function(first, *rest)
        return tf.cond(
            tf.size(first) >= LARGE, lambda: fast(first, *rest), lambda: function(first, *rest)
        )

    return call
