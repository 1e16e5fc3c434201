"""A run or an export as an object that reads images: what `ocr_tf.load` gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Union

import numpy as np
import tensorflow as tf

from ocr_tf.data.image import as_tensor, measure_batch, prepare_batch, why_bad
from ocr_tf.data.image_file import convert_image, open_image_file
from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import unwritable
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.experiment.serving.reader import ModelReader, Signatures
from ocr_tf.graphs import graph
from ocr_tf.library_lines import without_library_lines
from ocr_tf.normalization import nfc
from ocr_tf.types import Array, Labels

Image = Union[str, Path, bytes, Array]  # an image file, its content, or its pixels


class Reading(NamedTuple):
    """A text that a model reads in an image."""

    text: str  # empty where not ok
    log_prob: Optional[float]  # log p(text | image), natural log; None where not ok
    ok: bool  # false where the image could not be used
    reason: str  # why not; empty where ok
    # Of each symbol, in the order of the image; see `Head.symbol_confidences`. None if not asked for.
    confidences: Optional[tuple[float, ...]] = None


class Model:
    """Reads line images with a run or an export; a run can also score and align given texts."""

    def __init__(self, path: Path, signatures: Signatures, batch_size: int):
        """Wraps what `open_signatures` has opened; `path` is for messages."""
        self.path, self.batch_size = path, batch_size
        self.geometry = signatures.geometry
        self._signatures = signatures
        self._scorer: Optional[_Scorer] = None
        self._aligner: Optional[Aligner] = None

    def read(self, images: Sequence[Image], symbols: bool = False) -> list[Reading]:
        """Reads each image with the greedy search.

        Args:
            images: paths, encoded bytes, or uint8 arrays [H, W] (gray) or [H, W, 3] (RGB).
            symbols: whether readings have `confidences`, which cost another pass of the head.

        Returns:
            A reading of each; one that cannot be used is not `ok` and disturbs no other.

        Raises:
            InputError: something in the list is none of these, or the head has no confidences.
        """
        reader = self._signatures.reader(symbols=symbols)
        return [readings[0] for readings in self._read(reader, images)]

    def n_best(self, images: Sequence[Image], k: int = 5) -> list[list[Reading]]:
        """Finds the up to k most probable texts of each image with a beam search, best first.

        Args:
            images: as for `read`.
            k: at least 1.

        Returns:
            A list for each image; of one that cannot be used, its single reading that is not `ok`.

        Raises:
            InputError: something in the list is no image, or an export gives fewer than k.
        """
        if k < 1:
            raise InputError(f"n_best: k is at least 1, not {k}")
        return self._read(self._signatures.reader(k), images)

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> Array:
        """Measures how probable each text is in its image.

        Args:
            images: as for `read`.
            texts: as many.

        Returns:
            [N] float64, log p(text | image), natural log: minus infinity where the model cannot write
            the text, NaN where the image cannot be used.

        Raises:
            InputError: images and texts differ in number, or this is an export.
        """
        trained = self._trained("score")
        given = _as_many(images, texts)
        if self._scorer is None:
            self._scorer = _Scorer(trained)
        scores, start = [np.zeros(0)], 0
        for encoded in self._batches(images):
            batch = given[start : start + len(encoded)]
            scores.append(self._scorer.score(_bytes(encoded), batch))
            start += len(encoded)
        return np.concatenate(scores)

    def align(
        self, images: Sequence[Image], texts: Optional[Sequence[str]] = None
    ) -> list[Optional[Aligned]]:
        """Finds where the model emits each symbol of a text.

        Args:
            images: as for `read`.
            texts: as many; by default, what the model reads.

        Returns:
            Weights [L, T], edges of the T steps and spans of the L symbols in columns of the image as
            it was given, turned by --data.rotate; None where the image cannot be used.

        Raises:
            InputError: a text has a symbol outside the alphabet or more symbols than the image has
                steps for, or this is an export.
        """
        trained = self._trained("align")
        given = None if texts is None else _as_many(images, texts)
        if self._aligner is None:
            encoder = trained.experiment.encoder
            self._aligner = Aligner(trained.model, self.geometry, encoder)
        aligned: list[Optional[Aligned]] = []
        for encoded in self._batches(images):
            data = _bytes(encoded)
            if given is None:
                batch = [text or "" for text in self._aligner.read(data)]
            else:
                batch = given[len(aligned) : len(aligned) + len(encoded)]
                self._refuse_unwritable(trained, data, batch)
            aligned += self._aligner.align(data, batch)
        return aligned

    def _trained(self, method: str) -> Trained:
        if self._signatures.trained is None:
            raise InputError(
                f"{self.path}: an export reads and gives n best texts; {method} needs the run"
            )
        return self._signatures.trained

    def _read(self, reader: ModelReader, images: Sequence[Image]) -> list[list[Reading]]:
        readings = []
        with without_library_lines():
            for encoded in self._batches(images):
                for texts, item in zip(reader.read(_bytes(encoded)), encoded):
                    good = [Reading(t.text, t.log_prob, True, "", t.confidences) for t in texts]
                    readings.append(good or [self._bad(item)])
        return readings

    def _bad(self, encoded: Union[bytes, str]) -> Reading:
        reason = encoded if isinstance(encoded, str) else why_bad(encoded, self.geometry)
        return Reading("", None, False, reason or "cannot be read")

    def _batches(self, images: Sequence[Image]) -> Iterator[list[Union[bytes, str]]]:
        """Gives the encoded images, or why there are none, so many at a time."""
        if isinstance(images, (str, bytes, Path, np.ndarray)):
            raise InputError("images: give a list, also of a single image")
        for start in range(0, len(images), self.batch_size):
            yield [
                _encoded(image, self.geometry.max_pixels)
                for image in images[start : start + self.batch_size]
            ]

    def _refuse_unwritable(
        self, trained: Trained, encoded: Sequence[bytes], texts: Sequence[str]
    ) -> None:
        widths = measure_batch(as_tensor(encoded), self.geometry)
        for text, width in zip(texts, widths):
            problem = unwritable(trained.experiment, trained.model.alphabet, text, int(width))
            if problem and width:  # 0: no image
                raise InputError(f"texts: {text!r}: {problem[1]}; {self.path} cannot write it")


class _Scorer:
    """A run's compiled score."""

    def __init__(self, trained: Trained):
        self._model, self._geometry = trained.model, trained.geometry
        ids, vector = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
        signature = [tf.TensorSpec([None], tf.string), Labels(ids, vector)]
        self._score = graph(self._score_batch, signature)

    def score(self, encoded: Sequence[bytes], texts: Sequence[str]) -> Array:
        """[N]: see `Model.score`."""
        alphabet = self._model.alphabet
        known = np.array([not alphabet.unknown(text) for text in texts])
        labels = [alphabet.encode(text) if ok else [] for text, ok in zip(texts, known)]
        scores, ok = self._score(as_tensor(encoded), _labels(labels, alphabet.pad))
        writable = np.where(known, scores.numpy().astype(float), -np.inf)
        return np.where(ok.numpy(), writable, np.nan)

    def _score_batch(self, encoded: tf.Tensor, labels: Labels) -> tuple[tf.Tensor, tf.Tensor]:
        images, ok = prepare_batch(encoded, self._geometry)
        return self._model.head.score(self._model(images), labels), ok


