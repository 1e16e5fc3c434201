"""One bidirectional recurrent layer, forward and backward, next to its matrix products alone."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import tensorflow as tf

from ocr_tf.bench import timing
from ocr_tf.graphs import graph
from ocr_tf.rnn import stack_bidirectional
from ocr_tf.types import Frames, Tensor

TRIES = 5

GATES = {"lstm": 4, "gru": 3, "rnn": 1}  # G: products of each input and each state
KERAS = {
    "lstm": tf.keras.layers.LSTM,
    "gru": tf.keras.layers.GRU,
    "rnn": tf.keras.layers.SimpleRNN,
}

Operands = tuple[Tensor, ...]  # values, hidden, gates, kernel, recurrent


class Size(NamedTuple):
    """The sizes that a layer's work depends on."""

    steps: int  # T
    batch: int  # B
    features: int  # D
    units: int  # U, in each direction
    dtype: str
    cell: str = "lstm"

    @property
    def width(self) -> int:
        """The numbers that a direction's products give for each step of each line, GU."""
        return GATES[self.cell] * self.units

    @property
    def flops(self) -> int:
        """Forward and backward, both directions.

        Each weight meets each step of each line three times: in the product, in its input's gradient
        and in its own.
        """
        weights = 2 * (self.features + self.units) * self.width
        return 3 * 2 * weights * self.steps * self.batch


def contestants(size: Size) -> dict[str, Callable[[], Any]]:
    """Makes what is timed: our layer, Keras' own, and the products alone."""
    return {
        "layer": ours(size),
        "layer, its GEMMs alone": products(size),
        "layer, keras": keras(size),
    }


def ours(size: Size) -> Callable[[], Any]:
    """Makes the layer as training uses it: gradients of its weights and of what it reads."""
    layer = stack_bidirectional(1, size.units, dtype=_policy(size), cell=size.cell)
    values, upstream = _inputs(size)
    frames, key = Frames(values, tf.fill([size.batch], size.steps)), tf.constant([0, 1])
    layer(frames, key)

    def both(frames: Frames, upstream: Tensor) -> list[Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(frames.values)
            output = layer(frames, key).values
        return tape.gradient(output, [frames.values, *layer.trainable_variables], upstream)

    values_of_any_size, upstream_of_any_size = (
        tf.TensorSpec([None, None, tensor.shape[-1]], tensor.dtype) for tensor in (values, upstream)
    )
    frames_of_any_size = Frames(values_of_any_size, tf.TensorSpec([None], tf.int32))
    compiled = graph(both, [frames_of_any_size, upstream_of_any_size])
    return lambda: compiled(frames, upstream)


def keras(size: Size) -> Callable[[], Any]:
    """Makes Keras' Bidirectional layer, without a mask."""
    cell = KERAS[size.cell](size.units, return_sequences=True, dtype=_policy(size))
    layer = tf.keras.layers.Bidirectional(cell, dtype=_policy(size))
    values, upstream = _inputs(size)
    layer(values)

    def both(values: Tensor, upstream: Tensor) -> list[Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            output = layer(values, training=True)
        return tape.gradient(output, [values, *layer.trainable_variables], upstream)

    compiled = tf.function(both)
    return lambda: compiled(values, upstream)


def products(size: Size) -> Callable[[], Any]:
    """Makes the layer's matrix products, of the same shapes and dtype, with nothing between them.

    Those of all steps are one product for each direction: of the inputs, of the inputs' gradient, of the
    kernel's gradient and of the recurrent weights' gradient. Those of the recurrence, T forward and T
    backward for each direction, wait for one another: each reads a part of what the one before wrote.
    The chain is laid out without a loop, so that a loop's own cost is not in it. Both directions' links
    are one batched product or two single ones, whichever is faster here.
    """
    steps, batch, features, units, dtype, _ = size

    def normal(*shape: int) -> Tensor:
        return tf.cast(tf.random.stateless_normal(shape, [7, 8], stddev=0.01), dtype)

    directions = [
        (
            normal(steps * batch, features),
            normal(steps * batch, units),
            normal(steps * batch, size.width),
            normal(features, size.width),
            normal(units, size.width),
        )
        for _ in range(2)
    ]
    both = [tf.stack(pair) for pair in zip(*directions)]

    def outside(
        values: Tensor, hidden: Tensor, gates: Tensor, kernel: Tensor, recurrent: Tensor
    ) -> list[Tensor]:
        return [
            tf.matmul(values, kernel),
            tf.matmul(gates, kernel, transpose_b=True),
            tf.matmul(values, gates, transpose_a=True),
            tf.matmul(hidden, gates, transpose_a=True),
        ]

    def chain(
        values: Tensor, hidden: Tensor, gates: Tensor, kernel: Tensor, recurrent: Tensor
    ) -> list[Tensor]:
        """Steps one direction, or both where the tensors have a first dimension more."""
        output, d_gates = hidden[..., :batch, :], gates[..., :batch, :]
        for _ in range(steps):
            output = tf.matmul(output, recurrent)[..., :units]
        for step in range(steps):
            # A product gives [B, U] and the next one takes [B, GU]: the rest is the step's own rows.
            d_output = tf.matmul(d_gates, recurrent, transpose_b=True)
            rest = gates[..., step * batch : (step + 1) * batch, units:]
            d_gates = tf.concat([d_output, rest], axis=-1)
        return [output, d_gates]

    def single(directions: list[Operands], both: list[Tensor]) -> list[Any]:
        return [[*outside(*direction), *chain(*direction)] for direction in directions]

    def batched(directions: list[Operands], both: list[Tensor]) -> list[Any]:
        return [*(outside(*direction) for direction in directions), chain(*both)]

    def timed(way: Callable[..., Any]) -> Callable[[], Any]:
        compiled = tf.function(way)
        return lambda: compiled(directions, both)

    ways = {"single": timed(single), "batched": timed(batched)}
    seconds = timing.alternate(ways, TRIES, "GEMMs alone")
    return ways[min(ways, key=lambda way: seconds[way].min())]


def _policy(size: Size) -> str:
    return "mixed_bfloat16" if size.dtype == "bfloat16" else "float32"


def _inputs(size: Size) -> tuple[Tensor, Tensor]:
    """Values [B, T, D] and the gradient of the output [B, T, 2U]."""
    values = tf.random.stateless_normal([size.batch, size.steps, size.features], [1, 2])
    upstream = tf.random.stateless_normal([size.batch, size.steps, 2 * size.units], [3, 4])
    return tf.cast(values, size.dtype), tf.cast(upstream, size.dtype)
