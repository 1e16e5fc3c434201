"""What the conditions cost: parameters, FLOPs, latency, training time and memory, next to their errors.

    {"sample": [{"index", "width": scaled pixels, "symbols"}], lines of the test set at even places of the
        order by length, read one by one,
     "conditions": {condition: {"parameters": {part: n}, "flops": {part: [of each line of the sample]},
        "training_flops": {part: of a line of the sample, forward and backward, padding included},
        "read": [symbols read of each line of the sample]}},
     "steps_to_cer": {condition: {CER: [training steps by seed; null where it never came so far]}},
     "pareto": {cost: [{"condition", "cost", "rate": Figure, "front": bool}]},
     "timing": {"machine", "latency": {condition: {"early_stop" or "to_the_bound": {"each": [Spread of
        each line of the sample], "batch": Spread of a batch, "batch_lines": N}}}, "seconds_to_cer" and
        "pareto" as above, "training_seconds": {condition: [by seed]}, "memory": {condition: Peak}}}

Parts are encoder, sequence, head. Networks are those of the first seed; times are in seconds, from images
as tensors to texts, memory in bytes; a Spread is {"median", "low", "high"}, low and high being quartiles.
What is measured, and so differs each time, stands under `timing`; the rest follows from the runs.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.bench import flops, machine, memory, steps, timing
from ocr_tf.data import pipeline
from ocr_tf.data.dataset import Source
from ocr_tf.decode import Greedy
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import PARTS
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.experiment.runs.metrics_log import Validation
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.progress import Progress
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.inputs import Material
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Batch, Images

SAMPLE = 7  # lines read one by one
TARGETS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # CER on the validation lines
SEARCHES = {"early_stop": Greedy(), "to_the_bound": Greedy(early_stop=False)}


class Effort(NamedTuple):
    """How much is measured."""

    rounds: int = 20  # each times everything once
    batch: int = 32  # lines of the batch that is timed
    memory: bool = True  # a process of its own for every condition


USUAL = Effort()


def cost(
    grid: Grid, material: Material, metric: str = "cer", effort: Effort = USUAL
) -> dict[str, Any]:
    """Measures the conditions that have runs; see the module's docstring.

    Raises:
        InputError: there are no runs or no test images to measure with.
    """
    if not material.runs or material.source is None:
        raise InputError(f"nothing to measure cost on: {'; '.join(material.missing)}")
    networks = Networks(grid, material.runs)
    conditions = networks.conditions()
    contests = {c: Contest(networks, c, material.source, effort.batch) for c in conditions}
    rates = {c: estimates.rate(statistics.outcomes(grid, c, metric)) for c in conditions}
    reached = times_to_cer(
        {c: [material.runs[c, s] for s in networks.seeds(c)] for c in conditions}
    )
    counted = {c: contest.counted() for c, contest in contests.items()}
    taken = timing.alternate(
        {(c, *k): f for c, contest in contests.items() for k, f in contest.contestants().items()},
        effort.rounds,
        "timing",
    )
    return {
        "sample": next(iter(contests.values())).sample(),
        "conditions": counted,
        "steps_to_cer": _by_target(reached, "step"),
        "pareto": {
            "parameters": front(
                rates, {c: sum(of["parameters"].values()) for c, of in counted.items()}
            ),
            "FLOPs of a line": front(
                rates,
                {
                    c: float(np.mean(np.sum(list(of["flops"].values()), axis=0)))
                    for c, of in counted.items()
                },
            ),
        },
        "timing": _timing(networks, contests, taken, rates, reached, effort),
    }


class Contest:
    """One condition's network and the lines that it is measured on."""

    def __init__(self, networks: Networks, condition: str, source: Source, batch: int):
        self.condition = condition
        self.trained = networks.of(condition)
        lines = networks.lines(condition, source)
        self._lines = lines
        self._chosen = even_by_length(networks, source, SAMPLE)
        self._batch = self._images(even_by_length(networks, source, batch))
        self._singles = [self._images([i]) for i in self._chosen]
        self._whole = self._images(self._chosen)
        model = self.trained.model
        signature = [
            Images(tf.TensorSpec([None, model.height, None, 1]), tf.TensorSpec([None], tf.int32))
        ]
        self._read = {
            name: tf.function(
                functools.partial(model.recognize, search=search), input_signature=signature
            )
            for name, search in SEARCHES.items()
        }

    def sample(self) -> list[dict[str, int]]:
        return [
            {
                "index": int(i),
                "width": int(self._lines.widths[i]),
                "symbols": len(self._lines.texts[i]),
            }
            for i in self._chosen
        ]

    def counted(self) -> dict[str, Any]:
        """What follows from the run alone."""
        model = self.trained.model
        singles = Progress.over(self._singles, f"counting operations of {self.condition}")
        alone = [_flops(self.trained, single.images) for single in singles]
        training = steps.Parts(model, self._whole).flops()
        read = [self._read["early_stop"](single.images).lengths[0, 0] for single in self._singles]
        return {
            "parameters": {
                part: sum(math.prod(v.shape) for v in getattr(model, part).trainable_variables)
                for part in PARTS
            },
            "flops": {part: [line[part] for line in alone] for part in PARTS},
            "training_flops": {part: training[part].step / len(self._chosen) for part in PARTS},
            "read": [int(length) for length in read],
        }

    def contestants(self) -> dict[tuple[str, Any], Callable[[], Any]]:
        """Reading by (search, place in the sample or "batch")."""
        return {
            (name, what): functools.partial(read, batch.images)
            for name, read in self._read.items()
            for what, batch in [*enumerate(self._singles), ("batch", self._batch)]
        }

    def batch_lines(self) -> int:
        return int(tf.shape(self._batch.samples)[0])

    def memory(self) -> dict[str, Optional[int]]:
        """Of training steps of the run's batch size on lines of the sample's median size."""
        experiment, alphabet = self.trained.experiment, self.trained.model.alphabet
        width, symbols = (
            int(np.median([line[key] for line in self.sample()])) for key in ("width", "symbols")
        )
        size = experiment.train.batch_size, experiment.data.height, width, alphabet, symbols
        return memory.measure("ours", experiment, alphabet, size)._asdict()

    def _images(self, chosen: Sequence[int]) -> Batch:
        taken = self._lines.take(list(chosen))
        labels = [self.trained.model.alphabet.encode(text) for text in taken.texts]
        size = self.trained.experiment.geometry
        order = [np.arange(len(chosen))]
        (batch,) = pipeline.batches(taken, labels, order, size)
        return batch


