"""Aligns a text with a line image: where the model emits each symbol, as numbers, table and drawing.

Where it emits a symbol need not be where the glyph is: CTC may emit the first and the last symbol of a
line at the image's edges. Spans without ink under them are marked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from ocr_tf import alignment_plot
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, original, prepare_batch
from ocr_tf.decode.spans import by_column, spans
from ocr_tf.encoders import edges, rows_of
from ocr_tf.graphs import graph
from ocr_tf.metrics.alignment import without_ink
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Array, Labels

# The first and the last one, from 0, of the image as it was before resizing, turned by --data.rotate.
Columns = tuple[int, int]


class Row(NamedTuple):
    """One symbol of a text."""

    symbol: str
    columns: Optional[Columns]  # the middle 80 % of its weight; None: it has none
    weight: float  # over all steps: 1 for attention, for CTC the steps it is expected to hold
    peak: float  # of the step with the most
    path: Optional[Columns]  # where the best forced path is in it; None: there is no path
    no_ink: bool  # `columns` has no ink: the symbol is emitted there, but its glyph is elsewhere


class Aligned(NamedTuple):
    """A text laid over a line; L symbols, T steps. The steps of a map are its columns."""

    image: Array  # [H, W] uint8 gray, as it was before resizing, turned by --data.rotate
    text: str  # its symbols in the order of the image
    log_prob: float  # log p(text | image), minus infinity where the head cannot reach it
    weights: Array  # [L, T]
    edges: Array  # [T + 1] columns of the image where steps begin and end
    spans: Array  # [L, 2] columns, not rounded, between which the middle 80 % of a weight are
    path: Optional[Array]  # [T] index of the symbol on the best forced path, -1 for none
    path_log_prob: Optional[float]
    # [L, R, T] weights of the cells of a map of R rows, whose sums over rows are `weights`; None: no map
    cells: Optional[Array] = None

    def rows(self) -> list[Row]:
        """Gives a row of the table for each symbol."""
        no_ink = self.without_ink()
        return [
            Row(
                symbol,
                self._columns(*self.spans[i]) if self.weights[i].any() else None,
                float(self.weights[i].sum()),
                float(self.weights[i].max()),
                self._on_path(i),
                bool(no_ink[i]),
            )
            for i, symbol in enumerate(self.text)
        ]

    def without_ink(self) -> Array:
        """[L] bool: symbols that have a span, but no ink under it."""
        return self.weights.any(axis=1) & without_ink(self.spans, self.image)

    def panel(self, name: str) -> alignment_plot.Alignment:
        """This alignment as a part of a picture, for `alignment_plot.alignments(self.image, ...)`."""
        title = f"{name}  {self.text!r}  log p {self.log_prob:.3g}"
        return alignment_plot.Alignment(
            title,
            tuple(self.text),
            self.weights,
            self.edges,
            self.path,
            self.without_ink(),
            self.cells,
        )

    def _on_path(self, i: int) -> Optional[Columns]:
        if self.path is None or i not in self.path:
            return None
        steps = np.flatnonzero(self.path == i)
        return self._columns(*self.edges[[steps[0], steps[-1] + 1]])

    def _columns(self, begin: float, end: float) -> Columns:
        """The whole columns that an interval touches."""
        first = min(math.floor(begin), self.image.shape[1] - 1)
        return first, max(first, math.ceil(end) - 1)


class _Laid(NamedTuple):
    """The graph's answer for a batch, or one line's part of it."""

    ok: Any  # [B] bool
    width: Any  # [B] after resizing
    steps: Any  # [B]
    score: Any  # [B]
    weights: Any  # [B, L, T]; of a map, of all its cells
    spans: Any  # [B, L, 2] in steps; of a map, in columns of it
    path: Any  # [B, T], or None
    path_log_prob: Any  # [B], or None


class Aligner:
    """A model and its compiled alignment."""

    def __init__(self, model: Recognizer, geometry: Geometry, encoder: Any):
        """Compiles; `encoder` is the configuration of the model's encoder, which says where steps are."""
        self.model, self.geometry = model, geometry
        self.stride, self.map_rows = encoder.stride, rows_of(encoder)
        images, vector = tf.TensorSpec([None], tf.string), tf.TensorSpec([None], tf.int32)
        ids = tf.TensorSpec([None, None], tf.int32)
        self._align = graph(self._lay, [images, Labels(ids, vector)])
        self._read = graph(self._decode, [images])

    def read(self, encoded: Sequence[bytes]) -> list[Optional[str]]:
        """The model's own greedy text of each image, None where it cannot be read as one."""
        if not encoded:
            return []
        ids, lengths, ok = (values.numpy() for values in self._read(as_tensor(encoded)))
        decode = self.model.alphabet.decode
        return [decode(i[:n]) if fine else None for i, n, fine in zip(ids, lengths, ok)]

    def align(
        self,
        encoded: Sequence[bytes],
        texts: Sequence[str],
        pixels: Optional[Sequence[Optional[Array]]] = None,
    ) -> list[Optional[Aligned]]:
        """Lays each text over its image; one batch, so of a size that fits in memory.

        Args:
            encoded: images, as `prepare_batch` takes them.
            texts: as many.
            pixels: as many, what `ocr_tf.data.image.original` gives of each image, turned by
                `geometry.rotate`, for callers that have it; otherwise the images are decoded once more.

        Returns:
            One for each, None where the image cannot be read as one.

        Raises:
            ValueError: a text holds a symbol outside the model's alphabet.
        """
        if not encoded:
            return []
        labels = [self.model.alphabet.encode(text) for text in texts]
        texts = [self.model.alphabet.spell(text) for text in texts]
        lengths = np.array([len(label) for label in labels], np.int32)
        ids = np.full([len(labels), lengths.max()], self.model.alphabet.pad, np.int32)
        for row, label in zip(ids, labels):
            row[: len(label)] = label
        laid = self._align(as_tensor(encoded), Labels(tf.constant(ids), tf.constant(lengths)))
        arrays = [None if values is None else values.numpy() for values in laid]
        lines = (_Laid(*(None if a is None else a[i] for a in arrays)) for i in range(len(texts)))
        known = [None] * len(texts) if pixels is None else pixels
        return [
            self._aligned(self._original(data) if image is None else image, text, line)
            if line.ok
            else None
            for data, image, text, line in zip(encoded, known, texts, lines)
        ]

    def _original(self, encoded: bytes) -> Array:
        return original(encoded, self.geometry.rotate)

    def _aligned(self, image: Array, text: str, line: _Laid) -> Aligned:
        rows, size = self.map_rows, len(text)
        steps = int(line.steps) // rows
        cells = line.weights[:size, : steps * rows].reshape(size, steps, rows)
        # A path through a map's cells has no place among columns.
        path = None if line.path is None or rows > 1 else line.path[:steps]
        bounds = edges(steps, self.stride, int(line.width), image.shape[1])
        return Aligned(
            image=image,
            text=text,
            log_prob=float(line.score),
            weights=cells.sum(axis=2),
            edges=bounds,
            spans=np.interp(line.spans[:size], np.arange(steps + 1), bounds),
            path=path,
            path_log_prob=None if path is None else float(line.path_log_prob),
            cells=cells.transpose(0, 2, 1) if rows > 1 else None,
        )

    def _lay(self, encoded: tf.Tensor, labels: Labels) -> _Laid:
        images, ok = prepare_batch(encoded, self.geometry)
        frames, head = self.model(images), self.model.head
        weights = head.align(frames, labels)
        path, path_log_prob = head.path(frames, labels) or (None, None)
        return _Laid(
            ok=ok,
            width=images.widths,
            steps=frames.lengths,
            score=head.score(frames, labels),
            weights=weights,
            spans=spans(by_column(weights, self.map_rows)),
            path=path,
            path_log_prob=path_log_prob,
        )

    def _decode(self, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        images, ok = prepare_batch(encoded, self.geometry)
        best = self.model.recognize(images)
        return best.ids[:, 0], best.lengths[:, 0], ok
