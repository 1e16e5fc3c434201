"""Digests of images, and a fingerprint that tells one set of lines from another.

TensorFlow-free, because it asks for bytes and never for pixels.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
from collections.abc import Iterable
from typing import Optional, Union

import numpy as np

from ocr_tf.data.index import ImageIndex
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError
from ocr_tf.progress import Progress
from ocr_tf.types import Array

READERS = 4  # threads that read files
CHUNK = 128  # images between two looks at the clock


def image_digest(encoded: bytes) -> Array:
    """Returns the sha256 of an encoded image, [32] uint8; zeros for one that cannot be read."""
    return np.frombuffer(hashlib.sha256(encoded).digest(), np.uint8)


def image_digests(source: Source, what: str = "images") -> tuple[Array, list[str]]:
    """Digests every image of a source, decoding none; those that `load_lines` has met are not read.

    Args:
        source: see `ocr_tf.data.dataset.open_sources`.
        what: names the images in the progress line.

    Returns:
        [N, 32] uint8; and a line for each image that cannot be read: its place and why.
    """
    facts = source.facts()
    if facts is not None:
        return facts.digests, []
    measured = ImageIndex(source).find()
    missing = np.flatnonzero(~measured.known)
    bad = []
    progress = Progress(f"reading {what}", len(missing))
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK].tolist()
            for i, data in zip(chunk, readers.map(lambda i: read_image(source, i), chunk)):
                if isinstance(data, str):
                    bad.append(f"{source.sample(i).place}: {data}")
                else:
                    measured.digests[i] = image_digest(data)
            progress.show(start + len(chunk))
    progress.clear()
    return measured.digests, bad


def read_image(source: Source, i: int) -> Union[bytes, str]:
    """Reads an image; or returns the reason why there is none, without the sample's place."""
    try:
        return source.read(i)
    except InputError as error:
        return str(error).removeprefix(f"{source.sample(i).place}: ")


def fingerprint_of(
    ids: Iterable[str], texts: Iterable[str], digests: Optional[Array] = None
) -> str:
    """Returns the sha256, in hexadecimal, over the id, text and image of every line in order.

    Without digests of the images it is over ids and texts alone.
    """
    total = hashlib.sha256()
    for i, (name, text) in enumerate(zip(ids, texts)):
        fields = [name.encode("utf-8"), text.encode("utf-8")]
        for field in fields if digests is None else [*fields, digests[i].tobytes()]:
            total.update(len(field).to_bytes(8, "big") + field)
    return total.hexdigest()
