"""Texts of encoded images by a run or an export, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

import tensorflow as tf

from ocr_tf.data import image_formats
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, why_bad
from ocr_tf.decode import Beam, Search
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.serving.export_folder import damaged, is_export, read_geometry
from ocr_tf.experiment.serving.signatures import DEFAULT, NBest, Served, Serving
from ocr_tf.graphs import graph, load_export


class Text(NamedTuple):
    """One text of an image."""

    text: str
    log_prob: float  # log p(text | image)


class ModelReader:
    """A model's reading function and the geometry that it brings images to."""

    def __init__(
        self, signature: Callable[..., dict[str, tf.Tensor]], geometry: Geometry, n_best: int
    ):
        """`signature` is that of `n_best` if n_best is not 0, and else `serving_default`."""
        self.geometry = geometry
        self._signature, self._n_best = signature, n_best
        self._decoded_bytes = graph(
            lambda encoded: image_formats.decoded_bytes(encoded, geometry.max_pixels),
            [tf.TensorSpec([], tf.string)],
        )

    def read(self, encoded: Sequence[bytes]) -> list[list[Text]]:
        """The texts of each image, best first; none of a bad one."""
        answer = self._signature(images=as_tensor(encoded))
        if self._n_best:
            many = NBest(**answer)
            columns = [many.texts, many.log_probs, many.valid]
            columns = [column[:, : self._n_best] for column in columns]
        else:
            one = Served(**answer)
            columns = [one.text[:, None], one.log_prob[:, None], one.ok[:, None]]
        return [
            [Text(text.decode(), float(log_prob)) for text, log_prob, valid in zip(*line) if valid]
            for line in zip(*(column.numpy() for column in columns))
        ]

    def decoded_bytes(self, encoded: bytes) -> int:
        """Memory that decoding the image takes, about; 0 if it will be refused."""
        try:
            return int(self._decoded_bytes(tf.constant(encoded)))
        except tf.errors.OpError:
            return 0

    def why_bad(self, encoded: bytes) -> Optional[str]:
        """Why the image is refused; None if it is not."""
        return why_bad(encoded, self.geometry)


class Signatures:
    """What a run or an export can be asked for; opened once, asked in several ways."""

    def __init__(
        self,
        geometry: Geometry,
        signature: Callable[[int], Callable[..., dict[str, tf.Tensor]]],
        trained: Optional[Trained] = None,
    ):
        """Holds what `open_signatures` has opened.

        Args:
            geometry: what images are brought to.
            signature: gives the function that finds so many best texts, 0: one text.
            trained: the run's network; None for an export.
        """
        self.geometry, self.trained = geometry, trained
        self._signature = signature
        self._readers: dict[int, ModelReader] = {}

    def reader(self, n_best: int = 0) -> ModelReader:
        """Gives the reader of so many best texts; 0: of one text, by the model's search.

        Raises:
            InputError: an export gives fewer.
        """
        if n_best not in self._readers:
            self._readers[n_best] = ModelReader(self._signature(n_best), self.geometry, n_best)
        return self._readers[n_best]


def open_model(
    model: str, checkpoint: str = "best", n_best: int = 0, search: Optional[Search] = None
) -> ModelReader:
    """Opens a run, or an export, to read with; raises as `open_signatures`."""
    return open_signatures(model, checkpoint, search).reader(n_best)


def open_signatures(
    model: Union[str, Path], checkpoint: str = "best", search: Optional[Search] = None
) -> Signatures:
    """Opens a run, or an export, whose checkpoint and search were chosen when it was made.

    Args:
        model: the folder.
        checkpoint: of a run: `best` or `last`.
        search: of a run: what finds the one text of a line; None: greedy.

    Raises:
        InputError: there is none, or it is damaged.
    """
    if is_export(model):
        return _open_export(Path(model))
    trained = restore(model, checkpoint)

    def signature(n_best: int) -> Callable[..., dict[str, tf.Tensor]]:
        beam = Beam(max(Beam().width, n_best), n_best) if n_best else None
        serving = Serving(trained, beam, search)
        return serving.n_best if n_best else serving.serving_default

    return Signatures(trained.geometry, signature, trained)


def _open_export(path: Path) -> Signatures:
    geometry = read_geometry(path)
    try:
        loaded = load_export(path)
        signatures = loaded.signatures
        greedy: Any = signatures[DEFAULT]
    except (OSError, ValueError, LookupError, tf.errors.OpError) as error:
        raise damaged(path, error) from None

    def signature(n_best: int) -> Callable[..., dict[str, tf.Tensor]]:
        assert loaded is not None  # kept: its functions hold its weights weakly
        if not n_best:
            return greedy
        search = signatures["n_best"] if "n_best" in signatures else None
        most = search.structured_outputs["texts"].shape[1] if search is not None else 0
        if search is None or n_best > most:
            raise InputError(
                f"--n_best={n_best}: {path} gives at most {most}; export the run again with "
                f"--n_best={n_best}"
            )
        return search

    return Signatures(geometry, signature)
