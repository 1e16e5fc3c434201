"""Timing of several things in turn, so that what drifts on the machine drifts for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from ocr_tf.progress import Progress
from ocr_tf.types import Array

Key = TypeVar("Key")

WARM_UP = 2  # calls that are not counted: they trace, allocate and fill caches


class Spread(NamedTuple):
    """The median of samples and their quartiles."""

    median: float
    low: float  # first quartile
    high: float  # third quartile


def spread(samples: Array) -> Spread:
    """Computes the median and quartiles of samples [N]."""
    low, median, high = np.percentile(samples, [25, 50, 75])
    return Spread(float(median), float(low), float(high))


def alternate(
    contestants: Mapping[Key, Callable[[], Any]],
    rounds: int,
    what: str = "measuring",
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Key, Array]:
    """Calls every contestant once a round, in the order given, after WARM_UP rounds that do not count.

    Returns:
        Seconds [rounds] of each: entry i of all of them comes from one round, so that ratios of
        entries hold whatever the machine's speed was in that round.
    """
    seconds = {name: np.zeros(rounds) for name in contestants}
    progress = Progress(what, (WARM_UP + rounds) * len(contestants))
    done = 0
    for number in range(-WARM_UP, rounds):
        for name, contestant in contestants.items():
            began = clock()
            contestant()
            tf.test.experimental.sync_devices()
            if number >= 0:
                seconds[name][number] = clock() - began
            done += 1
            progress.show(done, "warming up" if number < 0 else "")
    progress.clear()
    return seconds