def even_by_length(networks: Networks, source: Source, number: int) -> list[int]:
    """At most `number` of the lines with a text that every condition can read and write, at even places
    of their order by length; the same for all conditions.

    Raises:
        InputError: there is none.
    """
    lengths = np.array([len(sample.text) for sample in source.samples])
    usable = np.flatnonzero(networks.writable(source) & (lengths > 0))
    order = usable[np.argsort(lengths[usable], kind="stable")]
    if not len(order):
        raise InputError(f"{source.name}: no line that every condition can read")
    places = np.linspace(0, len(order) - 1, min(number, len(order))).round().astype(int)
    return [int(order[place]) for place in places]


def _flops(trained: Trained, images: Images) -> dict[str, int]:
    """Of reading, by part."""
    model = trained.model
    encoded = model.encoder(images, None)
    frames = model.sequence(encoded, None)
    return {
        "encoder": flops.count(lambda: model.encoder(images, None)),
        "sequence": flops.count(lambda: model.sequence(encoded, None)),
        "head": flops.count(lambda: model.head.decode(frames)),
    }


# Training


class Reached(NamedTuple):
    """When a training first came to a CER."""

    step: Optional[int]  # None: never
    seconds: Optional[float]  # of training; None also where the run did not record it


def times_to_cer(runs: Mapping[str, Sequence[Path]]) -> dict[str, list[dict[float, Reached]]]:
    """When each condition's runs first came to each of TARGETS, and to the lowest CER, in tenths of a
    per cent, that all of them came to; falling."""
    validations = {
        condition: [RunFolder(path).metrics.validations() for path in paths]
        for condition, paths in runs.items()
    }
    lowest = max(
        min((validation.cer for validation in run), default=math.inf)
        for of in validations.values()
        for run in of
    )
    common = {math.ceil(1000 * lowest) / 1000} if math.isfinite(lowest) else set()
    targets = sorted({*TARGETS, *common}, reverse=True)
    return {c: [_reached(run, targets) for run in of] for c, of in validations.items()}


