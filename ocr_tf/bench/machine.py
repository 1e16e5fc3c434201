"""The machine and the code that a measurement was made on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Optional

import tensorflow as tf

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.provenance import describe


@dataclasses.dataclass(frozen=True)
class Machine:
    """The machine and the code that figures come from."""

    processor: str
    threads: int  # that one operation may use
    versions: Mapping[str, Optional[str]]  # by package
    commit: Optional[str]  # None outside git
    dirty: Optional[bool]  # whether the code has changed since the commit


def machine() -> Machine:
    """Describes this machine and the code that runs."""
    described = describe(Experiment(name="bench"), {})
    return Machine(
        processor=described["processor"],
        threads=threads(),
        versions=described["versions"],
        commit=described["commit"],
        dirty=described["dirty"],
    )


def threads() -> int:
    """Returns the threads that one operation may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or cores
