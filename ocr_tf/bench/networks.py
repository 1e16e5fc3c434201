"""Measures networks: all of them, their parts, their baselines and the peak, in one alternation."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import (
    flops,
    gemm_peak,
    layer,
    memory,
    random_batch,
    steps,
    timing,
)
from ocr_tf.bench.baselines import baseline
from ocr_tf.bench.config import Bench
from ocr_tf.bench.models import Network
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import PARTS, Experiment
from ocr_tf.progress import Progress
from ocr_tf.types import Array, Batch

TRAIN, READ, REST = "training step", "inference", "step less its parts"


class Row(NamedTuple):
    """One thing that was timed."""

    what: str
    seconds: Array  # [rounds]
    forward: Optional[int] = None  # FLOPs of the forward pass
    flops: Optional[int] = None  # of all that was timed


class Measured(NamedTuple):
    """A network in one dtype."""

    name: str
    experiment: Experiment
    dtype: str
    parameters: int  # that are learned
    rows: list[Row]
    decoded: Optional[float]  # symbols a line at inference, on average
    memory: dict[str, memory.Peak]  # ours, and the baseline's where there is one


class Layers(NamedTuple):
    """One bidirectional layer."""

    size: layer.Size
    rows: list[Row]


class Session(NamedTuple):
    """Everything that one alternation has measured."""

    peaks: dict[str, gemm_peak.Peak]  # of each dtype
    networks: list[Measured]
    layers: list[Layers]


def prepare(config: Bench, networks: list[Network]) -> list[Contest]:
    """Builds every network in every dtype.

    Raises:
        InputError: a batch that a head cannot learn, or an encoder without a baseline.
    """
    contests = []
    dtypes = dict.fromkeys(config.dtypes)
    progress = Progress("building networks", len(dtypes) * len(networks))
    for dtype in dtypes:
        for network in networks:
            contests.append(Contest(config, network, dtype))
            progress.show(len(contests))
    progress.clear()
    return contests


def measure(config: Bench, contests: list[Contest]) -> Session:
    """Times everything in one alternation, then counts FLOPs and measures memory."""
    products = {dtype: gemm_peak.products(dtype) for dtype in dict.fromkeys(config.dtypes)}
    sizes = dict.fromkeys(size for contest in contests for size in contest.layer_sizes())
    contestants: dict[Any, Callable[[], Any]] = {}  # by (what it belongs to, its name)
    for dtype, ways in products.items():
        contestants.update({(dtype, product): product.run for product in ways})
    for contest in contests:
        contestants.update(contest.contestants())
    for size in sizes:
        named = layer.contestants(size)
        contestants.update({(size, name): function for name, function in named.items()})
    seconds = timing.alternate(contestants, config.repeats)
    progress = Progress("FLOPs and peak memory", len(contests))
    networks = []
    for contest in contests:
        networks.append(contest.measured(_of(contest, seconds)))
        progress.show(len(networks))
    progress.clear()
    return Session(
        {dtype: gemm_peak.peak(_of(dtype, seconds)) for dtype in products},
        networks,
        [
            Layers(size, [Row(k, s, flops=size.flops) for k, s in _of(size, seconds).items()])
            for size in sizes
        ],
    )


def _of(owner: Any, seconds: dict[Any, Array]) -> dict[Any, Array]:
    """Picks the seconds of what belongs to `owner`, by name."""
    return {name: taken for (other, name), taken in seconds.items() if other == owner}


class Contest:
    """One network in one dtype: its whole steps, its parts and its baseline, to be timed."""

    def __init__(self, config: Bench, network: Network, dtype: str):
        """Builds the network.

        Raises:
            InputError: a batch that the head cannot learn, or an encoder without a baseline.
        """
        experiment = steps.still(network.experiment, dtype, config.batch_size)
        self.config, self.network, self.experiment = config, network, experiment
        self.dtype = dtype
        self.batch_arguments = (
            config.batch_size,
            experiment.data.height,
            config.width,
            network.alphabet,
            config.label_length,
            config.narrowest,
        )
        self.batch = random_batch.batch(*self.batch_arguments)
        _check(config, experiment, network.alphabet, self.batch)
        model = network.build(experiment)
        self.steps = steps.Steps(model, experiment.train, self.batch)
        self.parts = steps.Parts(model, self.batch)
        self.baseline = None
        if config.against != "none":
            self.baseline = baseline(config.against)(experiment, network.alphabet, self.batch)
            if self.baseline.parameters() != self.steps.parameters():
                raise ValueError(
                    f"{network.name}: its baseline has {self.baseline.parameters()} parameters"
                )

    def layer_sizes(self) -> list[layer.Size]:
        """Returns the first recurrent layer's size, if there is one and it is to be measured."""
        sequence = self.experiment.sequence
        if "layer" not in self.config.measure or not sequence.layers:
            return []
        batch, time, features = self.parts.frames["sequence"].values.shape
        return [layer.Size(time, batch, features, sequence.units, self.dtype, sequence.cell)]

    def contestants(self) -> dict[Any, Callable[[], Any]]:
        """Returns what is to be timed, by (this, its name)."""
        wanted = self.config.measure
        functions: dict[str, Callable[[], Any]] = {}
        if "parts" in wanted:
            functions |= self.parts.functions()
        if "step" in wanted:
            functions[TRAIN] = self.steps.train
        if "inference" in wanted:
            functions[READ] = self.steps.read
        if self.baseline and "step" in wanted:
            functions[f"{self.config.against} {TRAIN}"] = self.baseline.train
        if self.baseline and "inference" in wanted:
            functions[f"{self.config.against} {READ}"] = self.baseline.read
        return {(self, what): function for what, function in functions.items()}

    def measured(self, seconds: dict[str, Array]) -> Measured:
        """Sums up from the contestants' seconds [rounds], by their names."""
        counted = self.parts.flops()
        rows = [
            Row(p, seconds[p], counted[p].forward, counted[p].step) for p in PARTS if p in seconds
        ]
        if rows and TRAIN in seconds:
            rows.append(Row(REST, seconds[TRAIN] - sum(row.seconds for row in rows)))
        forward = sum(part.forward for part in counted.values())
        step = sum(part.step for part in counted.values())
        for what, taken in seconds.items():
            if what.endswith(TRAIN):
                rows.append(Row(what, taken, forward, step))
            elif what == READ:
                read = flops.count(lambda: self.steps.model.recognize(self.batch.images))
                rows.append(Row(what, taken, read, read))
            elif what.endswith(READ):
                rows.append(Row(what, taken))  # Its search is another: no count of ours is its.
        peaks = {}
        if "memory" in self.config.measure:
            for kind in ("ours", self.config.against) if self.baseline else ("ours",):
                given = (self.experiment, self.network.alphabet, self.batch_arguments)
                peaks[kind] = memory.measure(kind, *given)
        return Measured(
            self.network.name,
            self.experiment,
            self.dtype,
            self.steps.parameters(),
            rows,
            self.steps.decoded() if READ in seconds else None,
            peaks,
        )


def _check(config: Bench, experiment: Experiment, alphabet: Alphabet, batch: Batch) -> None:
    """Raises InputError for a batch that the head cannot learn."""
    if config.narrowest > config.width:
        raise InputError(f"--narrowest={config.narrowest} is more than --width={config.width}")
    for ids, width in zip(batch.labels.ids.numpy().tolist(), batch.images.widths.numpy().tolist()):
        needed, steps_given = experiment.head.needed_steps(ids), experiment.encoder.steps(width)
        if needed > steps_given:
            raise InputError(
                f"--label_length={config.label_length}: {alphabet.decode(ids)!r} needs {needed} steps "
                f"and {width} pixels give {steps_given}; take shorter labels or a greater "
                f"{'--narrowest' if config.narrowest else '--width'}"
            )