def _reached(validations: Sequence[Validation], targets: Sequence[float]) -> dict[float, Reached]:
    """The first validation whose CER is each target or below."""
    found = {}
    for target in targets:
        first = next((v for v in validations if v.cer <= target), None)
        found[target] = Reached(first.step, first.elapsed) if first else Reached(None, None)
    return found


def _by_target(
    reached: Mapping[str, Sequence[Mapping[float, Reached]]], field: str
) -> dict[str, dict[str, list[Any]]]:
    return {
        condition: {
            f"{target:g}": [getattr(of[target], field) for of in runs] for target in runs[0]
        }
        for condition, runs in reached.items()
    }


# Times


def _timing(
    networks: Networks,
    contests: Mapping[str, Contest],
    taken: Mapping[Any, np.ndarray],
    rates: Mapping[str, estimates.Figure],
    reached: Any,
    effort: Effort,
) -> dict[str, Any]:
    def spread(key: Any) -> dict[str, float]:
        return timing.spread(taken[key])._asdict()

    latency: dict[str, Any] = {}
    for condition, contest in contests.items():
        latency[condition] = {
            search: {
                "each": [spread((condition, search, i)) for i in range(len(contest.sample()))],
                "batch": spread((condition, search, "batch")),
                "batch_lines": contest.batch_lines(),
            }
            for search in SEARCHES
        }
    trained = {
        c: [_seconds(networks.trained(c, seed)) for seed in networks.seeds(c)] for c in contests
    }
    usual = {c: of["early_stop"] for c, of in latency.items()}
    costs = {
        "seconds a line, alone": {
            c: float(np.mean([line["median"] for line in of["each"]])) for c, of in usual.items()
        },
        "seconds a line, in a batch": {
            c: of["batch"]["median"] / of["batch_lines"] for c, of in usual.items()
        },
        "seconds of training": {c: float(np.mean(of)) for c, of in trained.items()},
    }
    return {
        "machine": dataclasses.asdict(machine.machine()),
        "latency": latency,
        "seconds_to_cer": _by_target(reached, "seconds"),
        "training_seconds": trained,
        "memory": {
            contest.condition: contest.memory()
            for contest in Progress.over(contests.values(), "measuring peak memory")
            if effort.memory
        },
        "pareto": {name: front(rates, of) for name, of in costs.items()},
    }


def _seconds(trained: Trained) -> float:
    return float(trained.folder.checkpoints.state().elapsed)


# Cost against errors


def front(
    rates: Mapping[str, estimates.Figure], costs: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Every condition's cost and rate, and whether it is on the Pareto front."""
    on_it = pareto([(costs[name], rate.value) for name, rate in rates.items()])
    return [
        {"condition": name, "cost": costs[name], "rate": rate.as_dict(), "front": on}
        for (name, rate), on in zip(rates.items(), on_it)
    ]


def pareto(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each point (cost, errors) is on the front: no other is at most as costly with at most as
    many errors, and better in one of the two."""
    return [
        not any(
            other != point and other[0] <= point[0] and other[1] <= point[1] for other in points
        )
        for point in points
    ]
