"""The cost of conditions, as the renderers of a report take it. TensorFlow-free.

Parts are those of `ocr_tf.experiment.config.experiment.PARTS`: encoder, sequence, head. Networks are those
of each condition's first seed, and read with its search. What is measured, and so differs each time, stands
under `Cost.timing`; the rest follows from the runs.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

from ocr_tf.study.comparison.estimates import RateEstimate

# The costs that errors are set against: names in `Cost.pareto` and `Timing.pareto`.
PARAMETERS = "parameters"
FLOPS = "FLOPs of a line"
SECONDS_ALONE = "seconds a line, alone"
SECONDS_IN_BATCH = "seconds a line, in a batch"
TRAINING_SECONDS = "seconds of training"


@dataclasses.dataclass(frozen=True)
class SampleLine:
    """A test line that is read one by one."""

    index: int
    width: int  # pixels after resizing
    symbols: int


@dataclasses.dataclass(frozen=True)
class Size:
    """The parameters and operations of a network, counted."""

    parameters: dict[str, int]  # by part
    flops: dict[str, tuple[int, ...]]  # of reading, by part and line of the sample
    training_flops: dict[str, float]  # by part, a line: forward and backward, padding included
    read: tuple[int, ...]  # symbols read of each line of the sample


@dataclasses.dataclass(frozen=True)
class ParetoPoint:
    """A condition's cost and its errors."""

    condition: str
    cost: float
    rate: RateEstimate
    front: bool  # no other is at most as costly with at most as many errors, and better in one of the two


@dataclasses.dataclass(frozen=True)
class Seconds:
    """A spread of times."""

    median: float
    low: float  # first quartile
    high: float  # third quartile


@dataclasses.dataclass(frozen=True)
class Latency:
    """The time of one search, from images as tensors to texts."""

    each: tuple[Seconds, ...]  # a line of the sample, read alone
    batch: Seconds
    batch_lines: int


@dataclasses.dataclass(frozen=True)
class Latencies:
    """The search that the condition reads with; and beside greedy search, the same to its bound."""

    search: str  # as --search names it
    own: Latency
    to_the_bound: Optional[Latency]  # None: the search is not greedy


@dataclasses.dataclass(frozen=True)
class Memory:
    """Resident memory of a process that trains, in bytes; None where the system does not tell."""

    imported: Optional[int]  # of the libraries alone
    training: Optional[int]  # at its peak


@dataclasses.dataclass(frozen=True)
class Machine:
    """The machine and the code that the times were measured on."""

    processor: str
    threads: int  # that one operation may use
    versions: dict[str, Optional[str]]  # by package
    commit: Optional[str]
    dirty: Optional[bool]  # the working tree held changes


@dataclasses.dataclass(frozen=True)
class Timing:
    """Times and memory, which differ with each measurement."""

    machine: Machine
    latency: dict[str, Latencies]  # by condition
    seconds_to_cer: dict[str, dict[str, tuple[Optional[float], ...]]]  # by condition, CER and seed
    training_seconds: dict[str, tuple[float, ...]]  # by condition and seed
    memory: dict[str, Memory]  # by condition
    pareto: dict[str, tuple[ParetoPoint, ...]]  # by kind of cost


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of all conditions, next to their errors."""

    sample: tuple[SampleLine, ...]  # at even places of the test lines' order by length
    conditions: dict[str, Size]
    # Training steps until a CER on the validation lines was first reached, by condition, CER and seed;
    # None: never.
    steps_to_cer: dict[str, dict[str, tuple[Optional[int], ...]]]
    pareto: dict[str, tuple[ParetoPoint, ...]]  # by kind of cost
    timing: Timing
