"""Batches over a plan, made ahead by a thread.

lines = load_lines(open_sources(specs), geometry)  every image is read, measured and hashed once
train, val = split_lines(lines, 0.1)               by the image's hash
plan(lines.widths, seed, epoch, batch_size)        see ocr_tf.data.batching
batches(lines, labels, plan, geometry)             Batch after Batch, from any step of the plan
"""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, NamedTuple, Optional, Union

import numpy as np
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.augment.augmenter import Augmenter
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.batching import Course
from ocr_tf.data.cache import LineCache
from ocr_tf.data.fingerprint import READERS
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare_each
from ocr_tf.data.image_numpy import prepare_line
from ocr_tf.data.lines import Lines
from ocr_tf.errors import InputError
from ocr_tf.types import Array, Batch, Images, Labels

AHEAD = 2  # batches that wait for the one who takes them


class WorkerShard(NamedTuple):
    """A worker's part of every batch, of those of all workers."""

    number: int
    of: int  # workers

    def rows(self, total: int) -> slice:
        """Returns the rows of a batch of `total` lines that are this worker's."""
        return slice(total * self.number // self.of, total * (self.number + 1) // self.of)


WHOLE = WorkerShard(0, 1)


def batches(
    lines: Lines,
    labels: Sequence[Sequence[int]],
    plan: Union[Sequence[Array], Course],
    geometry: Geometry,
    *,
    start: int = 0,
    augment_seed: Optional[int] = None,
    augmenter: Optional[Augmenter] = None,
    least_width: Callable[[Sequence[int]], Optional[int]] = lambda label: None,
    multiple: int = 1,
    cache: Optional[LineCache] = None,
    fits: Optional[Callable[[Sequence[int], int], bool]] = None,
    shard: WorkerShard = WHOLE,
) -> Iterator[Batch]:
    """Makes the batches of a plan from number `start` on, in order.

    Args:
        lines: what the plan's positions refer to.
        labels: symbol ids of each line of `lines`.
        plan: positions of each batch's lines; of one epoch (number 0), or of a whole course.
        geometry: the size that images are brought to.
        start: batches before this one are neither read nor decoded.
        augment_seed: of the perturbation, which also depends on the epoch and the sample's id, and on
            nothing else; None leaves the images as they are.
        augmenter: what perturbs an image; by default as `Augment.of()` says.
        least_width: tells of a label the least width that its image may be given; None, as by default, is
            the width that it has.
        multiple: padded widths are rounded up to a multiple of this, to limit distinct shapes.
        cache: of images of this geometry, by digest. What it holds is not read again, whatever has
            become of the file; without one, every image is read and decoded each time.
        fits: tells of a label and the width of its image whether it can be trained on; for lines whose
            widths are not known before.
        shard: the rows of each batch whose images are made; for the others ok is False.

    Returns:
        Each `Batch`; `samples` are positions in `lines`. An image that has become unreadable since
        `load_lines`, and that the cache does not hold, has ok False; so has one that does not fit.
    """
    if len(labels) != len(lines):
        raise ValueError(f"{len(labels)} labels for {len(lines)} lines")
    perturb = augmenter or Augmenter(Augment.of())

    def make(step: int, readers: ThreadPoolExecutor) -> Batch:
        chosen = np.asarray(plan[step])
        own = [labels[i] for i in chosen]
        own_rows = shard.rows(len(chosen))
        images: list[Optional[Array]] = [None] * len(chosen)
        images[own_rows] = _images(lines, chosen[own_rows], geometry, cache, readers)
        if fits is not None:
            images = [
                None if image is None or not fits(labels[i], image.shape[1]) else image
                for i, image in zip(chosen, images)
            ]
        if augment_seed is not None:
            epoch = plan.epoch(step) if isinstance(plan, Course) else 0
            keys = sample_keys([lines.line_id(i) for i in chosen], augment_seed, epoch)
            images = [
                image if image is None else perturb(image, key, least, geometry.width > 0)
                for image, key, least in zip(images, keys, map(least_width, own))
            ]
        ids, lengths = pad(own)
        return Batch(
            pad_images(images, geometry.height, multiple),
            Labels(tf.constant(ids), tf.constant(lengths)),
            tf.constant(chosen, tf.int32),
            tf.constant([image is not None for image in images], tf.bool),
        )

    return _made_ahead(make, range(start, len(plan)))


def _images(
    lines: Lines,
    chosen: Array,
    geometry: Geometry,
    cache: Optional[LineCache],
    readers: ThreadPoolExecutor,
) -> list[Optional[Array]]:
    """Takes the images of some lines from the cache, or prepares them and puts them there."""
    keys = [lines.digest(i) for i in chosen]
    images = [None if cache is None else cache.get(key) for key in keys]
    missing = [row for row, image in enumerate(images) if image is None]

    def read(row: int) -> tuple[Optional[Array], bytes]:
        """Reads and prepares an image; the bytes are empty unless they are for the graph."""
        try:
            encoded = lines.read(int(chosen[row]))
        except InputError:
            return None, b""
        line = prepare_line(encoded, geometry)
        return line, encoded if line is None else b""

    # A few tasks of some rows each: one for each row would take as long to hand over as to do.
    shares = [missing[start::READERS] for start in range(READERS)]
    done = readers.map(lambda rows: [(row, *read(row)) for row in rows], shares)
    rest = []
    for row, line, encoded in itertools.chain.from_iterable(done):
        images[row] = line
        if encoded:
            rest.append((row, encoded))
    for (row, _), line in zip(rest, prepare_each([encoded for _, encoded in rest], geometry)):
        images[row] = line
    for row in missing:
        image = images[row]
        # Images that could not be read by `load_lines` share a digest, of zeros.
        if cache is not None and image is not None and any(keys[row]):
            cache.put(keys[row], image)
    return images


def _made_ahead(
    make: Callable[[int, ThreadPoolExecutor], Batch], steps: Iterable[int]
) -> Iterator[Batch]:
    """Yields a batch for each step, which a thread makes while the one before is in use.

    `make(step, readers)` may read files by the threads that it is given.
    """
    steps = iter(steps)
    with (
        ThreadPoolExecutor(READERS, "readers") as readers,
        ThreadPoolExecutor(1, "batches") as worker,
    ):
        waiting: deque[Future[Batch]] = deque(
            worker.submit(make, step, readers) for step in itertools.islice(steps, AHEAD)
        )
        try:
            while waiting:
                batch = waiting.popleft().result()
                waiting.extend(
                    worker.submit(make, step, readers) for step in itertools.islice(steps, 1)
                )
                yield batch
        finally:
            for unused in waiting:
                unused.cancel()


def pad_images(images: Sequence[Optional[Array]], height: int, multiple: int = 1) -> Images:
    """Pads images [height, W] with zeros to a batch; None becomes zeros of width 1."""
    widths = np.array([1 if image is None else image.shape[1] for image in images], np.int32)
    padded = -(-int(widths.max(initial=1)) // multiple) * multiple
    values = np.zeros([len(images), height, padded, 1], np.float32)
    for row, image in zip(values, images):
        if image is not None:
            row[:, : image.shape[1], 0] = image
    return Images(tf.constant(values), tf.constant(widths))


def pad(labels: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Labels as [B, L] int32 behind which stands the alphabet's pad, L >= 1; lengths [B] int32."""
    lengths = np.array([len(label) for label in labels], np.int32)
    padded = np.full([len(labels), max([1, *lengths])], Alphabet.pad, np.int32)
    for row, label in zip(padded, labels):
        row[: len(label)] = label
    return padded, lengths


def sample_keys(ids: Sequence[str], seed: int, epoch: int) -> Array:
    """Returns the key of each sample's randomness, [N, 2] int64, of (seed, epoch) and of its id."""
    digests = (hashlib.sha256(name.encode("utf-8")).digest() for name in ids)
    names = [int.from_bytes(digest[:8], "big") >> 1 for digest in digests]
    return np.array([(seed << 32 | epoch, name) for name in names], np.int64).reshape(-1, 2)
