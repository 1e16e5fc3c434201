"""The lines of one role: what is known of each without decoding it again, and how a set is split."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple, Optional, TextIO, Union

import numpy as np
import tensorflow as tf

from ocr_tf.data.fingerprint import READERS, fingerprint_of, image_digest, read_image
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, measure_batch, why_bad
from ocr_tf.data.source import Sample, Source
from ocr_tf.errors import InputError
from ocr_tf.progress import Progress
from ocr_tf.types import Array

CHUNK = 128  # images measured together


class Bad(NamedTuple):
    """A sample whose image cannot be used, and why: `f"{bad.sample.place}: {bad.reason}"`."""

    sample: Sample
    reason: str

    def __str__(self) -> str:
        return f"{self.sample.place}: {self.reason}"


@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """The lines of one role: what is known of each without decoding it again."""

    source: Source
    positions: Array  # [N] int64, of each line in the source
    widths: Array  # [N] int32, pixels after scaling; 1 for a bad image that was kept
    digests: Array  # [N, 32] uint8, sha256 of the encoded image
    bad: tuple[Bad, ...] = ()  # samples of the source with unusable images, kept or left out

    def __len__(self) -> int:
        return len(self.positions)

    @functools.cached_property
    def samples(self) -> list[Sample]:
        """The samples of the source, in the lines' order."""
        return [self.source.samples[i] for i in self.positions]

    @property
    def texts(self) -> list[str]:
        """The labels."""
        return [sample.text for sample in self.samples]

    @property
    def ids(self) -> list[str]:
        """The lines' ids."""
        return [sample.id for sample in self.samples]

    def read(self, i: int) -> bytes:
        """Reads the encoded image of line i.

        Raises:
            InputError: it cannot be read.
        """
        return self.source.read(int(self.positions[i]))

    def origin(self, i: int) -> str:
        """Names the place of line i's image."""
        return self.source.origin(int(self.positions[i]))

    def take(self, which: Union[Array, Sequence[int]]) -> Lines:
        """Takes these lines alone, in this order; `bad` stays, being about the source."""
        which = np.asarray(which, np.int64)
        return dataclasses.replace(
            self,
            positions=self.positions[which],
            widths=self.widths[which],
            digests=self.digests[which],
        )


def load_lines(
    source: Source,
    geometry: Geometry,
    *,
    keep_bad: bool = False,
    what: str = "images",
    stream: Optional[TextIO] = None,
) -> Lines:
    """Reads every image of a source once: is it usable, how wide is it, what is its digest.

    Args:
        source: see `ocr_tf.data.dataset.open_sources`.
        geometry: the size that images are brought to.
        keep_bad: lines with unusable images stay, as an evaluation needs it: `batches` gives them
            with ok False. Otherwise they are left out. Either way `bad` lists them.
        what: names the images in the progress line.
        stream: where the progress line goes if reading lasts; by default standard error.

    Raises:
        InputError: no image is usable.
    """
    total = len(source.samples)
    widths = np.zeros(total, np.int32)
    digests = np.zeros([total, 32], np.uint8)
    bad: list[Bad] = []
    measure = tf.function(
        lambda encoded: measure_batch(encoded, geometry),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    progress = Progress(f"reading {what}", total, stream=stream)
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        for start in range(0, total, CHUNK):
            span = range(start, min(start + CHUNK, total))
            read = list(readers.map(lambda i: read_image(source, i), span))
            encoded = [data if isinstance(data, bytes) else b"" for data in read]
            widths[span.start : span.stop] = measure(as_tensor(encoded))
            for i, data in zip(span, read):
                if isinstance(data, str):
                    bad.append(Bad(source.samples[i], data))
                    continue
                digests[i] = image_digest(data)
                if not widths[i]:
                    reason = why_bad(data, geometry) or "cannot be decoded"
                    bad.append(Bad(source.samples[i], f"{source.origin(i)}: {reason}"))
            progress.show(span.stop)
    progress.clear()
    usable = np.flatnonzero(widths)
    if not len(usable):
        raise InputError(f"{bad[0]}; no image of {source.name} can be used")
    positions = np.arange(total) if keep_bad else usable
    widths = np.maximum(widths, 1)
    return Lines(source, positions, widths[positions], digests[positions], tuple(bad))


def split_lines(lines: Lines, share: float) -> tuple[Lines, Lines]:
    """Splits lines by the image's digest into (the rest, about `share` of them).

    A line's side does not depend on the other lines, and identical images are on one side. A share
    above 0 holds out at least one image.

    Raises:
        InputError: all lines would fall on one side.
    """
    if share <= 0:
        return lines, lines.take([])
    leading = np.ascontiguousarray(lines.digests[:, :8]).view(">u8")[:, 0]
    held_out = leading.astype(np.float64) / 2.0**64 < share
    if not held_out.any():
        held_out = leading == leading.min()
    if held_out.all():
        raise InputError(
            f"{lines.source.name}: too few different images to hold some out; give --data.val"
        )
    return lines.take(np.flatnonzero(~held_out)), lines.take(np.flatnonzero(held_out))


def in_share(lines: Lines, share: float) -> Array:
    """Picks about `share` of the lines, by the image's digest: [N] bool.

    A smaller share is a part of a larger one, and independent of `split_lines`.
    """
    second = np.ascontiguousarray(lines.digests[:, 8:16]).view(">u8")[:, 0]
    return second.astype(np.float64) / 2.0**64 < share if share < 1 else np.ones(len(lines), bool)


def shared_images(first: Lines, second: Lines) -> list[tuple[Sample, Sample]]:
    """Pairs of lines, one of each, that have the same image: one pair for each line of `second`."""
    known = {digest.tobytes(): i for i, digest in reversed(list(enumerate(first.digests)))}
    pairs = [(known.get(digest.tobytes()), i) for i, digest in enumerate(second.digests)]
    empty = bytes(32)  # An image that could not be read has no digest.
    return [
        (first.samples[i], second.samples[j])
        for i, j in pairs
        if i is not None and first.digests[i].tobytes() != empty
    ]


def lines_fingerprint(lines: Lines) -> str:
    """Returns the sha256, in hexadecimal, over the id, text and image of every line in order."""
    return fingerprint_of(lines.samples, lines.digests)
