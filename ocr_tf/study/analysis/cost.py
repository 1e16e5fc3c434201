"""Measures what the conditions cost, next to their errors; `cost_content` describes the result."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, TypeVar, Union

import numpy as np

from ocr_tf.bench import machine, timing
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.experiment.runs.metrics_log import Validation
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.progress import Progress
from ocr_tf.study.analysis import cost_content
from ocr_tf.study.analysis.contestant import OWN, TO_THE_BOUND, Contestant
from ocr_tf.study.analysis.cost_content import (
    Cost,
    Latencies,
    Latency,
    Machine,
    Memory,
    Seconds,
    Timing,
)
from ocr_tf.study.analysis.pareto import front
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.inputs import Inputs
from ocr_tf.study.comparison.models import Network, Networks
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

SAMPLE = 7  # lines read one by one
TARGETS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # CER on the validation lines

Value = TypeVar("Value")

# What is timed: condition, OWN or TO_THE_BOUND, and the place in the sample or "batch".
Timed = tuple[str, str, Union[int, str]]


class Effort(NamedTuple):
    """The amount of measuring."""

    rounds: int = 20  # each times everything once
    batch: int = 32  # lines of the batch that is timed
    memory: bool = True  # a process of its own for every condition


USUAL = Effort()


def measure(
    grid: Grid,
    inputs: Inputs,
    networks: Optional[Networks],
    metric: str = "cer",
    effort: Effort = USUAL,
) -> Cost:
    """Measures the conditions that have runs.

    Args:
        grid: the readings.
        inputs: what they came from.
        networks: of `inputs.runs`; None where there are none.
        metric: of the errors that costs are set against.
        effort: how much is measured.

    Raises:
        InputError: there are no runs or no test images to measure with.
    """
    if networks is None or not inputs.runs or inputs.source is None:
        raise InputError(f"nothing to measure cost on: {'; '.join(inputs.missing)}")
    contestants = {
        c: Contestant(networks, c, inputs.source, SAMPLE, effort.batch)
        for c in networks.conditions()
    }
    rates = {c: estimates.rate(statistics.outcomes(grid, c, metric)) for c in contestants}
    reached = times_to_cer(
        {c: [inputs.runs[c, seed] for seed in networks.seeds(c)] for c in contestants}
    )
    sizes = {c: contestant.size() for c, contestant in contestants.items()}
    times = timing.alternate(
        {(c, *key): call for c, one in contestants.items() for key, call in one.calls().items()},
        effort.rounds,
        "timing",
    )
    parameters = {c: float(sum(size.parameters.values())) for c, size in sizes.items()}
    line_flops = {
        c: float(np.mean(np.sum(list(size.flops.values()), axis=0))) for c, size in sizes.items()
    }
    return Cost(
        sample=next(iter(contestants.values())).sample(),
        conditions=sizes,
        steps_to_cer=_by_target(
            {
                c: [{t: r.step for t, r in run.items()} for run in runs]
                for c, runs in reached.items()
            }
        ),
        pareto={
            cost_content.PARAMETERS: front(rates, parameters),
            cost_content.FLOPS: front(rates, line_flops),
        },
        timing=_timing(networks, contestants, times, rates, reached, effort),
    )


# Training


class Reached(NamedTuple):
    """When a training first came to a CER."""

    step: Optional[int]  # None: never
    seconds: Optional[float]  # of training; None also where the run did not record it


def times_to_cer(runs: Mapping[str, Sequence[Path]]) -> dict[str, list[dict[float, Reached]]]:
    """Finds when each run first came to each of TARGETS, by condition and run.

    One target more is the lowest CER, in tenths of a per cent, that all runs came to. Targets fall.
    """
    validations = {
        c: [RunFolder(folder).metrics.validations() for folder in folders]
        for c, folders in runs.items()
    }
    lowest = max(
        min((validation.cer for validation in run), default=math.inf)
        for of_condition in validations.values()
        for run in of_condition
    )
    common = {math.ceil(1000 * lowest) / 1000} if math.isfinite(lowest) else set()
    targets = sorted({*TARGETS, *common}, reverse=True)
    return {
        c: [{target: _first_reached(run, target) for target in targets} for run in of_condition]
        for c, of_condition in validations.items()
    }


def _first_reached(validations: Sequence[Validation], target: float) -> Reached:
    """The first validation whose CER is the target or below."""
    first = next((v for v in validations if v.cer <= target), None)
    return Reached(first.step, first.elapsed) if first else Reached(None, None)


def _by_target(
    runs: Mapping[str, Sequence[Mapping[float, Value]]],
) -> dict[str, dict[str, tuple[Value, ...]]]:
    """Turns {condition: [{CER: value} of each run]} inside out; CERs become text, as JSON needs it."""
    return {
        condition: {
            f"{target:g}": tuple(run[target] for run in of_condition) for target in of_condition[0]
        }
        for condition, of_condition in runs.items()
    }


# Times


def _timing(
    networks: Networks,
    contestants: Mapping[str, Contestant],
    times: Mapping[Timed, Array],
    rates: Mapping[str, RateEstimate],
    reached: Mapping[str, Sequence[Mapping[float, Reached]]],
    effort: Effort,
) -> Timing:
    """Sums up what was timed, and measures memory."""
    latency = {c: _latencies(contestant, times) for c, contestant in contestants.items()}
    usual = {c: latencies.own for c, latencies in latency.items()}
    trained = {
        c: tuple(_training_seconds(networks.trained(c, seed)) for seed in networks.seeds(c))
        for c in contestants
    }
    alone = {c: float(np.mean([line.median for line in one.each])) for c, one in usual.items()}
    in_batch = {c: one.batch.median / one.batch_lines for c, one in usual.items()}
    mean_trained = {c: float(np.mean(seconds)) for c, seconds in trained.items()}
    return Timing(
        machine=Machine(**dataclasses.asdict(machine.machine())),
        latency=latency,
        seconds_to_cer=_by_target(
            {
                c: [{t: r.seconds for t, r in run.items()} for run in runs]
                for c, runs in reached.items()
            }
        ),
        training_seconds=trained,
        memory=_memory(contestants) if effort.memory else {},
        pareto={
            cost_content.SECONDS_ALONE: front(rates, alone),
            cost_content.SECONDS_IN_BATCH: front(rates, in_batch),
            cost_content.TRAINING_SECONDS: front(rates, mean_trained),
        },
    )


def _memory(contestants: Mapping[str, Contestant]) -> dict[str, Memory]:
    """Measures every training once, whatever the searches that it is read with."""
    measured: dict[Network, Memory] = {}
    for contestant in Progress.over(contestants.values(), "measuring peak memory"):
        if contestant.network not in measured:
            measured[contestant.network] = contestant.memory()
    return {c: measured[contestant.network] for c, contestant in contestants.items()}


def _latencies(contestant: Contestant, times: Mapping[Timed, Array]) -> Latencies:
    def seconds(search: str, what: Union[int, str]) -> Seconds:
        return Seconds(*timing.spread(times[contestant.condition, search, what]))

    def latency(search: str) -> Latency:
        return Latency(
            each=tuple(seconds(search, i) for i in range(len(contestant.sample()))),
            batch=seconds(search, "batch"),
            batch_lines=contestant.batch_lines(),
        )

    bounded = (contestant.condition, TO_THE_BOUND, "batch") in times
    return Latencies(
        search=contestant.searched(),
        own=latency(OWN),
        to_the_bound=latency(TO_THE_BOUND) if bounded else None,
    )


def _training_seconds(trained: Trained) -> float:
    return float(trained.folder.checkpoints.state().elapsed)
