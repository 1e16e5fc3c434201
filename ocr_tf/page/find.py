"""Finds the lines of a page: skew, components, boxes, order; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ocr_tf.classical.binarize import find_ink
from ocr_tf.page import skew
from ocr_tf.page.group import group
from ocr_tf.page.layout import METHODS, Box, reading_order
from ocr_tf.page.profile import lines_by_profile
from ocr_tf.page.regions import find_regions, measure_regions, without_pictures
from ocr_tf.page.text_regions import is_text
from ocr_tf.types import Array

WINDOW = 61  # pixels of Sauvola's window: larger than a letter


class FoundLines(NamedTuple):
    """A page and where its lines are."""

    page: Array  # [H, W] uint8, turned so that lines are level
    degrees: float  # by which it was turned, counterclockwise
    boxes: list[Box]  # on `page`, with PAD about their ink, in the order of reading

    def cut(self, box: Box) -> Array:
        """Cuts a line out: [h, w] uint8."""
        return np.ascontiguousarray(self.page[box.top : box.bottom, box.left : box.right])

    def polygon(self, box: Box) -> Array:
        """Returns the corners of a line on the page as it was given, [4, 2], x and y."""
        rows, columns = self.page.shape
        points = skew.turned_back(box.corners(), self.page.shape, self.degrees)
        bounded: Array = np.clip(points, 0, [columns, rows])
        return bounded


def find_lines(page: Array, method: str = "boost") -> FoundLines:
    """Finds the lines of a page.

    Args:
        page: [H, W] uint8.
        method: one of METHODS: `boost` groups components that a classifier takes for text; `profile` cuts
            along blanks.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}")
    first = find_regions(find_ink(page, "sauvola", WINDOW).mask)
    degrees = skew.estimate(without_pictures(first))
    page = skew.turn(page, degrees)
    ink = find_ink(page, "sauvola", WINDOW)
    regions = find_regions(ink.mask)
    if method == "profile":
        boxes = lines_by_profile(regions)
    else:
        boxes = group(regions.boxes, is_text(measure_regions(regions, ink)))
    padded = [box.padded(*page.shape) for box in boxes]
    return FoundLines(page, degrees, [padded[i] for i in reading_order(boxes)])
