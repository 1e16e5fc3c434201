"""Times an export's answers: requests of one image, and batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, NamedTuple

import tensorflow as tf

from ocr_tf.bench import timing
from ocr_tf.bench.config import Bench
from ocr_tf.bench.models import Export
from ocr_tf.data.dataset import open_source
from ocr_tf.data.image_file import read_image_file
from ocr_tf.errors import InputError
from ocr_tf.graphs import load_export
from ocr_tf.types import Array

DRAWN = "synthetic:mixed:count=1"


class Answers(NamedTuple):
    """The times of one export's answers."""

    name: str
    text: str  # that it reads in the image
    seconds: Array  # [requests] of one image each
    batch_seconds: Array  # [rounds] of a batch each


def load(config: Bench, exports: list[Export]) -> dict[str, Served]:
    """Opens exports and shows each the image that it is timed with.

    Raises:
        InputError: an export that cannot be used, or an image that cannot be read.
    """
    shown = image(config.image)
    return {export.name: Served(export.path, shown) for export in exports}


def measure(config: Bench, served: dict[str, Served]) -> list[Answers]:
    """Times requests of one image, then batches."""
    alone = {name: one.ask(1) for name, one in served.items()}
    batches = {name: one.ask(config.batch_size) for name, one in served.items()}
    seconds = timing.alternate(alone, config.requests, "requests")
    batch_seconds = timing.alternate(batches, config.repeats, "batches")
    return [
        Answers(name, one.text, seconds[name], batch_seconds[name]) for name, one in served.items()
    ]


class Served:
    """A SavedModel's `serving_default`, asked for the same image again and again."""

    def __init__(self, path: Path, image: bytes):
        """Opens the SavedModel and lets it read the image once.

        Raises:
            InputError: no such signature, or it cannot read the image.
        """
        self.image = image
        try:
            self._loaded = load_export(path)  # holds the variables
            self._signature = self._loaded.signatures["serving_default"]
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            raise InputError(f"{path}: not an export of ocr_tf, or damaged ({error})") from None
        given = self._signature.structured_input_signature[1]
        if [spec.dtype for spec in given.values()] != [tf.string]:
            raise InputError(
                f"{path}: serving_default does not take encoded images; export it again"
            )
        self._name = next(iter(given))
        answer = self.ask(1)()
        if not bool(answer["ok"][0]):
            raise InputError(f"{path} cannot read the image to time it with; give another --image")
        self.text = answer["text"][0].numpy().decode()

    def ask(self, count: int) -> Callable[[], Any]:
        """Makes a request with `count` images."""
        images = tf.fill([count], tf.constant(self.image))
        return lambda: self._signature(**{self._name: images})


def image(path: str) -> bytes:
    """Reads an encoded image: of the file, or a drawn line if there is no path.

    Raises:
        InputError: the file cannot be read.
    """
    if not path:
        return open_source(DRAWN).read(0)
    try:
        return read_image_file(path)
    except InputError as error:
        raise InputError(f"--image={path}: {error}") from None
