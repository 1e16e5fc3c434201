"""Keeps what was once measured of images from one command to the next.

To train, evaluate or compare, a command needs the digest and size of every image, and whether it can be
decoded. Reading them all takes a millisecond an image; here they are found by a stamp (path, size and time
of the last change) for a few microseconds. A file for each source lies in a cache folder: $OCR_TF_CACHE,
or ocr_tf in $XDG_CACHE_HOME, or ~/.cache/ocr_tf; OCR_TF_CACHE=off keeps none. Whatever is wrong with it,
images are measured anew. TensorFlow-free.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.data.source import Source
from ocr_tf.types import Array

VERSION = 3  # of the file, and of the rules by which an image can be decoded


class Measured(NamedTuple):
    """Digest and size in pixels, as stored, of each image of a source, as far as they are known."""

    digests: Array  # [N, 32] uint8, sha256 of the encoded image; zeros if it cannot be read
    heights: Array  # [N] int32; 0 if it cannot be decoded
    widths: Array  # [N] int32
    pixels: Array  # [N] int64, see `Facts`
    known: Array  # [N] bool: the rest of a row means something


def folder() -> Optional[Path]:
    """Returns the cache folder, or None where there is to be none."""
    named = os.environ.get("OCR_TF_CACHE")
    if named:
        return None if named == "off" else Path(named)
    with contextlib.suppress(RuntimeError):  # no home
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ocr_tf"
    return None


class ImageIndex:
    """The measurements of one source's images by stamp.

    Use:
        index = ImageIndex(source)
        measured = index.find()
        ...                        # measure those that are not known
        index.keep(measured)
    """

    def __init__(self, source: Source):
        """Makes the stamps of all images, which looks at each file without reading it."""
        self._keys = np.zeros([len(source), 16], np.uint8)  # zeros: an image without a stamp
        for i in range(len(source)):
            stamp = source.stamp(i)
            if stamp is not None:
                key = hashlib.sha256(stamp.encode("utf-8", "surrogatepass")).digest()[:16]
                self._keys[i] = np.frombuffer(key, np.uint8)
        self._stamped = self._keys.any(axis=1)
        name = hashlib.sha256(f"{os.getcwd()}\0{source.name}".encode()).hexdigest()[:32]
        root = folder()
        self._path = root / "images" / f"{name}.npz" if root and self._stamped.any() else None

    def find(self) -> Measured:
        """Looks up every image; rows that are not known are zero."""
        total = len(self._keys)
        measured = Measured(
            np.zeros([total, 32], np.uint8),
            np.zeros(total, np.int32),
            np.zeros(total, np.int32),
            np.zeros(total, np.int64),
            np.zeros(total, bool),
        )
        kept = self._load()
        if kept is None or not len(kept["keys"]):
            return measured
        order = np.argsort(comparable(kept["keys"]), kind="stable")
        sorted_keys, wanted = comparable(kept["keys"])[order], comparable(self._keys)
        at = np.minimum(np.searchsorted(sorted_keys, wanted), len(order) - 1)
        hit = (sorted_keys[at] == wanted) & self._stamped
        rows = order[at[hit]]
        measured.digests[hit] = kept["digests"][rows]
        measured.heights[hit], measured.widths[hit] = kept["sizes"][rows].T
        measured.pixels[hit] = kept["pixels"][rows]
        measured.known[hit] = True
        return measured

    def keep(self, measured: Measured) -> None:
        """Writes what is known now, in place of what was kept; a disk that refuses is no error."""
        if self._path is None:
            return
        rows = self._stamped & measured.known
        content = io.BytesIO()
        np.savez(
            content,
            version=VERSION,
            keys=self._keys[rows],
            digests=measured.digests[rows],
            sizes=np.stack([measured.heights[rows], measured.widths[rows]], axis=1),
            pixels=measured.pixels[rows],
        )
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._path, content.getvalue())

    def _load(self) -> Optional[dict[str, Array]]:
        if self._path is None:
            return None
        try:
            with np.load(self._path, allow_pickle=False) as file:
                columns = {
                    name: file[name] for name in ("version", "keys", "digests", "sizes", "pixels")
                }
        except Exception:  # missing, or broken in any of the ways in which a zip file can be
            return None
        count = len(columns["keys"])
        shapes = {
            "keys": (count, 16),
            "digests": (count, 32),
            "sizes": (count, 2),
            "pixels": (count,),
        }
        if int(columns["version"]) != VERSION:
            return None
        return columns if all(columns[name].shape == shapes[name] for name in shapes) else None


def comparable(rows: Array) -> Array:
    """Views rows [N, K] uint8, as digests are, as items [N] that can be sorted and compared."""
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1)
