"""The lines of one role: what is known of each without decoding it again, and how a set is split."""

from __future__ import annotations

import concurrent.futures
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, TextIO, Union, overload

import numpy as np

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.fingerprint import READERS, fingerprint_of, image_digest, read_image
from ocr_tf.data.geometry import MAX_PIXELS, Geometry
from ocr_tf.data.image import measure_each, why_bad
from ocr_tf.data.index import ImageIndex, Measured
from ocr_tf.data.source import Facts, Sample, Samples, Selection, Source
from ocr_tf.errors import InputError
from ocr_tf.progress import Progress
from ocr_tf.types import Array

CHUNK = 128  # images measured together
WIDEST = Geometry(8, max_width=2**31, max_pixels=MAX_PIXELS)  # for which no image is too wide


class Bad(NamedTuple):
    """A sample whose image cannot be used, and why: `f"{bad.sample.place}: {bad.reason}"`."""

    sample: Sample
    reason: str

    def __str__(self) -> str:
        return f"{self.sample.place}: {self.reason}"


class Lines:
    """The lines of one role: what is known of each without decoding it again.

    Columns are shared by all roles of a source; a line costs 12 bytes more.
    """

    def __init__(
        self,
        source: Source,
        positions: Array,
        widths: Array,
        digests: Array,
        pixels: Array,
        bad: tuple[Bad, ...] = (),
        exact: bool = True,
    ):
        """Chooses lines of a source.

        Args:
            source: its samples.
            positions: [N] int64, of each line in the source.
            widths: of every sample of the source, pixels after scaling; 1 for a bad image.
            digests: [samples, 32] uint8 of every sample, sha256 of the encoded image.
            pixels: [samples] int64 of every sample, a key of the decoded image; 0 without one.
            bad: samples of the source with unusable images, kept or left out.
            exact: False where widths are estimates, as of lines that are drawn when they are needed.
        """
        self.source, self.positions, self.bad = source, positions, bad
        self.widths: Array = widths[positions]  # [N] int32
        self._widths, self._digests, self._pixels = widths, digests, pixels
        self.exact = exact

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def digests(self) -> Array:
        """The sha256 of each line's encoded image, [N, 32] uint8; made when asked for."""
        return self._digests[self.positions]

    @property
    def pixels(self) -> Array:
        """A key of each line's decoded image, [N] int64; copies that were stored otherwise have the same."""
        return self._pixels[self.positions]

    def digest(self, i: int) -> bytes:
        """Returns the sha256 of line i's encoded image."""
        digest: bytes = self._digests[self.positions[i]].tobytes()
        return digest

    @property
    def samples(self) -> Samples:
        """The samples of the source, in the lines' order, each made when it is asked for."""
        return Selection(self.source, self.positions).samples

    @property
    def texts(self) -> Iterator[str]:
        """The labels, one after the other."""
        return map(self.source.text, map(int, self.positions))

    @property
    def ids(self) -> Iterator[str]:
        """The lines' ids, one after the other."""
        return map(self.source.line_id, map(int, self.positions))

    def sample(self, i: int) -> Sample:
        """Returns the sample of line i."""
        return self.source.sample(int(self.positions[i]))

    def text(self, i: int) -> str:
        """Returns the label of line i."""
        return self.source.text(int(self.positions[i]))

    def line_id(self, i: int) -> str:
        """Returns the id of line i."""
        return self.source.line_id(int(self.positions[i]))

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
        positions = self.positions[np.asarray(which, np.int64)]
        columns = self._widths, self._digests, self._pixels
        return Lines(self.source, positions, *columns, self.bad, self.exact)


class LabelIds(Sequence[list[int]]):
    """The labels of lines as symbol ids, each encoded when it is asked for; empty if a symbol is unknown."""

    def __init__(self, lines: Lines, alphabet: Alphabet):
        self._lines, self._alphabet = lines, alphabet

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, i: int) -> list[int]: ...

    @overload
    def __getitem__(self, i: slice) -> list[list[int]]: ...

    def __getitem__(self, i: Union[int, slice]) -> Union[list[int], list[list[int]]]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        text = self._lines.text(i)
        return [] if self._alphabet.unknown(text) else self._alphabet.encode(text)


