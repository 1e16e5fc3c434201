"""A page that was read, as writers take it; TensorFlow-free."""

from __future__ import annotations

import math
import re
from typing import NamedTuple, Optional

from ocr_tf.page.layout import Box
from ocr_tf.types import Array

# What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class ReadLine(NamedTuple):
    """A line and its text."""

    polygon: Array  # [4, 2] x and y on the page as it was given, clockwise from the first corner
    text: str
    log_prob: Optional[float]

    @property
    def box(self) -> Box:
        """The box around the polygon, in whole pixels."""
        left, top = self.polygon.min(axis=0)
        right, bottom = self.polygon.max(axis=0)
        return Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))

    @property
    def confidence(self) -> float:
        """p(text | image); 0 where the line could not be read."""
        return 0.0 if self.log_prob is None else math.exp(self.log_prob)

    def points(self) -> str:
        """Writes the polygon as `x,y x,y ...`, to a tenth of a pixel."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.polygon.tolist())


class ReadResult(NamedTuple):
    """A page and its lines in the order of reading."""

    image: str  # the name of its file, without folders
    pixels: Array  # [H, W] uint8, as it was given
    degrees: float  # by which it was turned counterclockwise to be read
    lines: list[ReadLine]


def for_xml(text: str) -> str:
    """Puts U+FFFD in the place of what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
