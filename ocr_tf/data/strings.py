"""A column of strings: one buffer of UTF-8 and the place where each ends, instead of an object for each.

A million labels of ten letters take 18 megabytes where a list of them takes 60.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Union, overload

import numpy as np

from ocr_tf.types import Array


class Strings(Sequence[str]):
    """Strings that are appended to and read, never changed; an item is decoded when it is asked for."""

    def __init__(self, items: Iterable[str] = ()):
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        for item in items:
            self.append(item)

    def append(self, item: str) -> None:
        """Adds a string at the end."""
        self._bytes += item.encode("utf-8")
        self._ends.append(len(self._bytes))

    def extend_packed(self, packed: Array, ends: Array) -> None:
        """Adds strings as `packed` gives them.

        Raises:
            ValueError: the ends do not fit the bytes.
        """
        steps = np.diff(ends.astype(np.int64), prepend=0)
        if (steps < 0).any() or int(steps.sum()) != len(packed):
            raise ValueError("ends of strings that do not fit their bytes")
        start = len(self._bytes)
        self._bytes += packed.tobytes()
        self._ends.frombytes((ends.astype(np.uint64) + np.uint64(start)).tobytes())

    def packed(self) -> tuple[Array, Array]:
        """Returns all bytes, uint8, and where each string ends in them, [N] uint64."""
        ends = np.frombuffer(self._ends, np.uint64)[1:].copy()
        return np.frombuffer(bytes(self._bytes), np.uint8), ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, i: int) -> str: ...

    @overload
    def __getitem__(self, i: slice) -> list[str]: ...

    def __getitem__(self, i: Union[int, slice]) -> Union[str, list[str]]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        count = len(self._ends) - 1
        if not -count <= i < count:
            raise IndexError(f"string {i} of {count}")
        if i < 0:
            i += count
        return self._bytes[self._ends[i] : self._ends[i + 1]].decode("utf-8")


def repeated(items: Iterable[str], count: int) -> list[int]:
    """Finds the items that are equal to an earlier or a later one, in order.

    Args:
        items: read once.
        count: how many there are.

    Returns:
        Positions. Two different items whose 64-bit hashes agree would be named too: once in 2^64
        pairs.
    """
    keys: Array = np.fromiter((hash(item) for item in items), np.int64, count)
    order = np.argsort(keys, kind="stable")
    equal = keys[order][1:] == keys[order][:-1]
    if not equal.any():
        return []
    again = np.append(equal, False) | np.insert(equal, 0, False)
    return sorted(int(i) for i in order[again])
