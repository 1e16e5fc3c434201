"""A line image and its key to the perturbed image; TensorFlow-free.

Line by line in OpenCV, whose maps take a third of the time of TensorFlow's, and no batch or padding is in
sight.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.data.augment import AUGMENTATIONS, view
from ocr_tf.data.augment.entry import Augmentation, Field, Pixels, Warp
from ocr_tf.data.augment.options import Augment, entries_of
from ocr_tf.data.augment.streams import Streams, number_of
from ocr_tf.types import Array

LINE = number_of("line")  # the stream of what concerns all entries
NODES = 3  # rows of a field's grid: nodes are half a height apart


class Active(NamedTuple):
    """An entry that a line's key may choose."""

    stream: int  # its number
    entry: Augmentation
    magnitude: float
    probability: float


class Augmenter:
    """Perturbs lines as options say. The same options, image and key give the same bits."""

    def __init__(self, options: Augment):
        """Takes the entries that have a probability and a magnitude above 0."""
        self._share = options.share
        active = [] if options.share <= 0 else list(_active(options))
        self._warps = [a for a in active if isinstance(a.entry, Warp)]
        self._fields = [a for a in active if isinstance(a.entry, Field)]
        self._pixels = [a for a in active if isinstance(a.entry, Pixels)]

    @property
    def active(self) -> bool:
        """Tells whether any line is changed."""
        return bool(self._warps or self._fields or self._pixels)

    def __call__(
        self, image: Array, key: Array, least: Optional[int] = None, keep_width: bool = False
    ) -> Array:
        """Perturbs a copy of a line image.

        Args:
            image: [H, W] float32 in [-1, 1].
            key: [2] integers, at least 0: the seed of all that is drawn. Each entry draws from its own stream
                of the key, so what one draws does not depend on the others.
            least: the least width of the result; W by default.
            keep_width: the content is fitted into W columns.

        Returns:
            [H, W'] float32 in [-1, 1]; W' is what the content needs, at least `least`; W with `keep_width`.
            Images with a single row, or wider than `view.WIDEST`, are not moved.
        """
        streams = Streams([int(word) for word in key])
        random = streams.of(LINE)
        if random.random() >= self._share:
            return image.copy()
        at_left = random.random() < 0.5
        paper = view.paper_of(image)
        least = image.shape[1] if least is None else least
        result = self._moved(image, streams, paper, least, keep_width, at_left)
        for stream, entry, magnitude, probability in self._pixels:
            random = streams.of(stream)
            if random.random() < probability:
                result = entry.apply(result, magnitude, random, paper)
        np.maximum(result, np.float32(-1), out=result)
        return np.minimum(result, np.float32(1), out=result)

    def _moved(
        self,
        image: Array,
        streams: Streams,
        paper: float,
        least: int,
        keep_width: bool,
        at_left: bool,
    ) -> Array:
        """Maps a copy of the image by all the warps and fields that the key chooses."""
        height, width = image.shape
        matrix = view.IDENTITY
        for stream, entry, magnitude, probability in self._warps:
            random = streams.of(stream)
            if random.random() < probability:
                matrix = view.product(entry.apply(magnitude, random, height, width), matrix)
        if height < 2 or (matrix is view.IDENTITY and not self._fields):
            return image.copy()
        content = view.outline(image, paper)
        seen = view.fit(matrix, (height, width), content, least, keep_width, at_left)
        if max(width, seen.width) > view.WIDEST:
            return image.copy()
        field = self._field(streams, height, seen)
        if field is None and matrix is view.IDENTITY:
            return image.copy()
        return view.shown(image, seen, paper, field)

    def _field(self, streams: Streams, height: int, seen: view.View) -> Optional[Array]:
        columns = 2 * seen.width // height + 2
        nodes: Optional[Array] = None
        for stream, entry, magnitude, probability in self._fields:
            random = streams.of(stream)
            if random.random() < probability:
                own = entry.apply(magnitude, random, height, NODES, columns)
                nodes = own if nodes is None else nodes + own
        return None if nodes is None else view.smooth(nodes, (height, seen.width), seen.margins)


def _active(options: Augment) -> Iterator[Active]:
    for name in entries_of(options):
        entry, own = AUGMENTATIONS.find(name), getattr(options, name)
        magnitude = 0.0
        if entry.magnitude is not None:
            magnitude = entry.scaled(own.magnitude, options.strength)
        if own.probability > 0 and (magnitude > 0 or entry.magnitude is None):
            yield Active(number_of(name), entry, magnitude, own.probability)


def augment(
    image: Array,
    key: Array,
    options: Optional[Augment] = None,
    least: Optional[int] = None,
    keep_width: bool = False,
) -> Array:
    """Perturbs a copy of a line image, by default as training does; see `Augmenter`."""
    return _augmenter(options or Augment.of())(image, key, least, keep_width)


@functools.lru_cache(maxsize=64)
def _augmenter(options: Augment) -> Augmenter:
    return Augmenter(options)
