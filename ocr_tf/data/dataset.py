"""Where labeled line images come from; a source is named by a string, a path or `scheme:rest`."""

from __future__ import annotations

import difflib
import importlib
import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from ocr_tf.errors import InputError

# Scheme -> module of ocr_tf.data whose `open(rest)` gives a Source. A bare path is `tsv:path`.
SCHEMES = {"tsv": "tsv", "synthetic": "synthetic"}


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


def open_source(spec: str) -> Source:
    """The source that `spec` names.

    Args:
        spec: a labels file, a folder that holds labels.tsv, or `scheme:rest` (see SCHEMES).

    Raises:
        InputError: there is no such scheme or file, or it is not what the scheme expects.
    """
    scheme, colon, rest = spec.partition(":")
    if not (colon and scheme in SCHEMES):
        if colon and re.fullmatch(r"[a-z][a-z0-9_+-]+", scheme) and not os.path.exists(spec):
            raise InputError(
                f"{spec}: no scheme {scheme!r}{did_you_mean(scheme, SCHEMES)}; "
                f"there are {', '.join(SCHEMES)}, or give the path of a labels file"
            )
        scheme, rest = "tsv", spec
    module = importlib.import_module(f"ocr_tf.data.{SCHEMES[scheme]}")
    return module.open(rest)


def open_sources(specs: Sequence[str]) -> Source:
    """The concatenation of the sources that `specs` names. Raises InputError."""
    if not specs:
        raise InputError("no data given: name a labels file (path<TAB>text) or synthetic:")
    return Concatenation([open_source(spec) for spec in specs])


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A question to append to a message, or nothing."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
