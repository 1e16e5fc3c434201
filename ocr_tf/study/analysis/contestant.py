"""One condition's network and search with the lines that its cost is measured on."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Callable, Union

import numpy as np
import tensorflow as tf

from ocr_tf.bench import flops, memory, steps
from ocr_tf.data import pipeline
from ocr_tf.data.lines import LabelIds
from ocr_tf.data.source import Source
from ocr_tf.decode import Greedy, Search, search_text
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import PARTS
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.graphs import graph
from ocr_tf.progress import Progress
from ocr_tf.study.analysis.cost_content import Memory, SampleLine, Size
from ocr_tf.study.comparison.models import Networks
from ocr_tf.types import Batch, Images

# What is timed: the condition's own search, and where that is greedy, greedy search to its bound.
OWN, TO_THE_BOUND = "own", "to the bound"


class Contestant:
    """A condition's network of its first seed, its search, and the lines that it is measured on."""

    def __init__(self, networks: Networks, condition: str, source: Source, sample: int, batch: int):
        """Takes lines at even places of the source's order by length.

        Args:
            networks: of all conditions.
            condition: which of them this is.
            source: the test lines.
            sample: lines that are read one by one.
            batch: lines of the batch that is read at once.
        """
        self.condition = condition
        self.trained = networks.first(condition)
        first = networks.seeds(condition)[0]
        self.network = networks.network(condition, first)
        self.search = networks.search(condition, first)
        self._lines = networks.lines(condition, source)
        self._chosen = even_by_length(networks, source, sample)
        self._batch = self._images(even_by_length(networks, source, batch))
        self._singles = [self._images([i]) for i in self._chosen]
        self._whole = self._images(self._chosen)
        model = self.trained.model
        signature = [
            Images(tf.TensorSpec([None, model.height, None, 1]), tf.TensorSpec([None], tf.int32))
        ]
        searches = {OWN: self.search}
        if isinstance(self.search, Greedy):
            searches[TO_THE_BOUND] = Greedy(early_stop=False)
        self._read = {
            name: graph(functools.partial(model.recognize, search=search), signature)
            for name, search in searches.items()
        }

    def sample(self) -> tuple[SampleLine, ...]:
        """Describes the lines that are read one by one."""
        return tuple(
            SampleLine(int(i), int(self._lines.widths[i]), len(self._lines.sample(int(i)).text))
            for i in self._chosen
        )

    def size(self) -> Size:
        """Counts what follows from the run alone: parameters, operations and symbols read."""
        model = self.trained.model
        singles = Progress.over(self._singles, f"counting operations of {self.condition}")
        alone = [_reading_flops(self.trained, single.images, self.search) for single in singles]
        training = steps.Parts(model, self._whole).flops()
        read = [self._read[OWN](single.images).lengths[0, 0] for single in self._singles]
        return Size(
            parameters={
                part: sum(math.prod(v.shape) for v in getattr(model, part).trainable_variables)
                for part in PARTS
            },
            flops={part: tuple(line[part] for line in alone) for part in PARTS},
            training_flops={part: training[part].step / len(self._chosen) for part in PARTS},
            read=tuple(int(length) for length in read),
        )

    def calls(self) -> dict[tuple[str, Union[int, str]], Callable[[], object]]:
        """Lists what is timed, by (OWN or TO_THE_BOUND, place in the sample or "batch")."""
        batches: dict[Union[int, str], Batch] = {
            **dict(enumerate(self._singles)),
            "batch": self._batch,
        }
        return {
            (name, what): functools.partial(read, batch.images)
            for name, read in self._read.items()
            for what, batch in batches.items()
        }

    def searched(self) -> str:
        """Names the condition's own search, as --search does."""
        return search_text(self.search)

    def batch_lines(self) -> int:
        """Counts the lines of the batch; fewer than asked for where there are not more."""
        return int(tf.shape(self._batch.samples)[0])

    def memory(self) -> Memory:
        """Measures training steps of the run's batch size on lines of the sample's median size."""
        experiment, alphabet = self.trained.experiment, self.trained.model.alphabet
        width = int(np.median([line.width for line in self.sample()]))
        symbols = int(np.median([line.symbols for line in self.sample()]))
        size = experiment.train.batch_size, experiment.data.height, width, alphabet, symbols
        peak = memory.measure("ours", experiment, alphabet, size)
        return Memory(peak.imported, peak.training)

    def _images(self, chosen: Sequence[int]) -> Batch:
        lines = self._lines.take(list(chosen))
        labels = LabelIds(lines, self.trained.model.alphabet)
        order = [np.arange(len(chosen))]
        (batch,) = pipeline.batches(lines, labels, order, self.trained.geometry)
        return batch


def even_by_length(networks: Networks, source: Source, number: int) -> list[int]:
    """Picks lines at even places of their order by length; the same for all conditions.

    Args:
        networks: of all conditions; every one must be able to read and write a line.
        source: the lines; those without a text are not taken.
        number: lines at most.

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


def _reading_flops(trained: Trained, images: Images, search: Search) -> dict[str, int]:
    """Floating-point operations by part; the search is the head's."""
    model = trained.model
    encoded = model.encoder(images, None)
    frames = model.sequence(encoded, None)
    return {
        "encoder": flops.count(lambda: model.encoder(images, None)),
        "sequence": flops.count(lambda: model.sequence(encoded, None)),
        "head": flops.count(lambda: model.head.decode(frames, search)),
    }
