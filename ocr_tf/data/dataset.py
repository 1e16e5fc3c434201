"""Where labeled line images come from; a source is named by a string, a path or `scheme:rest`."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ocr_tf.data import SOURCES
from ocr_tf.errors import InputError

MAX_PIXELS = 50_000_000  # Larger images are refused by their header, before decoding.


class Sample(NamedTuple):
    """One labeled line."""

    id: str  # stable, and unique in its source
    text: str  # NFC, may be empty
    place: str  # for messages, as "lines/labels.tsv:12"


class Source(Protocol):
    """Lines in a fixed order, whose images are read when asked for, from any thread."""

    name: str
    samples: list[Sample]

    def read(self, i: int) -> bytes:
        """The encoded image of sample i, in a format that `ocr_tf.data.image` knows.

        Raises InputError, which names the sample's place.
        """
        ...

    def origin(self, i: int) -> str:
        """Where the image of sample i is: a path, or the source's own way of naming it."""
        ...


class Concatenation:
    """Several sources as one."""

    def __init__(self, sources: Sequence[Source]):
        self.name = ",".join(source.name for source in sources)
        self._owners = [(source, i) for source in sources for i in range(len(source.samples))]
        self.samples = [source.samples[i] for source, i in self._owners]
        seen: dict[str, Sample] = {}
        for sample in self.samples:
            other = seen.setdefault(sample.id, sample)
            if other is not sample:
                raise InputError(
                    f"{sample.place}: has the id {sample.id} of {other.place}; name a source once, "
                    "and give folders of labels files different names"
                )

    def read(self, i: int) -> bytes:
        source, inner = self._owners[i]
        return source.read(inner)

    def origin(self, i: int) -> str:
        source, inner = self._owners[i]
        return source.origin(inner)


def split_spec(spec: str) -> tuple[str, str]:
    """The scheme of a source's name, and what stands behind the colon; a path has the scheme tsv."""
    scheme, colon, rest = spec.partition(":")
    if colon and scheme in SOURCES:
        return scheme, rest
    looks_like_one = colon and re.fullmatch(r"[a-z][a-z0-9_+-]+", scheme)
    return (scheme, rest) if looks_like_one and not os.path.exists(spec) else ("tsv", spec)


def open_source(spec: str) -> Source:
    """Opens the source that `spec` names.

    Args:
        spec: a labels file, a folder that holds labels.tsv, or `scheme:rest` (see SOURCES).

    Raises:
        InputError: there is no such scheme or file, or it is not what the scheme expects.
    """
    scheme, rest = split_spec(spec)
    try:
        opener = SOURCES.find(scheme)
    except InputError as error:
        raise InputError(f"{spec}: {error}, or give the path of a labels file") from None
    return opener(rest)


def open_sources(specs: Sequence[str]) -> Source:
    """The concatenation of the sources that `specs` names. Raises InputError."""
    if not specs:
        raise InputError("no data given: name a labels file (path<TAB>text) or synthetic:")
    return Concatenation([open_source(spec) for spec in specs])


def decodable(encoded: bytes) -> bytes:
    """The image as a format that TensorFlow decodes: TIFF and WebP become PNG, others stay.

    Orientation tags are ignored and 16 bits are kept, as `ocr_tf.data.image` does.

    Raises:
        InputError: a TIFF or WebP image that cannot be read or has more than 50 million pixels;
            the message lacks the place, which the caller knows.
    """
    if encoded[:4] in (b"II*\0", b"MM\0*"):
        kind = "TIFF"
    elif encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        kind = "WebP"
    else:
        return encoded
    import cv2  # Here, because few data sets need it.
    import numpy as np
    from PIL import Image

    # Both libraries tell of what is said here in a line. Set for good: a context is not for threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    cv2.setLogLevel(0)
    try:
        with Image.open(io.BytesIO(encoded)) as image:  # Reads the header alone.
            columns, rows = image.size
    except Image.DecompressionBombError:
        raise InputError(f"{kind} of more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except Exception:  # Pillow raises nearly anything for a broken TIFF.
        raise InputError(f"truncated, corrupt or unsupported {kind}") from None
    if columns * rows > MAX_PIXELS:
        raise InputError(
            f"{columns}x{rows} pixels: more than {MAX_PIXELS // 1_000_000} million"
        ) from None
    try:
        flags = cv2.IMREAD_UNCHANGED
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
        good = pixels is not None and pixels.dtype in (np.uint8, np.uint16)
        png = cv2.imencode(".png", pixels)[1].tobytes() if good else b""
    except cv2.error:
        png = b""
    if not png:
        raise InputError(f"truncated, corrupt or unsupported {kind}")
    return png
