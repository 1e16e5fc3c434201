"""Sources of labeled line images; a source is named by a string, a path or `scheme:rest`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ocr_tf.data import SOURCES
from ocr_tf.errors import InputError


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
        """Reads the encoded image of sample i, in a format that `ocr_tf.data.image` knows.

        Raises InputError, which names the sample's place.
        """
        ...

    def origin(self, i: int) -> str:
        """Names the place of sample i's image: a path, or the source's own way of naming it."""
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
        """See `Source.read`."""
        source, inner = self._owners[i]
        return source.read(inner)

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        source, inner = self._owners[i]
        return source.origin(inner)


def split_spec(spec: str) -> tuple[str, str]:
    """Splits a source's name into its scheme and what stands behind the colon; a path has the scheme tsv."""
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
    """Opens the sources that `specs` names, one behind the other.

    Raises:
        InputError: one cannot be opened.
    """
    if not specs:
        raise InputError("no data given: name a labels file (path<TAB>text) or synthetic:")
    return Concatenation([open_source(spec) for spec in specs])
