"""The lines of all roles, numbered one behind the other, and what is known of each, in columns.

A line takes about a hundred bytes beside what its source keeps.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Mapping
from typing import NamedTuple, Optional, Union

import numpy as np

from ocr_tf.data.image import original
from ocr_tf.data.inspect.labels import LabelFacts, read_labels
from ocr_tf.data.inspect.pixels import KEY, Signature, gray, signature
from ocr_tf.data.lines import WIDEST, Bad, Lines, load_lines
from ocr_tf.data.source import Sample, Source
from ocr_tf.errors import InputError
from ocr_tf.processor import cores
from ocr_tf.progress import Progress
from ocr_tf.types import Array

THREADS = 4  # that decode, at most
CHUNK = 256  # images between two looks at the clock
NO_IMAGE = -1


class Role(NamedTuple):
    """The lines of one role."""

    name: str  # train
    source: Source
    start: int  # the number of its first line
    labels: LabelFacts
    bad: tuple[Bad, ...]  # lines whose image cannot be used

    @property
    def lines(self) -> slice:
        """Its part of the collection's columns."""
        return slice(self.start, self.start + len(self.source))


@dataclasses.dataclass(frozen=True)
class Collection:
    """Lines of several roles. Columns are [N], over all roles."""

    roles: tuple[Role, ...]
    role: Array  # int8, positions in `roles`
    heights: Array  # int32, pixels as stored; 0: the image cannot be used
    widths: Array  # int32
    files: Array  # int64: equal for images of the same bytes, NO_IMAGE without one
    images: Array  # int64: equal for images of the same pixels
    right: Array  # uint64, see `pixels.Signature`
    down: Array  # uint64
    flat: Array  # bool
    lengths: Array  # int32, symbols of the label
    texts: Array  # int64, equal for equal labels

    def __len__(self) -> int:
        return len(self.role)

    @property
    def usable(self) -> Array:
        """Tells which lines have an image, [N] bool."""
        return self.heights > 0

    def _owner(self, i: int) -> tuple[Role, int]:
        role = self.roles[int(self.role[i])]
        return role, int(i) - role.start

    def sample(self, i: int) -> Sample:
        """Returns the sample of line i."""
        role, inner = self._owner(i)
        return role.source.sample(inner)

    def image(self, i: int) -> Optional[Array]:
        """Decodes the image of line i as `pixels.gray` does; None if it cannot be read (any more)."""
        role, inner = self._owner(i)
        try:
            return _decoded(role.source.read(inner))
        except InputError:
            return None


class _Images(NamedTuple):
    """Columns of the images of one role; see `Collection`."""

    heights: Array
    widths: Array
    keys: Array  # [N, KEY] uint8
    right: Array
    down: Array
    flat: Array


def collect(sources: Mapping[str, Source]) -> Collection:
    """Reads all labels and decodes all images.

    Args:
        sources: by the name of their role.

    Raises:
        InputError: a role has no usable image.
    """
    roles, columns, digests, start = [], [], [], 0
    for name, source in sources.items():
        lines = load_lines(source, WIDEST, what=f"images of {name}")
        images, lost = _examine(lines, name)
        known = np.zeros([len(source), 32], np.uint8)
        known[lines.positions] = lines.digests
        roles.append(Role(name, source, start, read_labels(source), (*lines.bad, *lost)))
        columns.append(images)
        digests.append(known)
        start += len(source)
    joined = _Images(*(np.concatenate(column) for column in zip(*columns)))
    usable = joined.heights > 0
    return Collection(
        roles=tuple(roles),
        role=np.repeat(np.arange(len(roles), dtype=np.int8), [len(r.source) for r in roles]),
        heights=joined.heights,
        widths=joined.widths,
        files=_numbered(np.concatenate(digests), usable),
        images=_numbered(joined.keys, usable),
        right=joined.right,
        down=joined.down,
        flat=joined.flat,
        lengths=np.concatenate([role.labels.lengths for role in roles]),
        texts=np.concatenate([role.labels.keys for role in roles]),
    )


def _examine(lines: Lines, name: str) -> tuple[_Images, list[Bad]]:
    """Decodes the usable images of a role; also returns those that can no longer be read."""
    total = len(lines.source)
    images = _Images(
        np.zeros(total, np.int32),
        np.zeros(total, np.int32),
        np.zeros([total, KEY], np.uint8),
        np.zeros(total, np.uint64),
        np.zeros(total, np.uint64),
        np.zeros(total, bool),
    )
    lost = []
    progress = Progress(f"comparing images of {name}", len(lines))
    with concurrent.futures.ThreadPoolExecutor(min(THREADS, cores())) as threads:
        for start in range(0, len(lines), CHUNK):
            chunk = lines.positions[start : start + CHUNK].tolist()
            for i, found in zip(chunk, threads.map(lambda i: _signed(lines.source, i), chunk)):
                if isinstance(found, str):
                    lost.append(Bad(lines.source.sample(i), found))
                    continue
                images.heights[i], images.widths[i] = found.height, found.width
                images.keys[i] = np.frombuffer(found.key, np.uint8)
                images.right[i], images.down[i] = found.right, found.down
                images.flat[i] = found.flat
            progress.show(start + len(chunk))
    progress.clear()
    return images, lost


def _signed(source: Source, i: int) -> Union[Signature, str]:
    """Describes image i; or says why there is none any more."""
    try:
        return signature(_decoded(source.read(i)))
    except InputError as error:
        return str(error).removeprefix(f"{source.sample(i).place}: ")


def _decoded(encoded: bytes) -> Array:
    image = gray(encoded)
    return original(encoded) if image is None else image


def _numbered(keys: Array, usable: Array) -> Array:
    """Numbers keys [N, bytes] uint8 so that equal ones have one number; NO_IMAGE where not usable."""
    items = np.ascontiguousarray(keys).view(f"V{keys.shape[1]}").reshape(-1)
    numbers = np.full(len(keys), NO_IMAGE, np.int64)
    numbers[usable] = np.unique(items[usable], return_inverse=True)[1].reshape(-1)
    return numbers
