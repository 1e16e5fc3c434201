"""A tf.data pipeline over a plan of batches.

lines = load_lines(open_sources(specs), geometry)  every image is read, measured and hashed once
train, val = split_lines(lines, 0.1)               by the image's hash
plan(lines.widths, seed, epoch, batch_size)        see ocr_tf.data.batching
batches(lines, labels, plan, geometry)             Batch after Batch, from any step of the plan
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Optional, Union

import numpy as np
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.augment import LIGHT, Strengths, augment
from ocr_tf.data.batching import Course
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare_batch
from ocr_tf.data.lines import Lines
from ocr_tf.errors import InputError
from ocr_tf.types import Array, Batch, Labels, Tensor


def batches(
    lines: Lines,
    labels: Sequence[Sequence[int]],
    plan: Union[Sequence[Array], Course],
    geometry: Geometry,
    *,
    start: int = 0,
    augment_seed: Optional[int] = None,
    strengths: Strengths = LIGHT,
    multiple: int = 1,
) -> tf.data.Dataset:
    """Makes the batches of a plan from number `start` on, in order.

    Args:
        lines: what the plan's positions refer to.
        labels: symbol ids of each line of `lines`.
        plan: positions of each batch's lines; of one epoch (number 0), or of a whole course.
        geometry: the size that images are brought to.
        start: batches before this one are neither read nor decoded.
        augment_seed: of the perturbation, which also depends on the epoch and the sample's id, and on
            nothing else; None leaves the images as they are.
        strengths: of the perturbation.
        multiple: padded widths are rounded up to a multiple of this, to limit distinct shapes.

    Returns:
        A dataset of `Batch`; `samples` are positions in `lines`. An image that has become
        unreadable since `load` has ok False.
    """
    if len(labels) != len(lines):
        raise ValueError(f"{len(labels)} labels for {len(lines)} lines")
    ids = lines.ids

    def fetch(step: Array) -> tuple[Array, ...]:
        chosen = np.asarray(plan[int(step)])
        padded, lengths = pad([labels[i] for i in chosen])
        encoded = np.empty(len(chosen), object)
        for row, i in enumerate(chosen):
            try:
                encoded[row] = lines.read(i)
            except InputError:
                encoded[row] = b""
        epoch = plan.epoch(int(step)) if isinstance(plan, Course) else 0
        keys = sample_keys([ids[i] for i in chosen], augment_seed or 0, epoch)
        return chosen.astype(np.int32), encoded, padded, lengths, keys

    def assemble(
        samples: Tensor, encoded: Tensor, padded: Tensor, lengths: Tensor, keys: Tensor
    ) -> Batch:
        def perturb(image: Tensor, position: Tensor) -> Tensor:
            return augment(image, keys[position], strengths, keep_width=geometry.width > 0)

        transform = perturb if augment_seed is not None else None
        images, ok = prepare_batch(encoded, geometry, transform, multiple=multiple)
        return Batch(images, Labels(padded, lengths), samples, ok)

    def fetched(step: Tensor) -> tuple[Tensor, ...]:
        types = [tf.int32, tf.string, tf.int32, tf.int32, tf.int64]
        shapes = [[None], [None], [None, None], [None], [None, 2]]
        tensors = tf.numpy_function(fetch, [step], types)
        return tuple(tf.ensure_shape(t, shape) for t, shape in zip(tensors, shapes))

    options = tf.data.Options()
    options.deterministic = True
    # Python runs in an outer stage: the pipeline nested in `prepare_batch` may not hold any.
    dataset = tf.data.Dataset.range(start, len(plan)).map(fetched).prefetch(2)
    return dataset.map(assemble).prefetch(2).with_options(options)


def pad(labels: Sequence[Sequence[int]]) -> tuple[Array, Array]:
    """Labels as [B, L] int32 behind which stands the alphabet's pad, L >= 1; lengths [B] int32."""
    lengths = np.array([len(label) for label in labels], np.int32)
    padded = np.full([len(labels), max([1, *lengths])], Alphabet.pad, np.int32)
    for row, label in zip(padded, labels):
        row[: len(label)] = label
    return padded, lengths


def sample_keys(ids: Sequence[str], seed: int, epoch: int) -> Array:
    """Returns the key of each sample's randomness, [N, 2] int64, of (seed, epoch) and of its id."""
    keys = np.empty([len(ids), 2], np.int64)
    keys[:, 0] = seed << 32 | epoch
    for row, name in zip(keys, ids):
        row[1] = int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "big") >> 1
    return keys
