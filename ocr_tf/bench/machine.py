"""What a measurement was made on."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.provenance import describe

TOLD = ("processor", "versions", "commit", "dirty")


def machine() -> dict[str, Any]:
    """Processor, threads that one operation may use, versions and commit."""
    told = describe(Experiment(name="bench"), {})
    return {**{key: told[key] for key in TOLD}, "threads": threads()}


def threads() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or cores
