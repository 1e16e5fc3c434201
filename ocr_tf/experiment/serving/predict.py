"""Reads pictures with a run or an export: path, text and confidence on a line, separated by tabs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple, Union

import tensorflow as tf

from ocr_tf.data.dataset import decodable
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import why_bad
from ocr_tf.decode import Beam
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.serving.config import Predict
from ocr_tf.experiment.serving.saved_model import ABOUT
from ocr_tf.experiment.serving.signatures import DEFAULT, NBest, Served, Serving
from ocr_tf.progress import Progress

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")


class Reader(NamedTuple):
    read: Callable[..., dict[str, tf.Tensor]]  # encoded images [B] to `Served`, or to `NBest`
    geometry: Geometry


def run(config: Predict, model: str, paths: list[str]) -> None:
    """Prints the texts of every image that can be read, in the order given; names the others on stderr.

    Raises:
        InputError: no such model; or, after all others are read, that some images could not be.
    """
    reader = _open(model, config)
    files = list(_images(paths))
    failed = 0
    progress = Progress("predicting", len(files))
    for start in range(0, len(files), config.batch_size):
        chunk = files[start : start + config.batch_size]
        encoded = [_encoded(path) for path in chunk]
        data = [item if isinstance(item, bytes) else b"" for item in encoded]
        answer = reader.read(images=tf.constant(data, tf.string))
        readings = _readings(answer, config.n_best)
        progress.clear()
        for path, found, item in zip(chunk, readings, encoded):
            for text, log_prob in found:
                print(f"{escaped(path)}\t{text}\t{math.exp(log_prob):.4f}")
            if not found:
                failed += 1
                reason = item if isinstance(item, str) else why_bad(item, reader.geometry)
                print(f"error: {escaped(path)}: {reason or 'cannot be read'}", file=sys.stderr)
        sys.stdout.flush()
        progress.show(start + len(chunk))
    progress.clear()
    if failed:
        raise InputError(f"{failed} of {len(files)} images could not be read (named above)")


def escaped(path: Path) -> str:
    """A path as one field of a line of UTF-8."""
    text = str(path).replace("\\", r"\\")
    text = text.replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
    return text.encode("utf-8", "backslashreplace").decode()  # a name need not be UTF-8


def _readings(answer: dict[str, tf.Tensor], n_best: int) -> list[list[tuple[str, float]]]:
    """(text, log p) of each image, best first; none of a bad one."""
    if n_best:
        many = NBest(**answer)
        columns = (many.texts[:, :n_best], many.log_probs[:, :n_best], many.valid[:, :n_best])
    else:
        one = Served(**answer)
        columns = (one.text[:, None], one.log_prob[:, None], one.ok[:, None])
    return [
        [(text.decode(), float(log_prob)) for text, log_prob, valid in zip(*line) if valid]
        for line in zip(*(column.numpy() for column in columns))
    ]


def _open(model: str, config: Predict) -> Reader:
    """The reading function of an export or a run, and the geometry it brings images to."""
    path = Path(model)
    if (path / "saved_model.pb").exists():
        return _open_export(path, config.n_best)
    trained = restore(path, config.checkpoint)
    width = max(Beam().width, config.n_best)
    serving = Serving(trained, Beam(width, config.n_best) if config.n_best else None)
    read = serving.n_best if config.n_best else serving.serving_default
    return Reader(read, trained.experiment.geometry)


def _open_export(path: Path, n_best: int) -> Reader:
    try:
        about = json.loads((path / ABOUT).read_bytes())
        geometry = Geometry(**about["geometry"])
        signatures = tf.saved_model.load(str(path)).signatures
        read: Any = signatures[DEFAULT]
    except (OSError, ValueError, LookupError, TypeError, tf.errors.OpError) as error:
        raise InputError(f"{path}: not an export of ocr_tf, or damaged ({error})") from None
    if n_best:
        read = signatures.get("n_best")
        given = read.structured_outputs["texts"].shape[1] if read else 0
        if n_best > given:
            raise InputError(
                f"--n_best={n_best}: {path} gives at most {given}; export the run again with "
                f"--n_best={n_best}"
            )
    return Reader(read, geometry)


def _images(paths: list[str]) -> Iterator[Path]:
    """Files as they are given; of folders, the images in them and below, sorted."""
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield path
            continue
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGES and p.is_file())
        if not found:
            raise InputError(f"{path}: no images in this folder ({', '.join(IMAGES)})")
        yield from found


def _encoded(path: Path) -> Union[bytes, str]:
    """The image's bytes in a format that TensorFlow decodes, or why there are none."""
    try:
        return decodable(path.read_bytes())
    except OSError as error:
        return error.strerror or "cannot be read"
    except InputError as error:
        return str(error)
