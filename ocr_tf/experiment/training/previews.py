"""A fixed handful of validation lines, looked at again at each validation: texts and alignments."""

from __future__ import annotations

import heapq
from typing import Any, Optional

from ocr_tf import alignment_plot
from ocr_tf.data.lines import Lines
from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.experiment.inference.recognize import Reading
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.types import Array


def handful(lines: Lines, number: int) -> list[int]:
    """Positions of the lines to show: the first by the image's digest.

    So they are the same for all heads, and a larger handful holds the smaller. Lines without a usable
    image are left out.
    """
    bad = {bad.sample.id for bad in lines.bad}
    keys = ((digest.tobytes(), name) for digest, name in zip(lines.digests, lines.ids))
    usable = ((key, i) for i, key in enumerate(keys) if key[1] not in bad)
    return [i for _, i in heapq.nsmallest(number, usable)]


class Previews:
    """Draws a handful of a run's validation lines, and keeps the pictures in its folder."""

    def __init__(self, aligner: Aligner, lines: Lines, run: RunFolder, number: int):
        self.aligner, self.lines, self.run = aligner, lines, run
        self.chosen = handful(lines, number)
        self._pixels: dict[int, Array] = {}  # as `ocr_tf.data.image.original` gives them

    def take(self, step: int, readings: list[Reading]) -> list[dict[str, Any]]:
        """Draws each line as the model sees it now.

        Args:
            step: names the pictures.
            readings: of all validation lines, in their order.

        Returns:
            A record's `lines`, see `ocr_tf.experiment.tensorboard.summaries`.
        """
        encoded = [self._read(i) for i in self.chosen]
        true = [self.lines.sample(i).text for i in self.chosen]
        read = [readings[i].text for i in self.chosen]
        # What the alphabet lacks cannot be laid over the image: in its place, what was read.
        unknown = self.aligner.model.alphabet.unknown
        known = [r if unknown(t) else t for t, r in zip(true, read)]
        pixels = [self._pixels.get(i) for i in self.chosen]
        laid = self.aligner.align(encoded * 2, known + read, pixels * 2)
        self._pixels |= {i: line.image for i, line in zip(self.chosen, laid) if line is not None}
        taken = []
        for n, i in enumerate(self.chosen):
            png = _picture(true[n], laid[n], laid[len(true) + n])
            picture = png and self.run.save_preview(step, n + 1, png)
            names = {"id": self.lines.sample(i).id, "reference": true[n], "text": read[n]}
            taken.append({**names, "picture": picture})
        return taken

    def _read(self, i: int) -> bytes:
        try:
            return self.lines.read(i)
        except InputError:  # it was there when the training began
            return b""


def _picture(text: str, true: Optional[Aligned], read: Optional[Aligned]) -> Optional[bytes]:
    """The true text's alignment above that of what was read, as PNG; one alone where that is all."""
    if true is None or read is None:
        return None
    panels = [read.panel("read")]
    if true.text == read.text == text:
        panels = [read.panel("read right")]
    elif true.text == text and true.weights.any():
        panels.insert(0, true.panel("true"))
    return encode_png(alignment_plot.alignments(read.image, panels), compress_level=1)
