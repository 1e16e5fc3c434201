"""Batches of lines as a function of (seed, epoch), never drawn from a stream.

So training opens at any step of any epoch without replaying, and two heads under one seed see the
same batches.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Optional

import numpy as np

from ocr_tf.types import Array

WINDOW = 32  # batches that are sorted by width together, at most
WINDOWS = 4  # and so many windows at least, or a small set would have the same batches each epoch
_MIXING = 1 << 63  # added to a seed: the key of what an epoch draws from its sources


def plan(
    widths: Array | Sequence[int],
    seed: int,
    epoch: int,
    batch_size: int,
    shuffle: bool = True,
    columns: int = 0,
    mixture: Optional[Mixture] = None,
) -> list[Array]:
    """Plans the batches of an epoch: each line once, all batches full but at most one.

    Shuffled: lines in random order are cut into windows of some dozens of batches, sorted by width
    inside each, cut into batches, and the batches of all windows shuffled: a batch's lines are of
    similar width, yet a line's neighbors change between epochs. Otherwise: sorted by width,
    narrowest first, equals in the order given; seed and epoch do not matter.

    Args:
        widths: [N] pixels.
        seed: with the epoch the key of the order, at least 0.
        epoch: at least 0.
        batch_size: lines of a batch, at least 1.
        shuffle: whether the lines are shuffled.
        columns: a batch whose lines, padded to the widest of them, have more than so many columns is cut
            into smaller ones; 0: no bound. A line that is wider by itself is a batch of its own.
        mixture: which lines the epoch has, of shuffled ones; by default each once.

    Returns:
        Arrays of int64 positions in `widths`.

    Raises:
        ValueError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one line, not {batch_size}")
    widths = np.asarray(widths)
    if not shuffle:
        return _cut(np.argsort(widths, kind="stable"), batch_size, widths, columns)
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    order = generator.permutation(len(widths))
    if mixture is not None:
        order = mixture.lines(seed, epoch)[order]
    batches: list[Array] = []
    # A window is a whole number of batches: only the last batch of the last window can be short.
    window_size = max(1, min(WINDOW, len(widths) // (WINDOWS * batch_size))) * batch_size
    for start in range(0, len(order), window_size):
        window = order[start : start + window_size]
        window = window[np.argsort(widths[window], kind="stable")]
        batches += _cut(window, batch_size, widths, columns)
    return [batches[i] for i in generator.permutation(len(batches))]


def _cut(order: Array, size: int, widths: Array, columns: int) -> list[Array]:
    """Cuts lines that are sorted by width into batches."""
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return [part for batch in batches for part in _bounded(batch, widths, columns)]


def _bounded(batch: Array, widths: Array, columns: int) -> list[Array]:
    """Cuts a batch, narrowest line first, into parts of at most `columns` columns, padding included."""
    parts = []
    while columns and len(batch) > 1 and len(batch) * int(widths[batch[-1]]) > columns:
        fits = int(np.searchsorted(np.arange(1, len(batch) + 1) * widths[batch], columns, "right"))
        parts.append(batch[: max(1, fits)])
        batch = batch[max(1, fits) :]
    return [*parts, batch] if len(batch) else parts


class Mixture:
    """Draws an epoch's lines from several sources by weight instead of by their sizes.

    An epoch has as many lines as there are in all. A source gives its share of them, going through its
    own lines in a new random order each time that it comes to their end: none is drawn again before all
    have been.
    """

    def __init__(self, owners: Array, weights: Sequence[float]):
        """Sorts the lines by source.

        Args:
            owners: [N] the number of each line's source.
            weights: of each source, above 0; only their proportions matter.

        Raises:
            ValueError: a source has no line.
        """
        self._lines = [np.flatnonzero(owners == k) for k in range(len(weights))]
        if not all(len(lines) for lines in self._lines):
            raise ValueError("a source without lines cannot be drawn from")
        exact = np.asarray(weights, np.float64) / np.sum(weights) * len(owners)
        ends = np.rint(np.cumsum(exact)).astype(np.int64)
        self.counts = np.diff(ends, prepend=0)  # lines of each source in an epoch; their sum is N

    def lines(self, seed: int, epoch: int) -> Array:
        """Returns the positions of an epoch's lines, [N] int64."""
        drawn = []
        for k, (lines, count) in enumerate(zip(self._lines, self.counts.tolist())):
            cycles = range(epoch * count // len(lines), -(-(epoch + 1) * count // len(lines)))
            stream = [_shuffled(lines, seed, k, cycle) for cycle in cycles]
            start = epoch * count - cycles.start * len(lines)
            drawn += [np.concatenate(stream)[start : start + count]] if stream else []
        return np.concatenate(drawn)


def _shuffled(lines: Array, seed: int, source: int, cycle: int) -> Array:
    key = np.array([_MIXING | seed, source << 32 | cycle], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(lines)


class Course:
    """A whole training, step by step: epoch after epoch of `plan`, cut at the last step."""

    def __init__(
        self,
        widths: Array | Sequence[int],
        seed: int,
        batch_size: int,
        steps: int,
        columns: int = 0,
        mixture: Optional[Mixture] = None,
    ):
        """Takes the arguments of `plan`, and how many steps there are in all."""
        self._widths, self._seed, self._batch_size = np.asarray(widths), seed, batch_size
        self._columns, self._mixture = columns, mixture
        self._steps = steps
        self._starts = [0]  # the first step of each epoch, as far as it is known
        self._epoch = -1  # the epoch last asked for, and its plan
        self._plan: list[Array] = []

    def __len__(self) -> int:
        return self._steps

    @property
    def steps_per_epoch(self) -> int:
        """The steps of the first epoch; with a bound on columns those of later ones vary a little."""
        self._reach(0)
        return self._starts[1]

    def epoch(self, step: int) -> int:
        """Returns the number of a step's epoch."""
        self._reach(step)
        return bisect.bisect_right(self._starts, step) - 1

    def __getitem__(self, step: int) -> Array:
        """Returns the positions of the lines of a step's batch."""
        epoch = self.epoch(step)
        return self._planned(epoch)[step - self._starts[epoch]]

    def _reach(self, step: int) -> None:
        """Learns where epochs start, as far as the end of a step's."""
        while self._starts[-1] <= step:
            self._starts.append(self._starts[-1] + self._steps_of(len(self._starts) - 1))

    def _steps_of(self, epoch: int) -> int:
        if not self._columns:
            return max(1, -(-len(self._widths) // self._batch_size))
        return len(self._planned(epoch))

    def _planned(self, epoch: int) -> list[Array]:
        if epoch != self._epoch:
            self._plan = plan(
                self._widths,
                self._seed,
                epoch,
                self._batch_size,
                columns=self._columns,
                mixture=self._mixture,
            )
            self._epoch = epoch
        return self._plan
