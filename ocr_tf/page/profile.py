"""Lines by projection profiles: columns where the page is blank from top to bottom, rows within them.

TensorFlow-free. No classifier: what is too high for a line (a picture) or too low (a rule, dirt) is left out.
"""

from __future__ import annotations

import numpy as np

from ocr_tf.page.layout import Box
from ocr_tf.page.regions import Regions
from ocr_tf.types import Array

GUTTER = 1.5  # usual heights of the blank between columns
NEAR = 0.2  # usual heights between rows of ink that belong to one line: an i and its dot
LOW, HIGH = 0.6, 3.5  # usual heights of a line
DIRT = 0.25  # usual heights of components that are left out
FAINT = 0.02  # of the fullest row of a column: less is no ink


def lines_by_profile(regions: Regions) -> list[Box]:
    """Finds lines from the components of a page; gives the box of each line's ink."""
    heights = regions.boxes[:, 3] - regions.boxes[:, 1]
    widths = regions.boxes[:, 2] - regions.boxes[:, 0]
    if not len(heights):
        return []
    usual = float(np.median(heights[heights >= np.median(heights)]))
    wanted = np.maximum(heights, widths) >= DIRT * usual
    wanted &= (heights <= HIGH * usual) & (heights * 15 >= widths)  # no pictures, no rules
    names = regions.names[wanted]
    ink = np.isin(regions.labels, names) if len(names) else np.zeros(regions.labels.shape, bool)
    found = []
    for left, right in _runs(ink.sum(axis=0), 0.0, GUTTER * usual):
        block = ink[:, left:right]
        profile = block.sum(axis=1)
        for top, bottom in _runs(profile, FAINT * profile.max(), NEAR * usual):
            columns = np.flatnonzero(block[top:bottom].any(axis=0))
            if LOW * usual <= bottom - top <= HIGH * usual:
                begin, end = int(columns[0]), int(columns[-1]) + 1
                found.append(Box(left + begin, top, left + end, bottom))
    return found


def _runs(profile: Array, least: float, gap: float) -> list[tuple[int, int]]:
    """Finds where a profile is above `least`, joining what less than `gap` parts: [begin, end) each."""
    full = np.flatnonzero(profile > least)
    if not len(full):
        return []
    breaks = np.flatnonzero(np.diff(full) > max(1.0, gap))
    begins = [int(full[0]), *full[breaks + 1].tolist()]
    ends = [*full[breaks].tolist(), int(full[-1])]
    return [(begin, end + 1) for begin, end in zip(begins, ends)]
