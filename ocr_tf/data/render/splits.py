"""Which split a text belongs to, and random numbers that are a function of a key; TensorFlow-free."""

from __future__ import annotations

import hashlib

import numpy as np

SPLITS = ("train", "test")


def split_of(text: str) -> str:
    """Returns the split that a text belongs to: a quarter of all strings are for testing."""
    return "test" if hashlib.sha256(text.encode("utf-8")).digest()[0] % 4 == 0 else "train"


def is_in(text: str, split: str) -> bool:
    """Whether a text belongs to a split, or to any where `split` is "all"; case does not count."""
    return split == "all" or split_of(text.casefold()) == split


def generator(seed: int, index: int, stream: int) -> np.random.Generator:
    """Makes a generator keyed by its arguments: no draw depends on how many were made before."""
    return np.random.Generator(np.random.Philox(key=[stream << 32 | seed, index]))
