"""The training step and the inference of an experiment, as a whole and part by part."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.bench import flops
from ocr_tf.experiment.config.experiment import PARTS, Experiment, Train
from ocr_tf.experiment.training.step import Stepper
from ocr_tf.graphs import graph
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Batch, Images, Tensor


class Flops(NamedTuple):
    """FLOPs of one part."""

    forward: int  # as in training
    step: int  # forward and backward


def still(experiment: Experiment, dtype: str, batch_size: int) -> Experiment:
    """Puts an experiment into a dtype, with a learning rate of 0: its weights, and so its speed, stay."""
    train = dataclasses.replace(
        experiment.train,
        bfloat16=str(dtype == "bfloat16").lower(),
        batch_size=batch_size,
        learning_rate=0.0,
    )
    return dataclasses.replace(experiment, train=train)


class Steps:
    """An experiment's network on one batch; every method without arguments is one thing to time."""

    def __init__(self, model: Recognizer, train: Train, batch: Batch):
        self.model, self.batch = model, batch
        self.stepper = Stepper(model, train)
        images = Images(
            tf.TensorSpec([None, self.model.height, None, 1]), tf.TensorSpec([None], tf.int32)
        )
        self._read = graph(self.model.recognize, [images])

    def train(self) -> Any:
        """Takes one whole training step, its update included."""
        return self.stepper(self.batch)

    def read(self) -> Any:
        """Reads images as texts, without gradients."""
        return self._read(self.batch.images)

    def parameters(self) -> int:
        """Counts the numbers that are learned."""
        return sum(math.prod(variable.shape) for variable in self.model.trainable_variables)

    def decoded(self) -> float:
        """Returns the mean symbols of a text read: what an autoregressive head's time depends on."""
        return float(tf.reduce_mean(tf.cast(self.read().lengths[:, 0], tf.float32)))


class Parts:
    """Encoder, sequence and head alone, each fed with what the part before it puts out."""

    def __init__(self, model: Recognizer, batch: Batch):
        self.model, self.batch = model, batch
        self.key = tf.constant([0, 1])
        encoded = model.encoder(batch.images, self._key("encoder"))
        self.frames = {"sequence": encoded}
        self.frames["head"] = model.sequence(encoded, self._key("sequence"))
        self.upstream = {
            "encoder": _noise(encoded.values),
            "sequence": _noise(self.frames["head"].values),
        }

    def _key(self, part: str) -> Optional[Tensor]:
        return None if part in self.model.frozen else rng.fold(self.key, part)

    def functions(self) -> dict[str, Callable[[], Any]]:
        """Compiles forward and backward of each part for any size of batch, as a step is."""
        return {name: self._compiled(name) for name in PARTS}

    def flops(self) -> dict[str, Flops]:
        """Counts the FLOPs of each part."""
        return {
            name: Flops(
                flops.count(lambda: self._forward(name, *self._arguments(name))),  # noqa: B023
                flops.count(lambda: self._both(name, *self._arguments(name))),  # noqa: B023
            )
            for name in PARTS
        }

    def _arguments(self, name: str) -> tuple[Any, Any]:
        """Returns a part's input, and its upstream gradient or, for the head, the labels."""
        if name == "encoder":
            return self.batch.images, self.upstream["encoder"]
        if name == "sequence":
            return self.frames["sequence"], self.upstream["sequence"]
        return self.frames["head"], self.batch.labels

    def _compiled(self, name: str) -> Callable[[], Any]:
        arguments = self._arguments(name)
        signature = tf.nest.map_structure(_any_size, arguments)
        both = graph(lambda *given: self._both(name, *given), signature)
        return lambda: both(*arguments)

    def _forward(self, name: str, given: Any, other: Any) -> Tensor:
        if name == "head":
            return self.model.head.loss(given, other, self._key("head"))
        return getattr(self.model, name)(given, self._key(name)).values

    def _both(self, name: str, given: Any, other: Any) -> list[Tensor]:
        """Returns the gradients that a step needs of this part.

        They are its weights', and its input's if any part before it learns.
        """
        sources = list(getattr(self.model, name).trainable_variables)
        before = PARTS[: PARTS.index(name)]
        if any(getattr(self.model, part).trainable_variables for part in before):
            sources.append(given.values)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            output = self._forward(name, given, other)
        return tape.gradient(output, sources, None if name == "head" else other)


def _noise(like: Tensor) -> Tensor:
    return tf.cast(tf.random.stateless_normal(tf.shape(like), [5, 6]), like.dtype)


def _any_size(tensor: Tensor) -> tf.TensorSpec:
    """Returns what batches of all sizes share: batch, width and time vary, features do not."""
    if len(tensor.shape) == 4:  # [B, H, W, 1]
        return tf.TensorSpec([None, tensor.shape[1], None, tensor.shape[3]], tensor.dtype)
    if len(tensor.shape) == 3:  # [B, T, D]
        return tf.TensorSpec([None, None, tensor.shape[2]], tensor.dtype)
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)
