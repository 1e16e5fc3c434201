"""What a finding is, and how bad one can be. TensorFlow-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ocr_tf.types import Array

SEVERITIES = {
    "error": "a training stops, or its figures mean nothing",
    "warning": "lines are lost, or figures are off",
    "note": "worth knowing",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something about the lines that somebody should know."""

    kind: str  # one word for tables: unreadable
    severity: str  # one of SEVERITIES
    title: str  # what was found, with its count, without a full stop
    advice: str  # a sentence: what follows from it, or what to do
    lines: Array = dataclasses.field(default_factory=lambda: np.zeros([0, 1], np.int64))
    # [K, 1] int64 lines of the collection, or [K, 2] pairs of them; the worst first
    details: Sequence[str] = ()  # of each of `lines`, or none


def counted(number: int, what: str, plural: str = "") -> str:
    """Returns 1 line, 2,000 lines."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def single(lines: Array) -> Array:
    """Makes `Finding.lines` of lines that stand alone, [K] to [K, 1]."""
    return np.asarray(lines, np.int64).reshape(-1, 1)
