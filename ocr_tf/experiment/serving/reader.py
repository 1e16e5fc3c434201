"""Texts of encoded images by a run or an export, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.data import image_formats
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, why_bad
from ocr_tf.decode import Beam
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.serving.export_folder import damaged, is_export, read_geometry
from ocr_tf.experiment.serving.signatures import DEFAULT, NBest, Served, Serving


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
        self._decoded_bytes = tf.function(
            image_formats.decoded_bytes,
            input_signature=[tf.TensorSpec([], tf.string)],
            autograph=False,
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


def open_model(model: str, checkpoint: str = "best", n_best: int = 0) -> ModelReader:
    """Opens a run, or an export, whose checkpoint was chosen when it was made.

    Args:
        model: the folder.
        checkpoint: of a run: `best` or `last`.
        n_best: texts an image that a beam finds; 0: the one of the greedy search.

    Raises:
        InputError: there is none, it is damaged, or it gives fewer texts than asked for.
    """
    if is_export(model):
        return _open_export(Path(model), n_best)
    trained = restore(model, checkpoint)
    beam = Beam(max(Beam().width, n_best), n_best) if n_best else None
    serving = Serving(trained, beam)
    signature = serving.n_best if n_best else serving.serving_default
    return ModelReader(signature, serving.geometry, n_best)


def _open_export(path: Path, n_best: int) -> ModelReader:
    geometry = read_geometry(path)
    try:
        signatures = tf.saved_model.load(str(path)).signatures
        signature: Any = signatures[DEFAULT]
    except (OSError, ValueError, LookupError, tf.errors.OpError) as error:
        raise damaged(path, error) from None
    if n_best:
        signature = signatures.get("n_best")
        given = signature.structured_outputs["texts"].shape[1] if signature else 0
        if n_best > given:
            raise InputError(
                f"--n_best={n_best}: {path} gives at most {given}; export the run again with "
                f"--n_best={n_best}"
            )
    return ModelReader(signature, geometry, n_best)
