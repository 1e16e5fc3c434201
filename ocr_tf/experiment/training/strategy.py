"""Training on several devices: every batch is cut among replicas, which take one step together.

Two replicas take the step that one takes with the whole batch, but for rounding: batch statistics,
gradients and their norm are of the whole batch, and each line's dropout is what it is there.

A worker makes the images of its own rows of every batch, and each of its replicas takes some of them. The
workers tell each other the hashes of their rows, so that the chief's record of what was shown is that of a
training on one device.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.data.pipeline import WorkerShard
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.runs.description import SharedDevices
from ocr_tf.experiment.training.cluster import Task
from ocr_tf.types import Array, Batch, Images, Labels, Tensor

# How a collective operation fails where another process has ended or cannot be reached.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)

LINGER = 2.0  # seconds


class Part(NamedTuple):
    """A replica's rows of a batch, `first` to `end`; where it has none, one that weighs nothing."""

    batch: Batch  # [b, ...]
    key: Tensor  # by which these rows draw what they do in the whole batch
    first: Tensor  # []
    end: Tensor  # []
    rows: Tensor  # [] B, of the whole batch

    def spread(self, values: Tensor) -> Tensor:
        """Puts what belongs to the rows, [b], where it is in the whole batch, [B]; elsewhere zeros."""
        around = [[self.first, self.rows - self.end]]
        return tf.pad(values[: self.end - self.first], around)


def part(batch: Batch, key: Tensor) -> Part:
    """Cuts out the rows of the replica that calls it, as many as the others have or one more."""
    replica = tf.distribute.get_replica_context()
    rows, count = tf.shape(batch.ok)[0], replica.num_replicas_in_sync
    if count == 1:
        return Part(batch, key, tf.constant(0), rows, rows)
    number = tf.cast(replica.replica_id_in_sync_group, tf.int32)
    first, end = rows * number // count, rows * (number + 1) // count
    # Kernels refuse batches without lines: in their place, a line without columns and symbols.
    taken = tf.maximum(end, first + 1)
    images, labels, samples, ok = tf.nest.map_structure(lambda t: t[first:taken], batch)
    own = first + tf.range(taken - first) < end
    images = Images(images.values, tf.where(own, images.widths, 0))
    labels = Labels(labels.ids, tf.where(own, labels.lengths, 0))
    return Part(
        Batch(images, labels, samples, own & ok), rng.of_rows(key, first, rows), first, end, rows
    )


class Devices:
    """The replicas that take a step together, and this process' place among those that hold them."""

    def __init__(self, strategy: tf.distribute.Strategy, name: str, task: Task):
        self.strategy, self.name, self.task = strategy, name, task

    def shared(self) -> SharedDevices:
        """Tells what the order of sums over replicas depends on, for run.json."""
        return SharedDevices(self.name, self.strategy.num_replicas_in_sync, self.task.workers)

    def any(self, *flags: bool) -> list[bool]:
        """Tells of each flag whether it is set in any of the workers, which all call this."""
        if self.task.workers == 1:
            return list(flags)
        return [bool(n) for n in self._sum(np.array(flags, np.int32))]

    @property
    def shard(self) -> WorkerShard:
        """The rows of every batch that this worker's replicas take."""
        return WorkerShard(self.task.number, self.task.workers)

    def joined(self, rows: Array) -> Array:
        """Joins what the workers, which all call this, know of their own rows of a batch.

        Args:
            rows: [B, K] int32, zeros in the rows of the others.
        """
        if self.task.workers == 1:
            return rows
        return self._sum(rows.reshape(-1)).reshape(rows.shape)

    def from_chief(self, value: Any) -> Array:
        """Gives all workers, which all call this, the chief's value, bit for bit.

        Args:
            value: an array or number of 4 or 8 bytes an element, of one shape everywhere.
        """
        value = np.asarray(value)
        if self.task.workers == 1:
            return value
        bits = value.reshape(-1).view(f"i{value.itemsize}")
        bits = self._sum(bits if self.task.chief else np.zeros_like(bits))
        return bits.view(value.dtype).reshape(value.shape)

    def share(self, variables: dict[str, tf.Variable]) -> None:
        """Gives all workers the chief's variables."""
        if self.task.workers > 1:
            for variable in variables.values():
                variable.assign(self.from_chief(variable.numpy()))

    def check_same(self, **parts: Any) -> None:
        """Refuses workers that were not given the same.

        Raises:
            InputError: in all of them, where the text of a part, as `flags`, differs from the chief's.
        """
        own = np.array([rng.digest(part) for part in parts.values()], np.int32)
        differ = self.any(*(own != self.from_chief(own)))
        names = [name for name, differs in zip(parts, differ) if differs]
        if names:
            raise InputError(
                f"--train.strategy={self.name}: the workers' {' and '.join(names)} differ; start them all "
                "with the same flags, the same data and the same version"
            )

    def _sum(self, values: Array) -> Array:
        """Sums integers [N] over the workers."""
        total: Array = self.strategy.reduce("SUM", tf.constant(values), axis=None).numpy()
        return total


@contextlib.contextmanager
def devices(train: Train, task: Task) -> Iterator[Devices]:
    """Opens the devices that --train.strategy names; within, a worker that is lost ends the training.

    mirrored takes all GPUs, or without one all logical CPUs.

    Raises:
        InputError: the cluster cannot be made, or a worker of it is lost.
    """
    if train.strategy == "multi_worker":
        with _in_one_line(task):
            try:
                yield Devices(_cluster(task), train.strategy, task)
            finally:
                if not task.chief:  # its last answer may still be on the way to the chief
                    time.sleep(LINGER)
        return
    strategy, name = tf.distribute.get_strategy(), "none"
    if train.strategy == "mirrored":
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        names = [device.name for device in tf.config.list_logical_devices(kind)]
        if len(names) > 1:
            strategy, name = tf.distribute.MirroredStrategy(names), train.strategy
            print(f"mirrored: each batch is cut among {len(names)} {kind}s", file=sys.stderr)
        else:
            print(f"mirrored: there is one {kind}, which trains as without", file=sys.stderr)
    yield Devices(strategy, name, task)


def _cluster(task: Task) -> tf.distribute.Strategy:
    """Meets the other workers; the process waits until all have come."""
    who = (
        "the chief, which writes the run folder" if task.chief else "not the chief: writes nothing"
    )
    print(
        f"multi_worker: worker {task.number + 1} of {task.workers} ({who}); waiting for all",
        file=sys.stderr,
    )
    # TensorFlow waits outside of Python, whose handler would only be called afterwards.
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except LOST:
        raise
    except (RuntimeError, tf.errors.OpError) as error:  # a port in use; TensorFlow used before
        raise InputError(f"TF_CONFIG: the cluster cannot be made: {_gist(error)}") from None
    finally:
        signal.signal(signal.SIGINT, handler)
    print(f"multi_worker: {strategy.num_replicas_in_sync} replicas", file=sys.stderr)
    return strategy


@contextlib.contextmanager
def _in_one_line(task: Task) -> Iterator[None]:
    again = "give the same command again on all of them to go on from the last checkpoint"
    try:
        yield
    except LOST as error:
        raise InputError(
            f"multi_worker: another of the {task.workers} workers has ended or cannot be reached; {again} "
            f"({_gist(error)})"
        ) from None


def _gist(error: Exception) -> str:
    """Picks a line from what TensorFlow says, which goes on for pages."""
    lines = str(error).splitlines() or [""]
    return next((line for line in lines if "aborted by" in line), lines[0])[:200]
