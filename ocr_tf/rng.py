"""Randomness that is a function of a key, never drawn from a stream.

A key is an int32 tensor [2], as TensorFlow's stateless operations take it. Training makes it from
(seed, step); each layer folds in its own name, so that no layer's draw depends on which others exist:
two heads under one seed see the same dropout in encoder and sequence.

A device that has only some rows of a batch is given a key [4], see `of_rows`: it draws for them what one
device would that has them all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from ocr_tf.types import Array, Tensor


def digest(*parts: object) -> int:
    """Makes a 31-bit number from the parts' text, the same in every process and version."""
    text = "\0".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1


def fold(key: Tensor, data: Tensor | int | str) -> Tensor:
    """Makes a new key from a key and a name or number."""
    if isinstance(data, str):
        data = digest(data)
    folded = tf.random.experimental.stateless_fold_in(key[:2], data)
    return tf.concat([folded, key[2:]], axis=0) if key.shape[0] > 2 else folded


def of_rows(key: Tensor, first: Tensor, rows: Tensor) -> Tensor:
    """Makes the key [4] of a device that has a batch's rows from number `first` on.

    Args:
        key: [2], of the whole batch.
        first: [] int32.
        rows: [] int32, of the whole batch.
    """
    return tf.concat([key, [first, rows]], axis=0)


def uniform(shape: Tensor, key: Tensor, batch_axis: int = 0) -> Tensor:
    """Draws float32 numbers in [0, 1) of a shape, one axis of which is the batch.

    By a key of some of a batch's rows, it draws for the whole batch and returns what is theirs.
    """
    if key.shape[0] == 2:
        return tf.random.stateless_uniform(shape, key)
    first, rows = key[2], key[3]
    whole = tf.concat([shape[:batch_axis], [rows], shape[batch_axis + 1 :]], axis=0)
    own = first + tf.range(shape[batch_axis])
    return tf.gather(tf.random.stateless_uniform(whole, key[:2]), own, axis=batch_axis)


def dropout(
    values: Tensor, rate: float, key: Tensor | None, name: str, batch_axis: int = 0
) -> Tensor:
    """Drops values, inverted, keyed by (key, name); without a key, at inference, drops none."""
    if key is None or rate == 0:
        return values
    draw = uniform(tf.shape(values), fold(key, name), batch_axis)
    return values * tf.cast(draw >= rate, values.dtype) / tf.cast(1 - rate, values.dtype)


def path(variable: tf.Variable) -> str:
    """Returns a variable's name without TensorFlow's output suffix: encoder/conv1/kernel."""
    return variable.name.split(":")[0]


def initial_value(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """Computes a variable's first value, from the seed, its path and its shape alone.

    Glorot uniform for kernels and embeddings; orthogonal for recurrent kernels, gate by gate; zeros for
    biases, but ones for an LSTM's forget gate; ones for gamma and a moving variance; zeros for a kernel
    whose layer is to begin with its bias alone, a zero_kernel.
    """
    kind = name.rsplit("/", 1)[-1]
    draw = np.random.Generator(np.random.Philox(key=digest(seed, name)))
    if kind in ("gamma", "moving_variance", "attention_g"):
        return np.ones(shape, np.float32)
    if kind in ("beta", "moving_mean", "attention_b", "zero_kernel"):
        return np.zeros(shape, np.float32)
    if kind == "bias":
        value = np.zeros(shape, np.float32)
        if "lstm" in name.split("/")[-2]:
            units = shape[-1] // 4
            value[units : 2 * units] = 1
        return value
    if kind == "recurrent_kernel":
        units = shape[0]
        gates = [
            _orthogonal(draw.standard_normal((units, units))) for _ in range(shape[1] // units)
        ]
        return np.concatenate(gates, axis=1).astype(np.float32)
    receptive = math.prod(shape[:-2])
    inputs, outputs = (shape[-2], shape[-1]) if len(shape) > 1 else (shape[0], 1)
    limit = math.sqrt(6 / (receptive * (inputs + outputs)))
    return draw.uniform(-limit, limit, shape).astype(np.float32)


def _orthogonal(normal: Array) -> Array:
    """Makes a matrix of standard normal numbers an orthogonal one, all of which are as likely.

    Q of the QR decomposition is not: without the signs of R's diagonal its own has a bias (Mezzadri 2007,
    How to generate random matrices from the classical compact groups, section 5).
    """
    q, r = np.linalg.qr(normal)
    return q * np.sign(np.diag(r))


def initialize(variables: Iterable[tf.Variable], seed: int) -> None:
    """Gives every variable its keyed first value. Raises ValueError if two share a path."""
    variables = list(variables)
    paths = [path(variable) for variable in variables]
    if len(set(paths)) != len(paths):
        raise ValueError(f"two variables share a path: {sorted(paths)}")
    for name, variable in zip(paths, variables):
        variable.assign(initial_value(name, tuple(variable.shape), seed))