def load_lines(
    source: Source,
    geometry: Geometry,
    *,
    keep_bad: bool = False,
    what: str = "images",
    stream: Optional[TextIO] = None,
) -> Lines:
    """Finds out of every image of a source: is it usable, how wide is it, what is its digest.

    An image is read once, the first time that any command needs it, and found again by its stamp; see
    `ocr_tf.data.index`. A source that knows its images (`Source.facts`) has none of them read.

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
    facts = source.facts()
    reasons: dict[int, str] = {}
    if facts is None:
        index = ImageIndex(source)
        measured = index.find()
        if not measured.known.all():
            reasons = _measure(source, measured, geometry, what, stream)
            index.keep(measured)
        facts = Facts(*measured[:4])
    widths = geometry.scaled_widths(facts.heights, facts.widths)
    usable = np.flatnonzero(widths)
    bad = tuple(
        Bad(source.sample(i), reasons.get(i) or why_unusable(source, i, geometry))
        for i in np.flatnonzero(widths == 0).tolist()
    )
    if not len(usable):
        raise InputError(f"{bad[0]}; no image of {source.name} can be used")
    positions = np.arange(len(source)) if keep_bad else usable
    exact = facts.exact or bool(geometry.width)
    widths = np.maximum(widths, 1)
    return Lines(source, positions, widths, facts.digests, facts.pixels, bad, exact)


def _measure(
    source: Source, measured: Measured, geometry: Geometry, what: str, stream: Optional[TextIO]
) -> dict[int, str]:
    """Reads and decodes the images that are not known, and completes `measured`.

    Returns why an image cannot be used, by position.
    """
    missing = np.flatnonzero(~measured.known)
    reasons: dict[int, str] = {}
    progress = Progress(f"reading {what}", len(missing), stream=stream)
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK].tolist()
            images = list(readers.map(lambda i: read_image(source, i), chunk))
            encoded = [image if isinstance(image, bytes) else b"" for image in images]
            found = zip(chunk, images, measure_each(encoded).tolist())
            for i, image, (height, width, key) in found:
                if isinstance(image, str):
                    reasons[i] = image
                    continue
                measured.digests[i] = image_digest(image)
                measured.heights[i], measured.widths[i], measured.pixels[i] = height, width, key
                measured.known[i] = height > 0  # whoever meets a bad one again looks at it again
            progress.show(start + len(chunk))
    progress.clear()
    return reasons


def why_unusable(source: Source, i: int, geometry: Geometry = WIDEST) -> str:
    """Says why an image cannot be used, without the sample's place."""
    image = read_image(source, i)
    if isinstance(image, str):
        return image
    return f"{source.origin(i)}: {why_bad(image, geometry) or 'cannot be decoded'}"


def split_lines(lines: Lines, share: float, groups: str = "") -> tuple[Lines, Lines]:
    """Splits lines by the image's pixels, or by group, into (the rest, about `share` of them).

    A line's side does not depend on the other lines, and copies of an image are on one side, however
    they were stored: a copy in another group that would be on the other side is left out. A share above 0
    holds out at least one image.

    Args:
        lines: the lines to split.
        share: of the images, or of the groups.
        groups: regular expression that extracts the group (page, writer) from a line's id, its first
            parenthesis or else all that it matches; all lines of a group fall on one side.

    Raises:
        InputError: all lines would fall on one side, or an id has no group.
    """
    if share <= 0:
        return lines, lines.take([])
    leading = _group_keys(lines, groups) if groups else lines.pixels.view(np.uint64)
    held_out = leading.astype(np.float64) / 2.0**64 < share
    if not held_out.any():
        held_out = leading == leading.min()
    if held_out.all():
        raise InputError(
            f"{lines.source.name}: too few different images to hold some out; give --data.val"
        )
    rest, split = lines.take(np.flatnonzero(~held_out)), lines.take(np.flatnonzero(held_out))
    if groups:
        copies = np.isin(rest.pixels, split.pixels)
        rest = rest.take(np.flatnonzero(~copies))
    return rest, split


def _group_keys(lines: Lines, groups: str) -> Array:
    """Hashes each line's group: [N] uint64."""
    keys = np.zeros(len(lines), np.uint64)
    pattern = re.compile(groups)
    for i, name in enumerate(lines.ids):
        match = pattern.search(name)
        if match is None:
            place = lines.sample(i).place
            raise InputError(f"{place}: its id {name} has no group: {groups} does not match")
        group = match[1] if pattern.groups else match[0]
        digest = hashlib.sha256((group or "").encode("utf-8")).digest()
        keys[i] = int.from_bytes(digest[:8], "big")
    return keys


def in_share(lines: Lines, share: float) -> Array:
    """Picks about `share` of the lines, by the image's digest: [N] bool.

    A smaller share is a part of a larger one, and independent of `split_lines`.
    """
    second = np.ascontiguousarray(lines.digests[:, 8:16]).view(">u8")[:, 0]
    return second.astype(np.float64) / 2.0**64 < share if share < 1 else np.ones(len(lines), bool)


def shared_images(first: Lines, second: Lines) -> list[tuple[Sample, Sample]]:
    """Pairs of lines, one of each, whose pixels are the same: one pair for each line of `second`."""
    known, wanted = first.pixels, second.pixels
    if not len(known):
        return []
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known[order], wanted)
    inside = np.minimum(at, len(order) - 1)
    same = (known[order][inside] == wanted) & (wanted != 0)
    return [
        (first.sample(int(order[inside[j]])), second.sample(int(j))) for j in np.flatnonzero(same)
    ]


def lines_fingerprint(lines: Lines) -> str:
    """Returns the sha256, in hexadecimal, over the id, text and image of every line in order."""
    return fingerprint_of(lines.ids, lines.texts, lines.digests)
