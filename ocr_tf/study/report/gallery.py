"""Galleries: lines shown at length, such as those that one condition reads and the other misses.

Among lines that fit a gallery equally well those shown are drawn by a hash of seed and id, so that
nobody picked them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ocr_tf.study.comparison.lines import Line
from ocr_tf.study.report.content import Report
from ocr_tf.types import Array

SHOWN = 8  # lines of a gallery at most


class Gallery(NamedTuple):
    """Some lines, and what they have in common."""

    name: str  # its anchor
    title: str
    meaning: str
    lines: list[int]  # all that there are, those shown first
    every: bool = False  # it is drawn from all lines: their number says nothing

    @property
    def shown(self) -> list[int]:
        """The lines that the page shows with their pictures."""
        return self.lines[:SHOWN]


def galleries(report: Report) -> list[Gallery]:
    """Chooses the galleries, in the page's order; two conditions that differ are the headline's pair."""
    lines = report.lines
    if not lines:
        return []
    draw = report.signature.generator_seed or 0
    keys = np.array([_key(draw, line.id) for line in lines])
    shares = {name: _right(lines, name).mean(axis=0) for name in lines[0].readings}  # each [N]
    chosen: list[Gallery] = []
    pair = report.headline
    if pair:
        for one, other in ((pair.a, pair.b), (pair.b, pair.a)):
            chosen.append(_read_and_missed(len(chosen), one, other, shares, keys))
    least = np.max(list(shares.values()), axis=0)
    everywhere = " and ".join(shares) if len(shares) < 3 else "every condition"
    chosen.append(
        Gallery(
            "missed",
            f"Missed by {everywhere}",
            "No condition reads these under more than half of its seeds; first those that none reads.",
            _chosen(least <= 0.5, least, keys),
        )
    )
    varies = np.array([np.minimum(share, 1 - share) for share in shares.values()]).max(axis=0)
    chosen.append(
        Gallery(
            "unstable",
            "Unstable across seeds",
            "Read under some seeds of a condition and missed under others; first those nearest to half "
            "and half.",
            _chosen(varies > 0, -varies, keys),
        )
    )
    chosen.append(
        Gallery(
            "random",
            "A random sample",
            f"Of all lines, drawn by a hash of each id with seed {draw}.",
            _chosen(np.ones(len(lines), bool), np.zeros(len(lines)), keys),
            every=True,
        )
    )
    return chosen


def _read_and_missed(
    number: int, one: str, other: str, shares: Mapping[str, Array], keys: Array
) -> Gallery:
    gap = shares[one] - shares[other]
    return Gallery(
        f"only-{number}",
        f"{one} reads, {other} misses",
        f"Read by {one} under more than half of its seeds and by {other} under less than half; first "
        "those with the widest gap.",
        _chosen((shares[one] > 0.5) & (shares[other] < 0.5), -gap, keys),
    )


def _right(lines: Sequence[Line], condition: str) -> Array:
    """Marks the lines that are read without an edit, [S, N] bool."""
    return np.array([[r.edits == 0 for r in line.readings[condition]] for line in lines]).T


def _chosen(mask: Array, order: Array, keys: Array) -> list[int]:
    """Sorts the lines of a mask, by an order first and their keys second."""
    ranked = np.lexsort((keys, np.round(order, 9)))
    return [int(i) for i in ranked if mask[i]]


def _key(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()
