"""Lengths and symbols of labels, in one pass. TensorFlow-free."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from ocr_tf.data.source import Source
from ocr_tf.types import Array


class LabelFacts(NamedTuple):
    """Lengths, symbols and oddities of the labels of a source."""

    lengths: Array  # [N] int32, symbols
    keys: Array  # [N] int64, equal for equal labels; two others are equal once in 2^64 pairs
    occurrences: Counter[str]  # of each symbol
    labels: Counter[str]  # that a symbol occurs in
    first: dict[str, int]  # the first of them, by position in the source


def read_labels(source: Source) -> LabelFacts:
    """Goes through the labels of a source."""
    total = len(source)
    found = LabelFacts(
        np.zeros(total, np.int32), np.zeros(total, np.int64), Counter(), Counter(), {}
    )
    for i, sample in enumerate(source.samples):
        found.lengths[i] = len(sample.text)
        found.keys[i] = hash(sample.text)
        found.occurrences.update(sample.text)
        different = set(sample.text)
        found.labels.update(different)
        for symbol in different - found.first.keys():
            found.first[symbol] = i
    return found
