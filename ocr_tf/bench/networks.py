"""Measures networks: all of them, their parts, their plain twins and the peak, in one alternation."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

import numpy as np

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import flops, inputs, layer, memory, peak, steps, timing, twin
from ocr_tf.bench.subjects import Network
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import PARTS, Experiment
from ocr_tf.experiment.tools import Bench
from ocr_tf.types import Batch

TRAIN, READ = "training step", "inference"


class Row(NamedTuple):
    """One thing that was timed."""

    what: str
    seconds: np.ndarray  # [rounds]
    forward: Optional[int] = None  # FLOPs of the forward pass
    flops: Optional[int] = None  # of all that was timed


class Measured(NamedTuple):
    """A network in one dtype."""

    name: str
    experiment: Experiment
    dtype: str
    parameters: int  # that are learnt
    rows: list[Row]
    decoded: Optional[float]  # symbols a line at inference, on average
    memory: dict[str, memory.Peak]  # ours, and keras where it is asked for


class Layers(NamedTuple):
    """One bidirectional layer."""

    size: layer.Size
    rows: list[Row]


class Session(NamedTuple):
    """Everything that one alternation has measured."""

    peaks: dict[str, tuple[peak.Product, np.ndarray]]  # of each dtype, with its seconds [rounds]
    networks: list[Measured]
    layers: list[Layers]


def measure(config: Bench, networks: list[Network]) -> Session:
    """
    Raises:
        InputError: a batch that a head cannot learn, or an encoder without a twin.
    """
    variants = [
        (network, steps.still(network.experiment, dtype, config.batch_size))
        for dtype in dict.fromkeys(config.dtypes)
        for network in networks
    ]
    products = {dtype: peak.fastest(dtype) for dtype in dict.fromkeys(config.dtypes)}
    contests = [_Contest(config, network, experiment) for network, experiment in variants]
    sizes = [c.layer_size for c in contests if "layer" in config.measure]
    contestants: dict[Any, Callable[[], Any]] = {}
    for dtype, product in products.items():
        contestants["peak", dtype] = product.run
        for contest in contests:
            if contest.dtype == dtype:
                contestants.update(contest.contestants())
        for size in dict.fromkeys(size for size in sizes if size and size.dtype == dtype):
            for what, function in layer.contestants(size).items():
                contestants[size, what] = function
    seconds = timing.alternate(contestants, config.repeats)
    return Session(
        {dtype: (product, seconds["peak", dtype]) for dtype, product in products.items()},
        [contest.measured(seconds) for contest in contests],
        [
            Layers(
                size, [Row(k[1], s, flops=size.flops) for k, s in seconds.items() if k[0] == size]
            )
            for size in dict.fromkeys(size for size in sizes if size)
        ],
    )


class _Contest:
    """What is timed of one network in one dtype."""

    def __init__(self, config: Bench, network: Network, experiment: Experiment):
        self.config, self.network, self.experiment = config, network, experiment
        self.dtype = "bfloat16" if experiment.train.bfloat16 else "float32"
        self.batch_arguments = (
            config.batch_size,
            experiment.data.height,
            config.width,
            network.alphabet,
            config.label_length,
            config.narrowest,
        )
        self.batch = inputs.batch(*self.batch_arguments)
        _check(config, experiment, network.alphabet, self.batch)
        model = network.build(experiment)
        self.steps = steps.Steps(model, experiment.train, self.batch)
        self.parts = steps.Parts(model, self.batch)
        self.twin = None
        if config.against == "keras":
            self.twin = twin.Twin(experiment, network.alphabet, self.batch)
            if self.twin.parameters() != self.steps.parameters() and not experiment.train.freeze:
                raise ValueError(
                    f"{network.name}: its twin has {self.twin.parameters()} parameters"
                )

    @property
    def layer_size(self) -> Optional[layer.Size]:
        """Of the first recurrent layer."""
        if not self.experiment.sequence.layers:
            return None
        batch, time, features = self.parts.frames["sequence"].values.shape
        return layer.Size(time, batch, features, self.experiment.sequence.units, self.dtype)

    def contestants(self) -> dict[Any, Callable[[], Any]]:
        wanted = self.config.measure
        found: dict[str, Callable[[], Any]] = {}
        if "parts" in wanted:
            found |= self.parts.functions()
        if "step" in wanted:
            found[TRAIN] = self.steps.train
        if "inference" in wanted:
            found[READ] = self.steps.read
        if self.twin and "step" in wanted:
            found[f"keras {TRAIN}"] = self.twin.train
        if self.twin and "inference" in wanted:
            found[f"keras {READ}"] = self.twin.read
        return {(self, what): function for what, function in found.items()}

    def measured(self, seconds: dict[Any, np.ndarray]) -> Measured:
        mine = {key[1]: found for key, found in seconds.items() if key[0] is self}
        counted = self.parts.flops()
        rows = [Row(p, mine[p], counted[p].forward, counted[p].step) for p in PARTS if p in mine]
        if rows and TRAIN in mine:
            rows.append(Row("the rest", mine[TRAIN] - sum(row.seconds for row in rows)))
        forward = sum(part.forward for part in counted.values())
        step = sum(part.step for part in counted.values())
        read = flops.count(lambda: self.steps.model.recognise(self.batch.images))
        for what, found in mine.items():
            if what.endswith(TRAIN):
                rows.append(Row(what, found, forward, step))
            elif what.endswith(READ):
                # The twin's search may be shorter than ours: its FLOPs are not counted.
                rows.append(Row(what, found, *((read, read) if what == READ else ())))
        peaks = {}
        if "memory" in self.config.measure:
            for kind in ("ours", "keras") if self.twin else ("ours",):
                given = (self.experiment, self.network.alphabet, self.batch_arguments)
                peaks[kind] = memory.measure(kind, *given)
        return Measured(
            self.network.name,
            self.experiment,
            self.dtype,
            self.steps.parameters(),
            rows,
            self.steps.decoded() if READ in mine else None,
            peaks,
        )


def _check(config: Bench, experiment: Experiment, alphabet: Alphabet, batch: Batch) -> None:
    """Raises InputError for a batch that the head cannot learn."""
    if config.narrowest > config.width:
        raise InputError(f"--narrowest={config.narrowest} is more than --width={config.width}")
    for ids, width in zip(batch.labels.ids.numpy().tolist(), batch.images.widths.numpy().tolist()):
        needed, there = experiment.head.needed_steps(ids), experiment.encoder.steps(width)
        if needed > there:
            raise InputError(
                f"--label_length={config.label_length}: {alphabet.decode(ids)!r} needs {needed} steps "
                f"and {width} pixels give {there}; take shorter labels or a greater "
                f"{'--narrowest' if config.narrowest else '--width'}"
            )
