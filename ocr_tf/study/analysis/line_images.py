"""The pictures of a report: test lines as they are, and what each condition's network sees in them."""

from __future__ import annotations

from typing import Optional

import numpy as np

from ocr_tf import alignment_plot
from ocr_tf.data.image import original, why_bad
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.study.analysis.image_features import ANY_SIZE
from ocr_tf.study.comparison.inputs import Material
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import Cell, Grid


class Art:
    """What `ocr_tf.study.report.write` asks for, line by line. Without runs or images, nothing."""

    def __init__(self, grid: Grid, material: Material):
        self._grid, self._source = grid, material.source
        self._networks = Networks(grid, material.runs) if material.runs else None
        self._aligners: dict[str, Aligner] = {}

    def image(self, i: int) -> Optional[np.ndarray]:
        """[H, W] uint8 gray, the pixels of test line i; None if it cannot be read."""
        encoded = self._encoded(i)
        return None if encoded is None else original(encoded)

    def alignment(self, i: int) -> Optional[np.ndarray]:
        """[h, w, 3] uint8: what each condition that has networks read of line i under its first seed,
        laid over it."""
        encoded = self._encoded(i)
        if encoded is None or self._networks is None:
            return None
        panels, image = [], None
        for condition in self._networks.conditions():
            cell = self._grid.cells[condition][0]
            aligned = self._align(cell, encoded, cell.predictions[i].text)
            if aligned is not None:
                panels.append(aligned.panel(f"{condition}, seed {cell.seed}"))
                image = aligned.image
        return None if image is None else alignment_plot.alignments(image, panels)

    def _encoded(self, i: int) -> Optional[bytes]:
        if self._source is None:
            return None
        try:
            encoded = self._source.read(i)
        except InputError:
            return None
        return None if why_bad(encoded, ANY_SIZE) else encoded

    def _align(self, cell: Cell, encoded: bytes, text: str) -> Optional[Aligned]:
        assert self._networks is not None
        if cell.condition not in self._aligners:
            trained = self._networks.trained(cell.condition, cell.seed)
            self._aligners[cell.condition] = Aligner(
                trained.model,
                trained.experiment.geometry,
                trained.experiment.encoder.stride,
            )
        (aligned,) = self._aligners[cell.condition].align([encoded], [text])
        return aligned
