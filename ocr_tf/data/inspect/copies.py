"""Lines with one image, and lines whose images look alike, within a role and across two.

A pair is named once for each line that is not the first of its kind: of a hundred copies there are 99.
"""

from __future__ import annotations

import concurrent.futures
from typing import NamedTuple

import numpy as np

from ocr_tf.data.inspect.collection import CHUNK, NO_IMAGE, THREADS, Collection
from ocr_tf.data.inspect.near import differing_bits, near_pairs
from ocr_tf.data.inspect.pixels import likeness
from ocr_tf.processor import cores
from ocr_tf.progress import Progress
from ocr_tf.types import Array

ALIKE = 0.92  # of `pixels.likeness`, from where on two images are called alike
EXAMINED = 20_000  # pairs of alike hashes whose images are looked at, at most


class Near(NamedTuple):
    """Pairs of lines whose images look alike and are not the same."""

    pairs: Array  # [P, 2] int64
    likeness: Array  # [P] float64, ALIKE to 1
    unexamined: int  # further pairs of alike hashes, whose images were not looked at


def copies_within(keys: Array, lines: slice) -> Array:
    """Pairs each line with the first that has the same key, both of one role: [P, 2] int64.

    Args:
        keys: [N] int64, NO_IMAGE for none.
        lines: of the role.
    """
    return copies_across(keys, lines, lines)


def copies_across(keys: Array, first: slice, second: slice) -> Array:
    """Pairs each line of `second` with the first line of `first` that has its key: [P, 2] int64."""
    known, position = np.unique(keys[first], return_index=True)
    wanted = keys[second]
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    same = np.flatnonzero((wanted != NO_IMAGE) & (known[at] == wanted))
    pairs: Array = np.stack([position[at[same]] + first.start, same + second.start], axis=1)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def near_copies(lines: Collection) -> Near:
    """Finds the pairs whose images look alike, and looks at them.

    Hashes only propose pairs; whether two images look alike is measured on their pixels. Images
    without contrast are left out: they all look alike.
    """
    shown = np.flatnonzero(lines.usable & ~lines.flat)
    # One line of each image and role: copies are found by `copies_within`.
    kinds = np.stack([lines.images[shown], lines.role[shown].astype(np.int64)], axis=1)
    chosen = np.sort(shown[np.unique(kinds, axis=0, return_index=True)[1]])
    aspects = lines.widths[chosen] / lines.heights[chosen]
    pairs = chosen[near_pairs(lines.right[chosen], lines.down[chosen], aspects)]
    first, second = pairs[:, 0], pairs[:, 1]
    pairs = pairs[lines.images[first] != lines.images[second]]
    first, second = pairs[:, 0], pairs[:, 1]
    # Those between two roles matter most.
    bits = differing_bits(lines.right[first], lines.right[second])
    order = np.lexsort([bits, lines.role[first] == lines.role[second]])
    pairs = pairs[order[:EXAMINED]]
    alike = _examine(lines, pairs)
    kept = alike >= ALIKE
    return Near(pairs[kept], alike[kept], len(order) - len(alike))


def _examine(lines: Collection, pairs: Array) -> Array:
    """Measures how alike the images of pairs are, [P]."""
    alike = np.zeros(len(pairs))
    progress = Progress("examining look-alikes", len(pairs))

    def examine(pair: list[int]) -> float:
        first, second = (lines.image(i) for i in pair)
        return 0.0 if first is None or second is None else likeness(first, second)

    with concurrent.futures.ThreadPoolExecutor(min(THREADS, cores())) as threads:
        for start in range(0, len(pairs), CHUNK):
            chunk = pairs[start : start + CHUNK].tolist()
            alike[start : start + len(chunk)] = list(threads.map(examine, chunk))
            progress.show(start + len(chunk))
    progress.clear()
    return alike
