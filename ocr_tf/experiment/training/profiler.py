"""A profile of a few training steps, where TensorBoard's profile plugin finds it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

WARMUP = 3  # steps of a start that are left out: the first ones trace, allocate and fill caches


class Profile:
    """Profiles `steps` steps, none if 0, and writes them to FOLDER/plugins/profile/DATE."""

    def __init__(self, folder: Path, steps: int):
        self.folder, self.steps = folder, steps
        self._done = 0  # steps since this start
        self._running = False

    @contextlib.contextmanager
    def step(self, number: int) -> Iterator[None]:
        """Around each step of the training."""
        if self.steps and self._done == WARMUP:
            tf.profiler.experimental.start(str(self.folder))
            self._running = True
        trace = tf.profiler.experimental.Trace("train", step_num=number, _r=1)
        with trace if self._running else contextlib.nullcontext():
            yield
        self._done += 1
        if self._done == WARMUP + self.steps:
            self.stop()

    def stop(self) -> None:
        """Writes what was profiled so far, if anything was; needed where the training ends."""
        if self._running:
            self._running = False
            tf.profiler.experimental.stop()
