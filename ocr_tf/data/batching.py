"""Batches of lines as a function of (seed, epoch), never drawn from a stream.

So training opens at any step of any epoch without replaying, and two heads under one seed see the
same batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ocr_tf.types import Array

WINDOW = 32  # batches that are sorted by width together, at most
WINDOWS = 4  # and so many windows at least, or a small set would have the same batches each epoch


def plan(
    widths: Array | Sequence[int],
    seed: int,
    epoch: int,
    batch_size: int,
    shuffle: bool = True,
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
        batch_size: at least 1.
        shuffle: whether the lines are shuffled.

    Returns:
        Arrays of int64 positions in `widths`.

    Raises:
        ValueError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one line, not {batch_size}")
    widths = np.asarray(widths)
    if not shuffle:
        return _cut(np.argsort(widths, kind="stable"), batch_size)
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    order = generator.permutation(len(widths))
    batches: list[Array] = []
    # A window is a whole number of batches: only the last batch of the last window can be short.
    window_size = max(1, min(WINDOW, len(widths) // (WINDOWS * batch_size))) * batch_size
    for window in _cut(order, window_size):
        batches += _cut(window[np.argsort(widths[window], kind="stable")], batch_size)
    return [batches[i] for i in generator.permutation(len(batches))]


class Course:
    """A whole training, step by step: epoch after epoch of `plan`, cut at the last step."""

    def __init__(self, widths: Array | Sequence[int], seed: int, batch_size: int, steps: int):
        self._widths, self._seed, self._batch_size = np.asarray(widths), seed, batch_size
        self.steps_per_epoch = -(-len(self._widths) // batch_size)
        self._steps = steps
        self._epoch = -1  # the epoch last asked for, and its plan
        self._plan: list[Array] = []

    def __len__(self) -> int:
        return self._steps

    def epoch(self, step: int) -> int:
        """Returns the number of a step's epoch."""
        return step // self.steps_per_epoch

    def __getitem__(self, step: int) -> Array:
        """Returns the positions of the lines of a step's batch."""
        epoch, within = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._plan = plan(self._widths, self._seed, epoch, self._batch_size)
            self._epoch = epoch
        return self._plan[within]


def _cut(order: Array, size: int) -> list[Array]:
    return [order[start : start + size] for start in range(0, len(order), size)]
