"""Reads pictures with a run or an export: path, text and confidence on a line, separated by tabs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Union

import tensorflow as tf

from ocr_tf.data.image import Geometry, why_bad
from ocr_tf.data.source import decodable
from ocr_tf.errors import InputError
from ocr_tf.experiment import preflight
from ocr_tf.experiment.export import ABOUT
from ocr_tf.experiment.restore import restore
from ocr_tf.experiment.serving import Served, Serving
from ocr_tf.experiment.tools import Predict
from ocr_tf.progress import Progress

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")


def run(config: Predict, model: str, paths: list[str]) -> None:
    """Prints a line for every image that can be read, in the order given; names the others on stderr.

    Raises:
        InputError: no such model; or, after all others are read, that some images could not be.
    """
    read, geometry = _open(model, config.checkpoint)
    files = list(_images(paths))
    failed = 0
    progress = Progress("predicting", len(files))
    for start in range(0, len(files), config.batch_size):
        chunk = files[start : start + config.batch_size]
        encoded = [_encoded(path) for path in chunk]
        data = [item if isinstance(item, bytes) else b"" for item in encoded]
        served = Served(**read(images=tf.constant(data, tf.string)))
        progress.clear()
        for i, path in enumerate(chunk):
            if served.ok[i]:
                text = served.text[i].numpy().decode()
                print(f"{path}\t{text}\t{math.exp(served.log_prob[i]):.4f}")
                continue
            failed += 1
            problem = encoded[i]
            reason = problem if isinstance(problem, str) else why_bad(problem, geometry)
            print(f"error: {path}: {reason or 'cannot be read'}", file=sys.stderr)
        sys.stdout.flush()
        progress.show(start + len(chunk))
    progress.clear()
    if failed:
        raise InputError(f"{failed} of {len(files)} images could not be read (named above)")


def _open(model: str, checkpoint: str) -> tuple[Callable, Geometry]:
    """The reading function of an export or a run, and the geometry it brings images to."""
    path = Path(model)
    if (path / "saved_model.pb").exists():
        try:
            about = json.loads((path / ABOUT).read_bytes())
            geometry = Geometry(**about["geometry"])
            loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError, LookupError, TypeError, tf.errors.OpError) as error:
            raise InputError(f"{path}: not an export of ocr_tf, or damaged ({error})") from None
        return loaded.signatures["serving_default"], geometry
    trained = restore(path, checkpoint)
    geometry = preflight.geometry(trained.experiment)
    serving = Serving(trained.model, geometry, str(trained.folder.path / "alphabet.txt"))
    return serving.read, geometry


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
