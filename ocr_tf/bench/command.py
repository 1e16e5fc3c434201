"""tools/bench: measures what the command line names, prints tables and writes JSON."""

from __future__ import annotations

import os

import tensorflow as tf

from ocr_tf.bench import networks, report, subjects
from ocr_tf.experiment.tools import Bench


def run(config: Bench, names: list[str]) -> None:
    """
    Raises:
        InputError: a name or a size that cannot be measured.
    """
    found, exports = subjects.find(names)
    if found:
        print(
            f"{threads()} threads, TensorFlow {tf.__version__}; batches of {config.batch_size} lines "
            f"of {config.width} pixels, {config.label_length} symbols each; {config.repeats} rounds"
        )
        session = networks.measure(config, found)
        for line in report.lines(session, config.batch_size):
            print(line)


def threads() -> int:
    """How many threads an operation may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or cores
