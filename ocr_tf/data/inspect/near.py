"""Pairs of 64-bit hashes that differ in few bits, found by sorting.

Manku et al. 2007, Detecting Near-Duplicates for Web Crawling: of two hashes that differ in at most five
of 64 bits, at least three of eight bytes are equal. For each choice of three, hashes are sorted by them
and each is compared with those that agree. A million hashes take some ten seconds. TensorFlow-free.
"""

from __future__ import annotations

import itertools

import numpy as np

from ocr_tf.types import Array

DISTANCE = 5  # bits of `right` that may differ
SECOND_DISTANCE = 8  # of `down`
STRETCH = 0.1  # by which the logarithms of width / height may differ
NEIGHBORS = 64  # with which a hash is compared, of those that agree with it in three bytes

_BYTES, _EQUAL = 8, 8 - DISTANCE
_ONES = np.array([bin(word).count("1") for word in range(1 << 16)], np.uint8)


def near_pairs(right: Array, down: Array, aspects: Array) -> Array:
    """Finds pairs of images whose hashes differ in few bits.

    Of images with the same hashes each is paired with the first only.

    Args:
        right: [N] uint64, see `pixels.Signature`.
        down: [N] uint64.
        aspects: [N] float, width / height.

    Returns:
        [P, 2] int64 positions, the smaller first, sorted.
    """
    hashes = np.stack([right, down], axis=1)
    unique, first, member = np.unique(hashes, axis=0, return_index=True, return_inverse=True)
    firsts = first[member.reshape(-1)]
    later = np.flatnonzero(firsts != np.arange(len(right)))
    found = [_alike(np.stack([firsts[later], later], axis=1), aspects)]
    for kept in itertools.combinations(range(_BYTES), _EQUAL):
        pairs = first[_close(unique, sum(0xFF << 8 * byte for byte in kept))]
        found.append(np.unique(np.sort(_alike(pairs, aspects), axis=1), axis=0))
    return np.unique(np.concatenate(found), axis=0)


def differing_bits(first: Array, second: Array) -> Array:
    """Counts the bits in which two arrays of uint64 [N] differ, [N] int64."""
    words = np.ascontiguousarray(first ^ second).view(np.uint16).reshape(-1, 4)
    return _ONES[words].sum(axis=1, dtype=np.int64)


def _close(hashes: Array, mask: int) -> Array:
    """Pairs the rows that agree in the bits of a mask and differ in few others: [P, 2]."""
    keys = hashes[:, 0] & np.uint64(mask)
    order = np.argsort(keys, kind="stable")
    keys, found = keys[order], [np.zeros([0, 2], np.int64)]
    for step in range(1, NEIGHBORS + 1):
        equal = np.flatnonzero(keys[step:] == keys[:-step])
        if not len(equal):
            break
        one, other = order[equal], order[equal + step]
        close = differing_bits(hashes[one, 0], hashes[other, 0]) <= DISTANCE
        close &= differing_bits(hashes[one, 1], hashes[other, 1]) <= SECOND_DISTANCE
        found.append(np.stack([one[close], other[close]], axis=1))
    return np.concatenate(found)


def _alike(pairs: Array, aspects: Array) -> Array:
    """Keeps the pairs of similar aspect."""
    apart = np.abs(np.log(aspects[pairs[:, 0]]) - np.log(aspects[pairs[:, 1]]))
    return pairs[apart <= STRETCH]
