"""What a source of labeled line images is: columns of ids, texts and places, and images read when asked for.

TensorFlow-free.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Union, overload

import numpy as np

from ocr_tf.data.image_file import read_image_file
from ocr_tf.data.strings import Strings, repeated
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc
from ocr_tf.types import Array


class Sample(NamedTuple):
    """One labeled line."""

    id: str  # stable, and unique in its source
    text: str  # NFC, may be empty
    place: str  # for messages, as "lines/labels.tsv:12"


class Facts(NamedTuple):
    """What a source knows of its images without reading them."""

    digests: Array  # [N, 32] uint8, sha256 of the encoded image, or of what decides it
    heights: Array  # [N] int32, pixels as stored; 0 for an image that cannot be used
    widths: Array  # [N] int32
    pixels: (
        Array  # [N] int64, a key: equal for equal pixels, however they were stored; 0 without any
    )
    exact: bool = True  # False: sizes are estimates, good enough to put like lines into a batch

    def take(self, positions: Array) -> Facts:
        """Takes the images at these positions alone."""
        return Facts(
            self.digests[positions],
            self.heights[positions],
            self.widths[positions],
            self.pixels[positions],
            self.exact,
        )


class Source:
    """Lines in a fixed order, whose images are read when asked for, from any thread.

    A kind of source implements `__len__`, `sample` and `read`; `origin`, `stamp` and `facts` where it
    knows better than what stands here. It keeps columns (see `Strings`) and makes a `Sample` when one is
    asked for: a list of a million of them would take 300 megabytes.
    """

    name: str  # tells it from other sources: a path, or `scheme:rest`

    def __len__(self) -> int:
        raise NotImplementedError

    def sample(self, i: int) -> Sample:
        """Returns sample i; 0 <= i < len(self)."""
        raise NotImplementedError

    def text(self, i: int) -> str:
        """Returns the text of sample i; quicker than the whole sample, where that matters."""
        return self.sample(i).text

    def line_id(self, i: int) -> str:
        """Returns the id of sample i; quicker than the whole sample, where that matters."""
        return self.sample(i).id

    def read(self, i: int) -> bytes:
        """Reads the encoded image of sample i, in a format that `ocr_tf.data.image` knows.

        Raises:
            InputError: it cannot be read; the message begins with the sample's place and a colon.
        """
        raise NotImplementedError

    def origin(self, i: int) -> str:
        """Names the place of sample i's image: a path, or the source's own way of naming it."""
        return self.sample(i).place

    def stamp(self, i: int) -> Optional[str]:
        """Returns what changes when the image of sample i does, without reading it; None if nothing tells."""
        return None

    def facts(self) -> Optional[Facts]:
        """Returns what is known of all images without reading any; None if images have to be read."""
        return None

    @property
    def samples(self) -> Samples:
        """The samples as a sequence, each made when it is asked for."""
        return Samples(self)

    @property
    def texts(self) -> Iterator[str]:
        """The texts, one after the other."""
        return map(self.text, range(len(self)))

    @property
    def ids(self) -> Iterator[str]:
        """The ids, one after the other."""
        return map(self.line_id, range(len(self)))


class Samples(Sequence[Sample]):
    """The samples of a source."""

    def __init__(self, source: Source):
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    @overload
    def __getitem__(self, i: int) -> Sample: ...

    @overload
    def __getitem__(self, i: slice) -> list[Sample]: ...

    def __getitem__(self, i: Union[int, slice]) -> Union[Sample, list[Sample]]:
        total = len(self._source)
        if isinstance(i, slice):
            return [self._source.sample(k) for k in range(*i.indices(total))]
        if not -total <= i < total:
            raise IndexError(f"sample {i} of {total}")
        return self._source.sample(int(i) % total)

    def __iter__(self) -> Iterator[Sample]:
        return (self._source.sample(i) for i in range(len(self._source)))


class Selection(Source):
    """Some lines of a source, in an order of their own."""

    def __init__(self, source: Source, positions: Union[Array, Sequence[int]]):
        """`positions` are those of the chosen samples in `source`."""
        self.name = source.name
        self._source, self._positions = source, positions

    def __len__(self) -> int:
        return len(self._positions)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return self._source.sample(int(self._positions[i]))

    def text(self, i: int) -> str:
        """See `Source.text`."""
        return self._source.text(int(self._positions[i]))

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        return self._source.line_id(int(self._positions[i]))

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        return self._source.read(int(self._positions[i]))

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return self._source.origin(int(self._positions[i]))

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`."""
        return self._source.stamp(int(self._positions[i]))

    def facts(self) -> Optional[Facts]:
        """See `Source.facts`."""
        facts = self._source.facts()
        if facts is None:
            return None
        return facts.take(np.asarray(self._positions, np.int64))


