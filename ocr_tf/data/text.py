"""The form that labels are brought to: NFC, single spaces, no control characters.

White space at the ends is cut off, any other run of it becomes one space: a network cannot see how many
spaces there are, nor which. Control characters and invisible marks of direction are left out; joiners
stay, as they change how symbols are drawn. TensorFlow-free.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Optional

from ocr_tf.data.source import Facts, Sample, Source
from ocr_tf.normalization import nfc, normalize

# Marks of direction, and what is as wide as nothing; joiners (U+200C, U+200D) are not among them.
_INVISIBLE = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff") | frozenset(
    map(chr, range(0x2066, 0x206A))
)


def clean(text: str) -> str:
    """Brings a label to the form in which it is trained on and scored."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    shown = (symbol for symbol in nfc(text) if symbol.isspace() or not is_control(symbol))
    return nfc(" ".join("".join(shown).split()))


def is_control(symbol: str) -> bool:
    """Tells whether a symbol is a control character or an invisible mark."""
    return symbol in _INVISIBLE or unicodedata.category(symbol) in ("Cc", "Cs")


def is_odd(symbol: str) -> bool:
    """Tells whether a symbol is one that a label hardly means: for private use, unassigned, or no symbol."""
    return symbol == "\ufffd" or unicodedata.category(symbol) in ("Co", "Cn", "Cf", "Zl", "Zp")


def name_of(symbol: str) -> str:
    """Names a symbol by code point and Unicode name: U+00AD SOFT HYPHEN."""
    return f"U+{ord(symbol):04X} {unicodedata.name(symbol, '')}".rstrip()


class Cleaned(Source):
    """A source whose texts are brought to their form, and normalized, as they are asked for."""

    def __init__(self, source: Source, normalization: str = "none"):
        self.source, self.name = source, source.name
        self.normalization = normalization

    def __len__(self) -> int:
        return len(self.source)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        sample = self.source.sample(i)
        return sample._replace(text=self._formed(sample.text))

    def text(self, i: int) -> str:
        """See `Source.text`."""
        return self._formed(self.source.text(i))

    def line_id(self, i: int) -> str:
        """See `Source.line_id`."""
        return self.source.line_id(i)

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        return self.source.read(i)

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return self.source.origin(i)

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`."""
        return self.source.stamp(i)

    def facts(self) -> Optional[Facts]:
        """See `Source.facts`."""
        return self.source.facts()

    def _formed(self, text: str) -> str:
        return (
            normalize(clean(text), self.normalization)
            if self.normalization != "none"
            else clean(text)
        )


def notes(texts: Iterable[str]) -> list[str]:
    """Says what `clean` changes in labels, each kind with its count; nothing where it changes nothing."""
    ends = spaces = 0
    controls: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for text in texts:
        if text.isascii() and text.isprintable() and "  " not in text and text.strip(" ") == text:
            continue
        stripped = text.strip()
        ends += stripped != text
        kinds = {name_of(s) for s in stripped if s.isspace() and s != " "}
        kinds |= {"double spaces"} if "  " in stripped else set()
        spaces += bool(kinds)
        within.update(kinds)
        controls.update({symbol for symbol in text if not symbol.isspace() and is_control(symbol)})
    said = []
    if ends:
        said.append(f"spaces at the ends of {ends} labels are cut off")
    if spaces:
        named = ", ".join(f"{kind} ({n} labels)" for kind, n in sorted(within.items()))
        said.append(f"white space within {spaces} labels becomes one space each: {named}")
    if controls:
        named = ", ".join(f"{name_of(s)} ({n} labels)" for s, n in controls.most_common())
        said.append(f"control characters are left out: {named}")
    return said
