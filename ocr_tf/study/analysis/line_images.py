"""The images of the test lines: their pixels, each decoded once, and alignments drawn over them."""

from __future__ import annotations

from typing import Optional

import tensorflow as tf

from ocr_tf import alignment_plot
from ocr_tf.data.image import original
from ocr_tf.data.image_formats import is_allowed_size, read_header
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import Cell, Grid
from ocr_tf.types import Array

CACHE_BYTES = 2**29  # of pixels: 30,000 lines of 40 x 400


class LineImages:
    """The test lines of a grid as `ocr_tf.study.report.line_images.LineImages` asks for them."""

    def __init__(
        self,
        grid: Grid,
        source: Optional[Source] = None,
        networks: Optional[Networks] = None,
        cache_bytes: int = CACHE_BYTES,
    ):
        """Starts with nothing decoded.

        Args:
            grid: what was read of the lines.
            source: the grid's lines in its order; without it there are no images.
            networks: that align; without them there are no alignments. Images are turned as the first
                of them turns them.
            cache_bytes: pixels that are kept, a byte each. Lines that do not fit any more are decoded each
                time: a report goes through all lines several times, in order, so that keeping the latest
                instead would keep none until it is asked for again.
        """
        self._grid, self._source, self._networks = grid, source, networks
        self.rotate = networks.rotations[0] if networks is not None else 0
        self._kept: dict[int, Optional[Array]] = {}
        self._room = cache_bytes

    def image(self, i: int) -> Optional[Array]:
        """Returns line i as [H, W] uint8 gray before resizing, not to be written to; None if unreadable."""
        if i in self._kept:
            return self._kept[i]
        encoded = self._encoded(i)
        pixels = None if encoded is None else decode(encoded, self.rotate)
        if pixels is not None:
            pixels.setflags(write=False)
        size = 0 if pixels is None else pixels.nbytes
        if size <= self._room:
            self._room -= size
            self._kept[i] = pixels
        return pixels

    def alignment(self, i: int) -> Optional[Array]:
        """Draws what each condition reads of line i over its image: [h, w, 3] uint8.

        Of a condition that misreads the line under some seed it is the first such seed, otherwise the first
        seed; titles name it. Conditions without networks, and those that turn images otherwise than the first
        network, are left out; None if that leaves none, or if the
        image cannot be read.
        """
        image, encoded = self.image(i), self._encoded(i)
        if image is None or encoded is None or self._networks is None:
            return None
        panels = []
        for condition in self._networks.conditions():
            cell = self._shown(condition, i)
            aligner = self._networks.aligner(condition, cell.seed)
            if aligner.geometry.rotate != self.rotate:
                continue
            (aligned,) = aligner.align([encoded], [cell.predictions[i].text], [image])
            if aligned is not None:
                panels.append(aligned.panel(f"{condition}, seed {cell.seed}"))
        return alignment_plot.alignments(image, panels) if panels else None

    def _shown(self, condition: str, i: int) -> Cell:
        cells = self._grid.cells[condition]
        edits = (row[i].distance for row in self._grid.edits[condition])
        return next((cell for cell, distance in zip(cells, edits) if distance), cells[0])

    def _encoded(self, i: int) -> Optional[bytes]:
        if self._source is None:
            return None
        try:
            return self._source.read(i)
        except InputError:
            return None


def decode(encoded: bytes, rotate: int = 0) -> Optional[Array]:
    """Decodes an image to [H, W] uint8 gray as networks see it before resizing; None if it is none.

    Images of any width are taken, and turned by `rotate` degrees clockwise.
    """
    try:
        kind, height, width = read_header(tf.constant(encoded))
        if int(kind) < 0 or not bool(is_allowed_size(height, width)):
            return None
        return original(encoded, rotate)
    except tf.errors.OpError:
        return None
