"""Keeps lines that were decoded and scaled: in memory up to a bound, then in a temporary file.

What is kept is what `ocr_tf.data.image` made, bit for bit. The file lies where `tempfile` puts files
(TMPDIR names the folder), has no name there where the system allows it, and ends with the process,
however that ends. TensorFlow-free.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from typing import IO, NamedTuple, Optional, Union

import numpy as np

from ocr_tf.types import Array

DISK_SHARE = (
    0.25  # of what is free where the file lies; the rest is for checkpoints, and for others
)


class _Place(NamedTuple):
    """Locates an image in the file."""

    offset: int
    shape: tuple[int, ...]


class LineCache:
    """Images [H, W] float32 by key, for any threads; what it cannot hold is to be made again.

    Use:
        with LineCache(megabytes=1024) as cache:
            cache.put(digest, image)
            cache.get(digest)
    """

    def __init__(self, megabytes: float):
        """`megabytes`: of images in memory; the file holds what is beyond."""
        self._memory_left = int(megabytes * 1e6)
        self._disk_left = 0
        self._held: dict[bytes, Union[Array, _Place]] = {}
        self._file: Optional[IO[bytes]] = None
        self._end = 0  # of the file
        self._full = False
        self._lock = threading.Lock()

    def __enter__(self) -> LineCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: bytes) -> Optional[Array]:
        """Gives the image that was put in under a key, not to be written to; None if it is not held."""
        with self._lock:
            held = self._held.get(key)
            if not isinstance(held, _Place):
                return held
            try:
                return self._read(held)
            except OSError:
                del self._held[key]
                return None

    def put(self, key: bytes, image: Array) -> None:
        """Keeps an image as far as there is room; says once on standard error when there is none."""
        with self._lock:
            if key in self._held:
                return
            if image.nbytes <= self._memory_left:
                self._memory_left -= image.nbytes
                self._held[key] = np.array(image)
            elif not self._full:
                try:
                    self._held[key] = self._write(image)
                except OSError as error:
                    self._full = True
                    print(
                        f"warning: {tempfile.gettempdir()}: {error.strerror}: further images are decoded "
                        "in every epoch; raise --data.cache_mb, or set TMPDIR to a folder with more room",
                        file=sys.stderr,
                    )

    def close(self) -> None:
        """Forgets all images and removes the file."""
        with self._lock:
            self._held.clear()
            self._memory_left, self._full = 0, True
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, image: Array) -> _Place:
        """Appends an image to the file; raises OSError where it would take more than its share."""
        if self._file is None:
            self._disk_left = int(shutil.disk_usage(tempfile.gettempdir()).free * DISK_SHARE)
            self._file = tempfile.TemporaryFile(prefix="ocr_tf-", buffering=0)
        data = np.ascontiguousarray(image).data.cast("B")
        if len(data) > self._disk_left:
            raise OSError(0, f"a quarter of the free space is in use after {len(self)} images")
        self._file.seek(self._end)
        if self._file.write(data) != len(data):
            raise OSError(0, "no space left")
        place = _Place(self._end, image.shape)
        self._end += len(data)
        self._disk_left -= len(data)
        return place

    def _read(self, place: _Place) -> Array:
        assert self._file is not None, "a place names a part of the file"
        image = np.empty(place.shape, np.float32)
        self._file.seek(place.offset)
        if self._file.readinto(image.data.cast("B")) != image.nbytes:  # type: ignore[attr-defined]
            raise OSError(0, "shorter than what was written")
        return image
