"""Opens sources of labeled line images by the strings that name them: a path or `scheme:rest`."""

from __future__ import annotations

import bisect
import itertools
import os
import re
from collections.abc import Sequence
from typing import Optional

import numpy as np

from ocr_tf.data.source import Facts, Sample, Source
from ocr_tf.data.sources import SOURCES
from ocr_tf.data.sources.recognize import recognize
from ocr_tf.data.strings import repeated
from ocr_tf.data.text import Cleaned, notes
from ocr_tf.errors import InputError


class Concatenation(Source):
    """Several sources as one."""

    def __init__(self, sources: Sequence[Source]):
        self.name = ",".join(source.name for source in sources)
        self.sources = tuple(sources)
        self._starts = list(itertools.accumulate(map(len, sources), initial=0))
        same = repeated(self.ids, len(self))
        if same:
            earlier, sample = (self.sample(i) for i in self._first_pair(same))
            raise InputError(
                f"{sample.place}: has the id {sample.id} of {earlier.place}; name a source once, "
                "and give folders of labels files different names"
            )

    def _first_pair(self, same: Sequence[int]) -> tuple[int, int]:
        seen: dict[str, int] = {}
        for i in same:
            name = self.line_id(i)
            if name in seen:
                return seen[name], i
            seen[name] = i
        raise AssertionError("two ids of one hash: not in 2^64 pairs")

    def __len__(self) -> int:
        return self._starts[-1]

    def _owner(self, i: int) -> tuple[Source, int]:
        k = bisect.bisect_right(self._starts, i) - 1
        return self.sources[k], i - self._starts[k]

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        source, inner = self._owner(i)
        return source.sample(inner)

    def text(self, i: int) -> str:
        """See `Source.text`."""
        source, inner = self._owner(i)
        return source.text(inner)

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        source, inner = self._owner(i)
        return source.line_id(inner)

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        source, inner = self._owner(i)
        return source.read(inner)

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        source, inner = self._owner(i)
        return source.origin(inner)

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`."""
        source, inner = self._owner(i)
        return source.stamp(inner)

    def facts(self) -> Optional[Facts]:
        """See `Source.facts`; None unless all sources know them."""
        known = [
            facts for facts in (source.facts() for source in self.sources) if facts is not None
        ]
        if len(known) < len(self.sources):
            return None
        return Facts(
            np.concatenate([facts.digests for facts in known]),
            np.concatenate([facts.heights for facts in known]),
            np.concatenate([facts.widths for facts in known]),
            np.concatenate([facts.pixels for facts in known]),
            all(facts.exact for facts in known),
        )


def split_spec(spec: str) -> tuple[str, str]:
    """Splits a source's name into its scheme and what stands behind the colon; a path has the scheme ""."""
    scheme, colon, rest = spec.partition(":")
    if colon and scheme in SOURCES:
        return scheme, rest
    looks_like_one = colon and re.fullmatch(r"[a-z][a-z0-9_+-]+", scheme)
    return (scheme, rest) if looks_like_one and not os.path.exists(spec) else ("", spec)


def open_source(spec: str) -> Source:
    """Opens the source that `spec` names.

    Args:
        spec: `scheme:rest` (see SOURCES), or a path whose content tells the scheme (see `recognize`).

    Returns:
        The lines, with texts in the form that `ocr_tf.data.text` gives them.

    Raises:
        InputError: there is no such scheme or file, or it is not what the scheme expects.
    """
    scheme, rest = split_spec(spec)
    if not scheme:
        scheme = recognize(rest if os.path.exists(rest) else rest.partition("?")[0])
    try:
        opener = SOURCES.find(scheme)
    except InputError as error:
        raise InputError(f"{spec}: {error}, or give the path of a labels file") from None
    return Cleaned(opener(rest))


def parts_of(source: Source) -> tuple[Source, ...]:
    """Returns the sources that `open_sources` put one behind the other."""
    return source.sources if isinstance(source, Concatenation) else (source,)


def text_notes(source: Source) -> list[str]:
    """Says what was changed in the labels of a source that `open_sources` gave; see `ocr_tf.data.text`."""
    raw = (part.source if isinstance(part, Cleaned) else part for part in parts_of(source))
    return notes(text for part in raw for text in part.texts)


def normalized(source: Source, normalization: str) -> Source:
    """Normalizes the labels of a source that `open_sources` gave, as --data.normalize of a training does."""
    if normalization == "none":
        return source
    raw = (part.source if isinstance(part, Cleaned) else part for part in parts_of(source))
    parts = [Cleaned(part, normalization) for part in raw]
    return parts[0] if len(parts) == 1 else Concatenation(parts)


def open_sources(specs: Sequence[str]) -> Source:
    """Opens the sources that `specs` names, one behind the other.

    Raises:
        InputError: one cannot be opened.
    """
    if not specs:
        raise InputError(
            "no data given: name a labels file (path<TAB>text), a folder or scheme:SPEC"
        )
    sources = [open_source(spec) for spec in specs]
    return sources[0] if len(sources) == 1 else Concatenation(sources)
