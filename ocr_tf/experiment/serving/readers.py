"""Runs and exports as objects that read images: what `ocr_tf.load` gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

import numpy as np
import tensorflow as tf

from ocr_tf.alphabet import nfc
from ocr_tf.data.dataset import decodable
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, measure_batch, prepare_batch, why_bad
from ocr_tf.decode import Beam
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import unwritable
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.serving.saved_model import ABOUT
from ocr_tf.experiment.serving.signatures import DEFAULT, NBest, Served, Serving
from ocr_tf.types import Labels

Image = Union[str, Path, bytes, np.ndarray]  # an image file, its content, or its pixels

FILE = "saved_model.pb"  # an export's folder has it, a run's has not


class Reading(NamedTuple):
    """A text that a model reads in an image."""

    text: str  # empty where not ok
    log_prob: Optional[float]  # log p(text | image), natural log; None where not ok
    ok: bool  # false where the image could not be used
    reason: str  # why not; empty where ok


class Model:
    """Reads line images; a run or an export."""

    def __init__(self, path: Path, geometry: Geometry, batch_size: int):
        self.path, self.geometry, self.batch_size = path, geometry, batch_size

    def read(self, images: Sequence[Image]) -> list[Reading]:
        """Reads each image with the greedy search.

        Args:
            images: paths, encoded bytes, or uint8 arrays [H, W] (gray) or [H, W, 3] (RGB).

        Returns:
            A reading of each; one that cannot be used is not `ok` and disturbs no other.

        Raises:
            InputError: something in the list is none of these.
        """
        readings = []
        for encoded in self._batches(images):
            served = Served(**self._serve()(images=_tensor(encoded)))
            columns = zip(served.text.numpy(), served.log_prob.numpy(), served.ok.numpy(), encoded)
            readings += [
                Reading(text.decode(), float(log_prob), True, "") if ok else self._bad(item)
                for text, log_prob, ok, item in columns
            ]
        return readings

    def n_best(self, images: Sequence[Image], k: int = 5) -> list[list[Reading]]:
        """Finds the up to k most probable texts of each image with a beam search, best first.

        Returns:
            A list for each image; of one that cannot be used, its single reading that is not `ok`.

        Raises:
            InputError: something in the list is no image, or an export gives fewer than k.
        """
        if k < 1:
            raise InputError(f"n_best: k is at least 1, not {k}")
        search, answers = self._search(k), []
        for encoded in self._batches(images):
            many = NBest(**search(images=_tensor(encoded)))
            columns = (t.numpy() for t in (many.texts, many.log_probs, many.valid, many.ok))
            for texts, log_probs, valid, ok, item in zip(*columns, encoded):
                answers.append(
                    [
                        Reading(text.decode(), float(log_prob), True, "")
                        for text, log_prob, there in zip(texts[:k], log_probs, valid)
                        if there
                    ]
                    if ok
                    else [self._bad(item)]
                )
        return answers

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> np.ndarray:
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
        raise self._no("score")

    def align(
        self, images: Sequence[Image], texts: Optional[Sequence[str]] = None
    ) -> list[Optional[Aligned]]:
        """Finds where the model sees each symbol of a text in its image.

        Args:
            images: as for `read`.
            texts: as many; by default, what the model reads.

        Returns:
            Weights [L, T], edges of the T steps and spans of the L symbols in columns of the image as
            it was given; None where the image cannot be used.

        Raises:
            InputError: a text has a symbol outside the alphabet or more symbols than the image has
                steps for, or this is an export.
        """
        raise self._no("align")

    def _serve(self) -> Callable[..., dict[str, tf.Tensor]]:
        raise NotImplementedError

    def _search(self, k: int) -> Callable[..., dict[str, tf.Tensor]]:
        raise NotImplementedError

    def _no(self, method: str) -> InputError:
        return InputError(
            f"{self.path}: an export reads and gives n best texts; {method} needs the run"
        )

    def _bad(self, encoded: Union[bytes, str]) -> Reading:
        reason = encoded if isinstance(encoded, str) else why_bad(encoded, self.geometry)
        return Reading("", None, False, reason or "cannot be read")

    def _batches(self, images: Sequence[Image]) -> Iterator[list[Union[bytes, str]]]:
        """The encoded images, or why there are none, so many at a time."""
        if isinstance(images, (str, bytes, Path, np.ndarray)):
            raise InputError("images: give a list, also of a single image")
        for start in range(0, len(images), self.batch_size):
            yield [_encoded(image) for image in images[start : start + self.batch_size]]


class RunModel(Model):
    """A run's network with the weights of one of its checkpoints."""

    def __init__(self, path: Path, checkpoint: str, batch_size: int):
        self.trained = trained = restore(path, checkpoint)
        super().__init__(path, trained.experiment.geometry, batch_size)
        self._searches: dict[int, Callable[..., dict[str, tf.Tensor]]] = {}
        stride = trained.experiment.encoder.stride
        self._aligner = Aligner(trained.model, self.geometry, stride)
        self._greedy = Serving(trained).serving_default
        ids, vector = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
        signature = [tf.TensorSpec([None], tf.string), Labels(ids, vector)]
        self._score = tf.function(self._score_batch, input_signature=signature)

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> np.ndarray:
        texts, alphabet = _as_many(images, texts), self.trained.model.alphabet
        scores, start = [], 0
        for encoded in self._batches(images):
            batch = texts[start : start + len(encoded)]
            known = np.array([not alphabet.unknown(text) for text in batch])
            labels = [alphabet.encode(text) if ok else [] for text, ok in zip(batch, known)]
            values, ok = (
                v.numpy() for v in self._score(_tensor(encoded), _labels(labels, alphabet.pad))
            )
            scores.append(np.where(ok, np.where(known, values.astype(float), -np.inf), np.nan))
            start += len(encoded)
        return np.concatenate([np.zeros(0), *scores])

    def align(
        self, images: Sequence[Image], texts: Optional[Sequence[str]] = None
    ) -> list[Optional[Aligned]]:
        given = None if texts is None else _as_many(images, texts)
        aligned: list[Optional[Aligned]] = []
        for encoded in self._batches(images):
            data = [item if isinstance(item, bytes) else b"" for item in encoded]
            if given is None:
                batch = [text or "" for text in self._aligner.read(data)]
            else:
                batch = given[len(aligned) : len(aligned) + len(encoded)]
                self._refuse_unwritable(data, batch)
            aligned += self._aligner.align(data, batch)
        return aligned

    def _serve(self) -> Callable[..., dict[str, tf.Tensor]]:
        return self._greedy

    def _search(self, k: int) -> Callable[..., dict[str, tf.Tensor]]:
        if k not in self._searches:
            self._searches[k] = Serving(self.trained, Beam(max(Beam().width, k), k)).n_best
        return self._searches[k]

    def _score_batch(self, encoded: tf.Tensor, labels: Labels) -> tuple[tf.Tensor, tf.Tensor]:
        images, ok = prepare_batch(encoded, self.geometry)
        model = self.trained.model
        return model.head.score(model(images), labels), ok

    def _refuse_unwritable(self, encoded: Sequence[bytes], texts: Sequence[str]) -> None:
        widths = measure_batch(as_tensor(encoded), self.geometry)
        for text, width in zip(texts, widths):
            problem = unwritable(
                self.trained.experiment, self.trained.model.alphabet, text, int(width)
            )
            if problem and width:  # 0: no image
                raise InputError(f"texts: {text!r}: {problem[1]}; {self.path} cannot write it")


