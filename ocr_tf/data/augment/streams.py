"""Random numbers as a function of (key, name): each name has a stream of its own; TensorFlow-free."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ocr_tf.data.augment.entry import Random

_of_thread = threading.local()


def number_of(name: str) -> int:
    """Returns the number of a name's stream, of 64 bits."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "big")


class Streams:
    """The streams of one key.

    Philox makes its numbers of a key and a counter. The counter's highest word is the name's number, so the
    streams of different names do not meet. A generator is made once for each thread, and set: that costs less
    than to make one. So a stream ends where the next begins; what is drawn of it is drawn before.
    """

    def __init__(self, key: Sequence[int]):
        """`key`: two whole numbers from 0 on, below 2^64."""
        self._key = key

    def of(self, number: int) -> Random:
        """Starts the stream of this number (see `number_of`)."""
        try:
            bits, random = _of_thread.generator
        except AttributeError:
            bits = np.random.Philox(key=0)
            random = np.random.Generator(bits)
            _of_thread.generator = bits, random
        bits.state = _state([0, 0, 0, number], self._key)
        return random


def _state(counter: Sequence[int], key: Sequence[int]) -> dict[str, Any]:
    return {
        "bit_generator": "Philox",
        "state": {"counter": counter, "key": key},
        "buffer": (0, 0, 0, 0),
        "buffer_pos": 4,  # nothing is left in it
        "has_uint32": 0,
        "uinteger": 0,
    }
