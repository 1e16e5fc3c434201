"""Lines of a folder that make_records wrote: `records:FOLDER`.

Opening it reads the shards' indexes and no image; an image is one read at its place, checked against
its digest.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import os
from pathlib import Path

import numpy as np

from ocr_tf.data.fingerprint import image_digest
from ocr_tf.data.records.manifest import read_manifest
from ocr_tf.data.records.shard import read_index
from ocr_tf.data.source import Facts, Sample, Source
from ocr_tf.data.spec import split_options
from ocr_tf.data.strings import Strings
from ocr_tf.errors import InputError

OPEN_SHARDS = 64  # files that are kept open


class Records(Source):
    """The lines of all shards of a folder, in their order."""

    def __init__(self, folder: Path):
        """Reads the manifest and all indexes.

        Raises:
            InputError: one is missing or damaged, or they do not agree.
        """
        self.name = f"records:{folder}"
        manifest = read_manifest(folder)
        self._shards = [folder / f"{shard.name}.tfrecord" for shard in manifest.shards]
        self._texts, self._ids = Strings(), Strings()
        parts = []
        for shard in manifest.shards:
            index = read_index(folder / shard.name)
            if len(index) != shard.lines:
                raise InputError(
                    f"{folder / shard.name}.npz: {len(index)} lines where the manifest has "
                    f"{shard.lines}; make the records again"
                )
            parts.append(index[:6])
            self._texts.extend_packed(*index.texts.packed())
            self._ids.extend_packed(*index.ids.packed())
        if not len(self._ids):
            raise InputError(f"{folder}: the records hold no lines; make them of other data")
        columns = [np.concatenate(column) for column in zip(*parts)]
        self._offsets, self._sizes, digests, heights, widths, pixels = columns
        self._facts = Facts(digests, heights, widths, pixels)
        lines = (shard.lines for shard in manifest.shards)
        self._starts = list(itertools.accumulate(lines, initial=0))
        self._handle = functools.lru_cache(OPEN_SHARDS)(_Handle)

    def __len__(self) -> int:
        return len(self._ids)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        shard = self._shard(i)
        place = f"{self._shards[shard]}#{i - self._starts[shard]}"
        return Sample(self._ids[i], self._texts[i], place)

    def text(self, i: int) -> str:
        """See `Source.text`."""
        return self._texts[i]

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        return self._ids[i]

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        try:
            handle = self._handle(str(self._shards[self._shard(i)]))
            image = handle.read(int(self._sizes[i]), int(self._offsets[i]))
        except OSError as error:
            raise InputError(f"{self.sample(i).place}: {error.strerror}") from None
        if not np.array_equal(image_digest(image), self._facts.digests[i]):
            raise InputError(
                f"{self.sample(i).place}: not the image that was written; the shard is damaged"
            )
        return image

    def _shard(self, i: int) -> int:
        return bisect.bisect_right(self._starts, i) - 1

    def facts(self) -> Facts:
        """See `Source.facts`."""
        return self._facts


class _Handle:
    """A file that is open as long as somebody holds this."""

    def __init__(self, path: str):
        self._descriptor = os.open(path, os.O_RDONLY)

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            os.close(descriptor)


def open_records(rest: str) -> Records:
    """Opens a folder of records.

    Raises:
        InputError: it holds none, or damaged ones.
    """
    folder, _ = split_options("records", rest, {})
    return Records(Path(folder))
