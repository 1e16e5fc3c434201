"""Cuts a line into pieces, each a character or a part of one, never more; TensorFlow-free.

Connected components are pieces (parts above each other, as of an i, are one), and so is what a component
falls into where its projection profile has a minimum: characters touch there, or arches are thin. That is
too many cuts on purpose; the search chooses among them.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from ocr_tf.classical.binarize import Ink
from ocr_tf.types import Array

# All in heights of the image.
SPECK = 0.05  # components whose area is below this squared are dirt
NARROWEST = 0.1  # piece that a cut may leave
WIDEST = 0.75  # piece that stays whole though no minimum is deep
DEEP = 0.5  # of the highest column: minima above it are no cuts
OVERLAP = 0.5  # of the narrower of two components, from which they are above each other
MOST_PIECES = 4096  # of a line


@dataclasses.dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of a line, from left to right."""

    labels: Array  # [H, W] int32, 0 = none, p + 1 = piece p
    boxes: Array  # [P, 4] int32: left, top, right, bottom; the last two are outside
    groups: Array  # [P] int32, ascending: pieces of one number were one before they were cut
    strength: Array  # [H, W] float32, as that of the ink

    def __len__(self) -> int:
        return len(self.boxes)

    def gaps(self) -> Array:
        """Returns the blank between the pieces before and from each cut on, in heights of the image, [P + 1].

        It is negative where they overlap, and 0 at both ends.
        """
        gaps = np.zeros(len(self) + 1, np.float32)
        if len(self) > 1:
            reach = np.maximum.accumulate(self.boxes[:-1, 2])
            begin = np.minimum.accumulate(self.boxes[::-1, 0])[::-1][1:]
            gaps[1:-1] = (begin - reach) / len(self.labels)
        return gaps


def cut_pieces(ink: Ink) -> Pieces:
    """Cuts a line of ink into pieces; none where there is no ink."""
    height = len(ink.mask)
    count, components, stats, _ = cv2.connectedComponentsWithStats(ink.mask.astype(np.uint8))
    wanted = [
        i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= max(2, (SPECK * height) ** 2)
    ]
    if len(wanted) > MOST_PIECES:  # dirt all over: no text
        wanted = []
    labels = np.zeros(ink.mask.shape, np.int32)
    boxes: list[tuple[int, int, int, int]] = []
    groups: list[int] = []
    for number, group in enumerate(_groups(stats, wanted)):
        left = min(stats[i, cv2.CC_STAT_LEFT] for i in group)
        right = max(stats[i, cv2.CC_STAT_LEFT] + stats[i, cv2.CC_STAT_WIDTH] for i in group)
        part = np.isin(components[:, left:right], group)
        edges = [0, *cuts(part.sum(axis=0), height), right - left]
        for begin, end in zip(edges[:-1], edges[1:]):
            rows = np.flatnonzero(part[:, begin:end].any(axis=1))
            if not len(rows):
                continue
            boxes.append((left + begin, rows[0], left + end, rows[-1] + 1))
            groups.append(number)
            labels[:, left + begin : left + end][part[:, begin:end]] = len(boxes)
    return Pieces(
        labels,
        np.array(boxes, np.int32).reshape(-1, 4),
        np.array(groups, np.int32),
        ink.strength,
    )


def _groups(stats: Array, wanted: list[int]) -> list[list[int]]:
    """Groups components that stand above each other, from left to right."""
    spans = [
        (stats[i, cv2.CC_STAT_LEFT], stats[i, cv2.CC_STAT_LEFT] + stats[i, cv2.CC_STAT_WIDTH])
        for i in wanted
    ]
    groups: list[list[int]] = []
    reached: list[tuple[int, int]] = []
    for place in sorted(range(len(wanted)), key=lambda k: (spans[k], k)):
        left, right = spans[place]
        if reached:
            begin, end = reached[-1]
            shared = min(end, right) - max(begin, left)
            if shared > OVERLAP * min(end - begin, right - left):
                groups[-1].append(wanted[place])
                reached[-1] = (begin, max(end, right))
                continue
        groups.append([wanted[place]])
        reached.append((left, right))
    return groups


def cuts(profile: Array, height: int) -> list[int]:
    """Finds the columns before which a component is cut.

    Args:
        profile: [W], ink of each column.
        height: of the image.

    Returns:
        Columns in ascending order: the deepest minima first take their place, and others keep away from
        them by NARROWEST. Where a piece is still wider than WIDEST, its least column is a cut too.
    """
    least = max(2, round(NARROWEST * height))
    smooth = np.convolve(profile, [0.25, 0.5, 0.25], "same")
    inner = np.arange(least, len(profile) - least + 1)
    inner = inner[(inner > 0) & (inner < len(profile) - 1)]
    low = [
        int(x)
        for x in inner
        if smooth[x] <= smooth[x - 1]
        and smooth[x] <= smooth[x + 1]
        and smooth[x] <= DEEP * smooth.max()
    ]
    found: list[int] = []

    def take(columns: list[int]) -> bool:
        for x in sorted(columns, key=lambda x: (smooth[x], x)):
            if all(abs(x - other) >= least for other in found):
                found.append(x)
        return bool(columns)

    take(low)
    while True:
        edges = sorted([0, *found, len(profile)])
        wide = [(a, b) for a, b in zip(edges[:-1], edges[1:]) if b - a > WIDEST * height]
        new = [a + least + int(np.argmin(smooth[a + least : b - least])) for a, b in wide]
        if not new:
            return sorted(found)
        found.extend(new)
