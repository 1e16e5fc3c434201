"""The machine and the code that a measurement was made on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Optional

import tensorflow as tf

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.provenance import describe
from ocr_tf.processor import cores


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
    return tf.config.threading.get_intra_op_parallelism_threads() or cores()
