"""FLOPs, counted while the operations run.

Two for every multiplication and addition of a matrix product or convolution, padding included; nothing
for all other operations.

Functions are executed eagerly, so every iteration of a loop and every product of a gradient is seen with
its true shape; a sum that is written as a product counts as one. What a graph would prune is not
counted: gradients with regard to what nothing learns from, above all of the first convolution with
regard to the images.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Callable

import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.framework import op_callbacks

from ocr_tf.types import Tensor

Gradient = tuple[str, tuple[Any, ...], tuple[Any, ...]]  # operation, shapes it is of

PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
INPUT_GRADIENT, FILTER_GRADIENT = "Conv2DBackpropInput", "Conv2DBackpropFilter"


def count(function: Callable[[], Any]) -> int:
    """Counts the FLOPs of one call."""
    counter = _Counter()
    eagerly = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    op_callbacks.add_op_callback(counter.see)
    try:
        function()
    finally:
        op_callbacks.remove_op_callback(counter.see)
        tf.config.run_functions_eagerly(eagerly)
    return counter.flops


class _Counter:
    def __init__(self) -> None:
        self.flops = 0
        self.pruned: Counter[Gradient] = (
            Counter()
        )  # gradients that are computed here and in no graph

    def see(
        self,
        kind: Any,
        inputs: tuple[Tensor, ...],
        attributes: tuple[Any, ...],
        outputs: tuple[Tensor, ...],
        op_name: Any = None,
        graph: Any = None,
    ) -> None:
        """Counts an operation that has run; its outputs stay as they are."""
        kind = tf.compat.as_str(kind)
        if graph is not None or not (kind in PRODUCTS or kind.startswith("Conv2D")):
            return
        shapes = [tuple(tensor.shape) for tensor in inputs]
        if kind in PRODUCTS:
            named = dict(zip(attributes[::2], attributes[1::2]))
            turned = named.get("transpose_a", named.get("adj_x", False))
            self.flops += 2 * math.prod(outputs[0].shape) * shapes[0][-2 if turned else -1]
        elif kind == "Conv2D":
            self.flops += convolution(outputs[0].shape, shapes[1])
            # Inside a custom gradient tapes are off, and the gradient is what its author writes.
            taped = record.could_possibly_record()
            for gradient, tensor in zip((INPUT_GRADIENT, FILTER_GRADIENT), inputs):
                if taped and not record.should_record_backprop([tensor]):
                    self.pruned[gradient, tuple(tensor.shape), tuple(outputs[0].shape)] += 1
        else:
            signature = (kind, tuple(outputs[0].shape), shapes[2])
            kernel = shapes[1] if kind == INPUT_GRADIENT else outputs[0].shape
            if self.pruned[signature]:
                self.pruned[signature] -= 1
            else:
                self.flops += convolution(shapes[2], kernel)


def convolution(output: Any, kernel: Any) -> int:
    """Counts the FLOPs of a convolution, or of either of its gradients.

    The output is [B, H, W, C'], the kernel [rows, columns, C, C'].
    """
    return 2 * math.prod(output) * math.prod(kernel[:3])