class MadeLines(Source):
    """Lines that are made when they are asked for, line i as a function of its id alone."""

    def __init__(self, name: str, prefix: str, count: int):
        """`name` tells the source from others, `prefix` begins the ids of its `count` lines."""
        self.name, self._prefix, self._count = name, prefix, count

    def __len__(self) -> int:
        return self._count

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        return f"{self._prefix}/{i}"

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return f"{self.name}#{i}"

    def stamp(self, i: int) -> str:
        """See `Source.stamp`: the id says it all."""
        return self.line_id(i)

    def facts_of(self, heights: Array, widths: Array, exact: bool) -> Facts:
        """Makes facts of sizes [N]; each line has pixels of its own, whose key follows from its id."""
        ids = (self.line_id(i).encode() for i in range(len(self)))
        joined = b"".join(hashlib.sha256(name).digest() for name in ids)
        digests = np.frombuffer(joined, np.uint8).reshape(-1, 32).copy()
        pixels = np.ascontiguousarray(digests[:, :8]).view(np.int64)[:, 0]
        return Facts(digests, heights.astype(np.int32), widths.astype(np.int32), pixels, exact)


class ImageFiles(Source):
    """Lines whose images are files below a folder, listed in one or more text files.

    A kind of source fills it by `add`. A sample's id is the folder's name and the image's path within
    it, so that it survives moving the data; further lines of the same image get #2, #3 and so on.
    """

    def __init__(self, name: str, folder: Union[str, Path]):
        """`folder` holds the images; paths given to `add` are relative to it."""
        self.name = name
        self._folder = Path(folder)
        self._prefix = self._folder.resolve().name
        self._paths, self._texts, self._listings = Strings(), Strings(), Strings()
        self._listing_of, self._lines = array("L"), array("L")
        self._again: dict[int, int] = {}  # of the few lines whose image an earlier line has too

    def add(self, path: str, text: str, listing: str, line: int = 0) -> None:
        """Adds a line.

        Args:
            path: of the image, relative to the folder.
            text: any normal form.
            listing: the file that names the line, as messages show it.
            line: its number in that file, from 1; 0 where the file has but one.

        Raises:
            InputError: the path leaves the folder.
        """
        place = f"{listing}:{line}" if line else listing
        if not path or "\0" in path:
            raise InputError(f"{place}: no image path")
        if os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] == os.pardir:
            raise InputError(
                f"{place}: the image {path} is outside of {self._folder}; name a path within it"
            )
        if not len(self._listings) or self._listings[-1] != listing:
            self._listings.append(listing)
        self._listing_of.append(len(self._listings) - 1)
        self._lines.append(line)
        self._paths.append(path)
        self._texts.append(nfc(text))

    def finish(self) -> None:
        """Counts the lines of each image; to be called once, when all lines are added."""
        times: dict[str, int] = {}
        for i in repeated(self._paths, len(self)):
            path = self._paths[i]
            times[path] = times.get(path, 0) + 1
            if times[path] > 1:
                self._again[i] = times[path]

    def __len__(self) -> int:
        return len(self._paths)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return Sample(self.line_id(i), self._texts[i], self.place(i))

    def text(self, i: int) -> str:
        """See `Source.text`."""
        return self._texts[i]

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        again = f"#{self._again[i]}" if i in self._again else ""
        return f"{self._prefix}/{self._paths[i]}{again}"

    def place(self, i: int) -> str:
        """Names the line of a listing that says what sample i is."""
        listing, line = self._listings[self._listing_of[i]], self._lines[i]
        return f"{listing}:{line}" if line else listing

    def path(self, i: int) -> Path:
        """Returns the path of the image of sample i."""
        return self._folder / self._paths[i]

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        try:
            return read_image_file(self.path(i))
        except InputError as error:
            raise InputError(f"{self.place(i)}: {self.path(i)}: {error}") from None

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return str(self.path(i))

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`: path, size and time of the last change."""
        return file_stamp(self.path(i))


def file_stamp(path: Union[str, Path]) -> Optional[str]:
    """Returns what changes when a file does: its whole path, size and time of change; None without a file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return f"{os.path.abspath(path)}\t{status.st_size}\t{status.st_mtime_ns}"