def _bytes(encoded: Sequence[Union[bytes, str]]) -> list[bytes]:
    """The images; nothing for one that there is none of."""
    return [item if isinstance(item, bytes) else b"" for item in encoded]


def _encoded(image: Image, max_pixels: int) -> Union[bytes, str]:
    """The image's bytes in a format that TensorFlow decodes, or why there are none."""
    try:
        if isinstance(image, (str, Path)):
            return open_image_file(image, max_pixels).encoded
        if isinstance(image, bytes):
            return convert_image(image, max_pixels).encoded
        if isinstance(image, np.ndarray):
            return _as_png(image)
    except InputError as error:
        return str(error)
    raise InputError(f"images: {type(image).__name__} is no path, bytes or array")


def _as_png(pixels: Array) -> bytes:
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))
    if pixels.dtype != np.uint8 or not shaped:
        raise InputError(
            f"{pixels.dtype} {list(pixels.shape)}: an array is uint8 [H, W] or [H, W, 3]"
        )
    if not pixels.size:
        return b""  # told as an image of zero bytes
    return encode_png(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels, compress_level=1)


def _labels(labels: Sequence[Sequence[int]], pad: int) -> Labels:
    lengths = np.array([len(label) for label in labels], np.int32)
    ids = np.full([len(labels), max(1, int(lengths.max()))], pad, np.int32)
    for row, label in zip(ids, labels):
        row[: len(label)] = label
    return Labels(tf.constant(ids), tf.constant(lengths))


def _as_many(images: Sequence[Image], texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or len(texts) != len(images):
        raise InputError(f"texts: give a list of {len(images)}, one for each image")
    return [nfc(text) for text in texts]
