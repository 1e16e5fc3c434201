"""Peak memory of a training step, each in a fresh process of its own."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ocr_tf.errors import InputError

STEPS = 3  # allocators and optimizers have what they want after the first


class Peak(NamedTuple):
    """Resident memory in bytes; None where the system does not tell."""

    imported: Optional[int]  # after TensorFlow is imported, before there is a network
    training: Optional[int]  # the most while the network is built and takes STEPS steps


def measure(kind: str, experiment: Any, alphabet: Any, batch_arguments: tuple) -> Peak:
    """The peak of `ours` or of the `keras` twin.

    Args:
        batch_arguments: what `inputs.batch` takes.

    Raises:
        InputError: the process was killed.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_train, kind, experiment, alphabet, batch_arguments).result()
        except BrokenProcessPool:
            raise InputError(
                "the process whose memory is measured was killed, as when there is no memory left: "
                "take a smaller --batch_size, or leave memory out of --measure"
            ) from None


def _train(kind: str, experiment: Any, alphabet: Any, batch_arguments: tuple) -> Peak:
    """Runs in the fresh process."""
    inputs = importlib.import_module("ocr_tf.bench.random_batch")
    steps = importlib.import_module("ocr_tf.bench.steps")
    twin = importlib.import_module("ocr_tf.bench.keras_baseline")
    restore = importlib.import_module("ocr_tf.experiment.inference.load")
    imported = resident_peak()
    batch = inputs.batch(*batch_arguments)
    if kind == "keras":
        contestant = twin.Twin(experiment, alphabet, batch)
    else:
        contestant = steps.Steps(restore.build(experiment, alphabet), experiment.train, batch)
    for _ in range(STEPS):
        contestant.train()
    return Peak(imported, resident_peak())


def resident_peak() -> Optional[int]:
    """The most bytes of memory that this process has held so far."""
    # Not getrusage's maximum, which a new process inherits from the one that started it.
    with contextlib.suppress(OSError):
        found = re.search(
            r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE
        )
        if found:
            return int(found.group(1)) * 1024
    return None