class ExportModel(Model):
    """A SavedModel that an export has written."""

    def __init__(self, path: Path, batch_size: int):
        try:
            about = json.loads((path / ABOUT).read_bytes())
            geometry = Geometry(**about["geometry"])
            self._loaded = tf.saved_model.load(
                str(path)
            )  # kept: its functions hold its weights weakly
            self._signatures: Any = self._loaded.signatures
            self._greedy: Any = self._signatures[DEFAULT]
        except (OSError, ValueError, LookupError, TypeError, tf.errors.OpError) as error:
            raise InputError(f"{path}: not an export of ocr_tf, or damaged ({error})") from None
        super().__init__(path, geometry, batch_size)

    def _serve(self) -> Callable[..., dict[str, tf.Tensor]]:
        return self._greedy

    def _search(self, k: int) -> Callable[..., dict[str, tf.Tensor]]:
        search = self._signatures["n_best"] if "n_best" in self._signatures else None
        most = search.structured_outputs["texts"].shape[1] if search else 0
        if search is None or k > most:
            raise InputError(
                f"{self.path} gives the {most} best texts at most, not {k}; export the run again with "
                f"--n_best={k}"
            )
        return search


def open_model(path: Union[str, Path], checkpoint: str, batch_size: int) -> Model:
    """Opens a run folder or the folder of an export.

    Raises:
        InputError: it is neither, is damaged, or has no checkpoint yet.
    """
    folder = Path(path)
    if (folder / FILE).exists():
        return ExportModel(folder, batch_size)
    return RunModel(folder, checkpoint, batch_size)


def _encoded(image: Image) -> Union[bytes, str]:
    """The image's bytes in a format that TensorFlow decodes, or why there are none."""
    try:
        if isinstance(image, (str, Path)):
            if not Path(image).is_file():
                return "no such file"
            return decodable(Path(image).read_bytes())
        if isinstance(image, bytes):
            return decodable(image)
        if isinstance(image, np.ndarray):
            return _as_png(image)
    except OSError as error:
        return error.strerror or "cannot be read"
    except InputError as error:
        return str(error)
    raise InputError(f"images: {type(image).__name__} is no path, bytes or array")


def _as_png(pixels: np.ndarray) -> bytes:
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (1, 3))
    if pixels.dtype != np.uint8 or not shaped:
        raise InputError(
            f"{pixels.dtype} {list(pixels.shape)}: an array is uint8 [H, W] or [H, W, 3]"
        )
    if not pixels.size:
        return b""  # told as an image of zero bytes
    return tf.io.encode_png(pixels if pixels.ndim == 3 else pixels[:, :, None]).numpy()


def _tensor(encoded: Sequence[Union[bytes, str]]) -> tf.Tensor:
    return as_tensor([item if isinstance(item, bytes) else b"" for item in encoded])


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
