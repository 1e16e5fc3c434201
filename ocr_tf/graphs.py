"""Graphs of functions: made, compiled where that pays, and loaded from an export."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, Union

import tensorflow as tf

from ocr_tf.types import Tensor

# Elements of a tensor from which on compiling pays: smaller ones fit a processor's cache.
LARGE = 2**17


def graph(function: Callable[..., Any], signature: Sequence[Any]) -> Any:
    """Makes a graph of a function of tensors, as `tf.function` does, without AutoGraph.

    AutoGraph, which lets Python's `if` and `for` depend on tensors, reads and rewrites the source of
    all that is called, Keras' layers too: two fifths of the time that a training takes to start.

    Args:
        function: what is to run as a graph; `tf.cond` and `tf.while_loop` are its branches and loops.
        signature: a `tf.TensorSpec` for each of its arguments, or a structure of them.
    """
    return tf.function(function, input_signature=signature, autograph=False)


def load_export(path: Union[str, Path]) -> Any:
    """Loads a SavedModel to read with it, as `tf.saved_model.load` does.

    That would warn that gradients cannot be taken, of which an export holds none on purpose.
    """
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return tf.saved_model.load(str(path))
    finally:
        logger.setLevel(level)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of tensors by XLA, for calls whose first argument is large.

    What TensorFlow would run as many passes over a tensor becomes one. For training alone: what is exported
    stays plain TensorFlow. It is compiled anew, in some tenths of a second, for each shape that its
    arguments have. On a GPU it runs as it is: there XLA needs parts of CUDA that TensorFlow's packages do
    not all bring.
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
