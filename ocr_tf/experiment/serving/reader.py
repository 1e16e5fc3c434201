"""Texts of encoded images by a run or an export, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

import tensorflow as tf

from ocr_tf.data import image_formats
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, why_bad
from ocr_tf.decode import Beam, Greedy, Search, several
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.recognize import rounded
from ocr_tf.experiment.inference.temperature import set_temperature
from ocr_tf.experiment.runs.temperature import parse_temperature
from ocr_tf.experiment.serving.export_folder import damaged, is_export, read_geometry
from ocr_tf.experiment.serving.signatures import DEFAULT, Aligned, NBest, Served, Serving
from ocr_tf.graphs import graph, load_export


class Text(NamedTuple):
    """One text of an image."""

    text: str
    log_prob: float  # log p(text | image)
    # Of each symbol, in the order of the image; see `Head.symbol_confidences`. None if not asked for.
    confidences: Optional[tuple[float, ...]] = None


class ModelReader:
    """A model's reading function and the geometry that it brings images to."""

    def __init__(
        self,
        signature: Callable[..., dict[str, tf.Tensor]],
        geometry: Geometry,
        n_best: int,
        symbols: bool = False,
    ):
        """Reads by a signature: `n_best`, if that is not 0; `aligned` for symbols; or `serving_default`."""
        self.geometry = geometry
        self._signature, self._n_best, self._symbols = signature, n_best, symbols
        self._decoded_bytes = graph(
            lambda encoded: image_formats.decoded_bytes(encoded, geometry.max_pixels),
            [tf.TensorSpec([], tf.string)],
        )

    def read(self, encoded: Sequence[bytes]) -> list[list[Text]]:
        """The texts of each image, best first; none of a bad one."""
        answer = self._signature(images=as_tensor(encoded))
        if self._symbols:
            return _with_symbols(Aligned(**answer))
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


def _with_symbols(answer: Aligned) -> list[list[Text]]:
    columns = answer.text, answer.log_prob, answer.lengths, answer.confidences, answer.ok
    lines = zip(*(column.numpy() for column in columns if column is not None))
    return [
        [Text(text.decode(), float(log_prob), rounded(confidences[:length]))] if ok else []
        for text, log_prob, length, confidences, ok in lines
    ]


class Signatures:
    """What a run or an export can be asked for; opened once, asked in several ways."""

    def __init__(
        self,
        geometry: Geometry,
        signature: Callable[[int, bool], Callable[..., dict[str, tf.Tensor]]],
        trained: Optional[Trained] = None,
    ):
        """Holds what `open_signatures` has opened.

        Args:
            geometry: what images are brought to.
            signature: gives the function that finds so many best texts, 0: one text; of one text, with
                or without the confidences of its symbols.
            trained: the run's network; None for an export.
        """
        self.geometry, self.trained = geometry, trained
        self._signature = signature
        self._readers: dict[tuple[int, bool], ModelReader] = {}

    def reader(self, n_best: int = 0, symbols: bool = False) -> ModelReader:
        """Gives the reader of so many best texts; 0: of one text, by the model's search.

        Args:
            n_best: texts of an image.
            symbols: whether the one text has the confidences of its symbols.

        Raises:
            InputError: an export gives fewer, or the model gives no confidences of symbols.
        """
        key = n_best, symbols
        if key not in self._readers:
            signature = self._signature(n_best, symbols)
            self._readers[key] = ModelReader(signature, self.geometry, n_best, symbols)
        return self._readers[key]


def open_model(
    model: str,
    checkpoint: str = "best",
    n_best: int = 0,
    search: Optional[Search] = None,
    temperature: str = "1",
    symbols: bool = False,
) -> ModelReader:
    """Opens a run, or an export, to read with; raises as `open_signatures` and `Signatures.reader`."""
    return open_signatures(model, checkpoint, search, temperature).reader(n_best, symbols)


def open_signatures(
    model: Union[str, Path],
    checkpoint: str = "best",
    search: Optional[Search] = None,
    temperature: str = "1",
) -> Signatures:
    """Opens a run, or an export, whose checkpoint, search and temperature were chosen when it was made.

    Args:
        model: the folder.
        checkpoint: of a run: `best` or `last`.
        search: of a run: what finds the texts of a line; None: greedy, and for several a beam.
        temperature: of a run: see `set_temperature`.

    Raises:
        InputError: there is none, or it is damaged; or there is no such temperature.
    """
    if is_export(model):
        if parse_temperature(temperature) != 1:
            raise InputError(
                f"{model}: an export, whose temperature was chosen when it was written; name the run"
            )
        return _open_export(Path(model))
    trained = restore(model, checkpoint)
    set_temperature(trained, temperature)

    def signature(n_best: int, symbols: bool) -> Callable[..., dict[str, tf.Tensor]]:
        width = max(Beam().width, n_best)
        many = several(search or Greedy(), n_best, width) if n_best else None
        serving = Serving(trained, many, search)
        if symbols:
            outputs = serving.aligned.get_concrete_function().structured_outputs
            if "confidences" not in outputs:
                raise InputError(f"{model}: its head gives no confidences of symbols")
            return serving.aligned
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

    def signature(n_best: int, symbols: bool) -> Callable[..., dict[str, tf.Tensor]]:
        assert loaded is not None  # kept: its functions hold its weights weakly
        if symbols:
            if "confidences" not in signatures["aligned"].structured_outputs:
                raise InputError(
                    f"{path}: gives no confidences of symbols; export the run again, if its head has them"
                )
            return signatures["aligned"]
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
