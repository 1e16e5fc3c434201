"""One step of training: loss, gradient, update; a function of the batch and the step's number."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.training.gradient import sized
from ocr_tf.experiment.training.strategy import part
from ocr_tf.experiment.training.weight_decay import is_decayed
from ocr_tf.graphs import graph
from ocr_tf.recognizer import Recognizer, batch_signature
from ocr_tf.types import Batch


class Outcome(NamedTuple):
    """What one training step gives."""

    loss: tf.Tensor  # [] mean over the batch's lines
    losses: tf.Tensor  # [B], 0 where a line could not be read
    ok: tf.Tensor  # [B] bool, False where a line could not be read
    gradient_norm: tf.Tensor  # [] as it was
    clipped: tf.Tensor  # [] bool, whether the gradient was
    learning_rate: tf.Tensor  # []

    def finite(self) -> bool:
        """Tells whether every line's loss and the gradient are finite; needs eager tensors."""
        return bool(np.isfinite(self.losses).all() and np.isfinite(self.gradient_norm))


class Schedule(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to the peak, then constant, linear or cosine decay to 0 at the last step."""

    def __init__(self, train: Train):
        self.train = train

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the learning rate of a step, a scalar."""
        train, step = self.train, tf.cast(step, tf.float32)
        warm = (step + 1) / max(1, train.warmup_steps)
        progress = (step - train.warmup_steps) / max(1, train.steps - train.warmup_steps)
        progress = tf.clip_by_value(progress, 0.0, 1.0)
        fall = {
            "constant": tf.ones_like(progress),
            "linear": 1 - progress,
            "cosine": 0.5 * (1 + tf.cos(math.pi * progress)),
        }[train.decay]
        return train.learning_rate * tf.minimum(warm, 1.0) * fall

    def get_config(self) -> dict[str, Any]:
        """Returns what makes it anew, as Keras asks."""
        return {"train": self.train}


def make_optimizer(train: Train) -> tf.keras.optimizers.legacy.Optimizer:
    """Makes an optimizer of Keras before 2.11.

    It runs one fused kernel a variable, where later ones pass over each variable a dozen times.
    """
    rate = Schedule(train)
    if train.optimizer == "adadelta":
        return tf.keras.optimizers.legacy.Adadelta(rate, rho=0.95)
    if train.optimizer == "momentum":
        return tf.keras.optimizers.legacy.SGD(rate, momentum=train.momentum)
    return tf.keras.optimizers.legacy.Adam(rate)


class Stepper:
    """Owns the optimizer of a model; each call is one step.

    Made in a strategy's scope, it cuts each batch among the replicas.
    """

    def __init__(self, model: Recognizer, train: Train):
        self.model, self.train = model, train
        self.optimizer = make_optimizer(train)
        # What Keras makes at the first step, a checkpoint needs before it.
        self.optimizer._create_all_weights(model.trainable_variables)
        # One graph for all sizes: a graph traced for the first batch's own would round otherwise, and
        # which batch is first depends on where a run was resumed.
        self._step = graph(self._run, [batch_signature(model.height)])
        self._strategy = tf.distribute.get_strategy()

    def __call__(self, batch: Batch) -> Outcome:
        """Takes one step on a batch."""
        return self._step(batch)

    def variables(self) -> dict[str, tf.Variable]:
        """Every variable that a checkpoint needs, by path: the model's and the optimizer's."""
        variables = {rng.path(v): v for v in self.model.variables}
        variables |= {f"optimizer/{rng.path(v)}": v for v in self.optimizer.variables()}
        if len(variables) != len(self.model.variables) + len(self.optimizer.variables()):
            raise ValueError("two variables share a path")
        return variables

    def _run(self, batch: Batch) -> Outcome:
        outcome = self._strategy.run(self._take, (batch,))
        local = self._strategy.experimental_local_results
        return tf.nest.map_structure(lambda value: local(value)[0], outcome)  # all have the same

    def _take(self, whole: Batch) -> Outcome:
        """Takes the step of one replica."""
        step = self.optimizer.iterations
        replica = tf.distribute.get_replica_context()
        own = part(whole, tf.stack([self.train.seed, tf.cast(step, tf.int32)]))
        batch = own.batch
        # Without columns, what stands in for an unreadable image enters no batch statistics.
        images = batch.images._replace(widths=tf.where(batch.ok, batch.images.widths, 0))
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            progress = tf.cast(step, tf.float32) / self.train.steps
            losses = self.model.loss(images, batch.labels, own.key, progress)
            losses = tf.where(batch.ok, losses, 0.0)
            # The nominal size, so that a line weighs the same in the last, smaller batch.
            loss = tf.reduce_sum(losses) / self.train.batch_size
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        # Summed before the norm, so that replicas clip as one device with the whole batch would.
        readable = own.spread(tf.cast(batch.ok, tf.float32))
        *gradients, losses, readable = replica.all_reduce(
            "sum", [*gradients, own.spread(losses), readable]
        )
        gradients, norm, clipped = sized(gradients, self.train)
        rate = Schedule(self.train)(step)
        if self.train.optimizer == "adamw":
            self._decay(variables, rate)
        self.optimizer.apply_gradients(
            zip(gradients, variables), experimental_aggregate_gradients=False
        )
        loss = tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(readable), 1.0)
        return Outcome(loss, losses, readable > 0, norm, clipped, rate)

    def _decay(self, variables: list[tf.Variable], rate: tf.Tensor) -> None:
        """Weight decay apart from the gradient (Loshchilov and Hutter 2019), of `is_decayed` variables."""
        for variable in variables:
            if is_decayed(rng.path(variable)):
                _shrink(variable, self.train.weight_decay * rate)


def _shrink(variable: tf.Variable, share: tf.Tensor) -> None:
    """Takes a share off a variable that every replica has: once for each device, not for each replica."""

    def on_all(strategy: tf.distribute.Strategy, share: tf.Tensor) -> None:
        strategy.extended.update(variable, lambda v, part: v.assign_sub(part * v), (share,))

    tf.distribute.get_replica_context().merge_call(on_all, (share,))
