"""Reads lines with a model, in the order they came: what validation and evaluation share."""

from __future__ import annotations

import math
from typing import NamedTuple, Optional, Union

import tensorflow as tf

from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.cache import LineCache
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import LabelIds, Lines
from ocr_tf.decode import Search
from ocr_tf.ensemble import Ensemble
from ocr_tf.graphs import graph
from ocr_tf.progress import Progress
from ocr_tf.recognizer import Recognizer, batch_signature
from ocr_tf.types import Array, Batch, Hypotheses, Labels

COLUMNS = (
    32_768  # a batch of wider lines is cut: the first map of one line of 4,096 is 30 megabytes
)
WIDTHS = 32  # padded widths are multiples of this, so that few shapes occur
SHORT = (
    8 * WIDTHS
)  # lines up to this wide are padded more finely: there are few shapes all the same


class Reading(NamedTuple):
    """What a model says of one line."""

    text: str
    log_prob: Optional[float]  # log p(text | image); None where the image could not be read
    reference_log_prob: Optional[float]  # log p(reference | image); None where it has none or is 0
    ended: bool  # false where the search hit its bound
    ok: bool  # false where the image could not be read: the text is then empty
    objective: Optional[float] = None  # what the search ranked by; None where that is not finite
    # Of each symbol, in the order of the image; see `Head.symbol_confidences`. None if not asked for.
    confidences: Optional[tuple[float, ...]] = None


class Reader:
    """A model and its compiled reading function."""

    def __init__(
        self,
        model: Union[Recognizer, Ensemble],
        geometry: Geometry,
        batch_size: int,
        search: Optional[Search] = None,
        cache: Optional[LineCache] = None,
        symbols: bool = False,
    ):
        """Compiles nothing yet.

        Args:
            model: reads.
            geometry: what images are brought to.
            batch_size: lines in a batch.
            search: finds the texts; None: greedy.
            cache: of images, for lines that are read again.
            symbols: whether readings have the confidences of symbols, which cost a pass of the head more.
        """
        self.search, self._cache, self._symbols = search, cache, symbols
        self.model, self.geometry, self.batch_size = model, geometry, batch_size
        self._read = graph(self._read_batch, [batch_signature(model.height)])

    def _read_batch(self, batch: Batch) -> tuple[Hypotheses, tf.Tensor, Optional[tf.Tensor]]:
        frames, head = self.model(batch.images), self.model.head
        with tf.name_scope("decode"):
            hypotheses = head.decode(frames, self.search)
        with tf.name_scope("score"):
            scores = head.score(frames, batch.labels)
        if not self._symbols:
            return hypotheses, scores, None
        with tf.name_scope("symbols"):
            best = Labels(hypotheses.ids[:, 0], hypotheses.lengths[:, 0])
            return hypotheses, scores, head.symbol_confidences(frames, best)

    def graph(self) -> bytes:
        """The network with its search, as TensorFlow runs it: a serialized GraphDef."""
        return self._read.get_concrete_function().graph.as_graph_def().SerializeToString()

    def read(self, lines: Lines, what: str = "reading") -> list[Reading]:
        """A reading of every line, in the order of `lines`."""
        alphabet = self.model.alphabet
        known = [not alphabet.unknown(text) for text in lines.texts]
        labels = LabelIds(lines, alphabet)
        order = plan(lines.widths, 0, 0, self.batch_size, shuffle=False, columns=COLUMNS)
        batches = pipeline.batches(
            lines, labels, order, self.geometry, multiple=WIDTHS, cache=self._cache
        )
        readings: list[Optional[Reading]] = [None] * len(lines)
        progress, done = Progress(what, len(lines)), 0
        for batch in batches:
            hypotheses, scores, symbols = self._read(batch)
            best = Hypotheses(*(t[:, 0].numpy() for t in hypotheses))
            scores, ok = scores.numpy(), batch.ok.numpy()
            confidences = None if symbols is None else symbols.numpy()
            for row, i in enumerate(batch.samples.numpy()):
                length = best.lengths[row]
                text = alphabet.decode(best.ids[row, :length])
                readings[i] = Reading(
                    text=text if ok[row] else "",
                    log_prob=float(best.log_probs[row]) if ok[row] else None,
                    reference_log_prob=_finite(scores[row]) if ok[row] and known[i] else None,
                    ended=bool(best.ended[row]),
                    ok=bool(ok[row]),
                    objective=_finite(best.objective[row]) if ok[row] else None,
                    confidences=rounded(confidences[row, :length])
                    if confidences is not None and ok[row]
                    else None,
                )
            done += len(ok)
            progress.show(done)
        progress.clear()
        return [reading for reading in readings if reading is not None]


def width_multiple(widest: int) -> int:
    """Chooses what padded widths are multiples of in training, by the widest line in pixels.

    Columns of padding cost as much as others; but every shape has kernels of its own, and of more than some
    dozens of shapes not all are kept.
    """
    return WIDTHS if widest > SHORT else WIDTHS // 4


def rounded(confidences: Array) -> tuple[float, ...]:
    """Rounds the confidences of a text's symbols, [L], to what a reader can use."""
    return tuple(round(float(value), 6) for value in confidences)


def _finite(value: float) -> Optional[float]:
    return float(value) if math.isfinite(value) else None


def mean_loss(readings: list[Reading]) -> float:
    """Mean of -log p(reference | image) over the lines where it is finite; nan if there is none."""
    finite = [r.reference_log_prob for r in readings if r.reference_log_prob is not None]
    return -sum(finite) / len(finite) if finite else math.nan
