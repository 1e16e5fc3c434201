"""Peak memory of a training step, each in a fresh process of its own."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple, Optional, Union

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment

# What `random_batch.batch` takes.
BatchArguments = Union[
    tuple[int, int, int, Alphabet, int], tuple[int, int, int, Alphabet, int, int]
]

STEPS = 3  # allocators and optimizers have what they want after the first


class Peak(NamedTuple):
    """Resident memory in bytes; None where the system does not tell."""

    imported: Optional[int]  # after the framework is imported, before there is a network
    training: Optional[int]  # the most while the network is built and takes STEPS steps


def measure(
    kind: str, experiment: Experiment, alphabet: Alphabet, batch_arguments: BatchArguments
) -> Peak:
    """Measures the peak of `ours` or of a baseline.

    Args:
        kind: `ours`, or what `--against` names.
        experiment: whose network is trained.
        alphabet: its symbols.
        batch_arguments: what `random_batch.batch` takes.

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


def _train(
    kind: str, experiment: Experiment, alphabet: Alphabet, batch_arguments: BatchArguments
) -> Peak:
    """Runs in the fresh process."""
    random_batch = importlib.import_module("ocr_tf.bench.random_batch")
    steps = importlib.import_module("ocr_tf.bench.steps")
    baselines = importlib.import_module("ocr_tf.bench.baselines")
    load = importlib.import_module("ocr_tf.experiment.inference.load")
    baseline = None if kind == "ours" else baselines.baseline(kind)
    imported = resident_peak()
    batch = random_batch.batch(*batch_arguments)
    if baseline is None:
        contestant = steps.Steps(load.build(experiment, alphabet), experiment.train, batch)
    else:
        contestant = baseline(experiment, alphabet, batch)
    for _ in range(STEPS):
        contestant.train()
    return Peak(imported, resident_peak())


def resident_peak() -> Optional[int]:
    """Returns the most bytes of memory that this process has held so far, None if unknown."""
    # Not getrusage's maximum, which a new process inherits from the one that started it.
    with contextlib.suppress(OSError):
        match = re.search(
            r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE
        )
        if match:
            return int(match.group(1)) * 1024
    return None
