"""Text to ids and back; the only owner of the special ids.

Symbols are the code points of NFC text, combining marks included. With K symbols, ids 0..K-1 are
the symbols; `blank` (CTC) and `end` (attention) share the id K, the last class that a head puts
out; `start` (K + 1) is only ever fed to a decoder; `pad` (-1) fills label arrays behind their
lengths.

Ids are in the order of the image, texts in that of reading: see `ocr_tf.reading_order`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ocr_tf import reading_order
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc, normalize
from ocr_tf.text_file import read_text_file


class Spelling(NamedTuple):
    """Turns texts into the symbols that stand in an image, in their order."""

    direction: str = "ltr"  # of the lines, one of `reading_order.DIRECTIONS`
    normalization: str = "none"  # one of NORMALIZATIONS

    def spell(self, text: str) -> str:
        """Normalizes a text and brings it to the order of the image."""
        return reading_order.to_visual(normalize(text, self.normalization), self.direction)


AS_WRITTEN = Spelling()


class Alphabet:
    """An ordered set of single code points."""

    pad = -1

    def __init__(self, symbols: Sequence[str], spelling: Spelling = AS_WRITTEN):
        """`spelling` is no part of equality.

        Raises:
            ValueError: a symbol is no single code point or stands twice, or there is none.
        """
        for symbol in symbols:
            if len(symbol) != 1:
                raise ValueError(f"a symbol is one code point, not {symbol!r}")
            if symbol in "\n\r":
                raise ValueError("a line end cannot be a symbol")
        if len(set(symbols)) != len(symbols):
            repeated = next(s for i, s in enumerate(symbols) if s in symbols[:i])
            raise ValueError(f"symbol {repeated!r} stands twice")
        if not symbols:
            raise ValueError("an alphabet needs at least one symbol")
        self.symbols, self.spelling = tuple(symbols), spelling
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols)}

    @classmethod
    def from_texts(cls, texts: Iterable[str], spelling: Spelling = AS_WRITTEN) -> Alphabet:
        """Makes an alphabet of the code points with which `texts` are spelled, in code point order."""
        spelled = map(spelling.spell, texts)
        return cls(sorted({symbol for text in spelled for symbol in text}), spelling)

    @classmethod
    def load(cls, path: str | Path, spelling: Spelling = AS_WRITTEN) -> Alphabet:
        """Reads a UTF-8 file with one code point a line.

        Raises:
            InputError: the file cannot be read, or a line is not exactly one code point.
        """
        text = read_text_file(path, "alphabet", "name a file with one symbol a line")
        lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
        for number, line in enumerate(lines, 1):
            if len(nfc(line)) != 1:
                raise InputError(f"{path}:{number}: one symbol (code point) a line, not {line!r}")
        try:
            return cls([nfc(line) for line in lines], spelling)
        except ValueError as error:
            raise InputError(f"{path}: {error}") from None

    def dumps(self) -> str:
        """Returns the text of a file that `load` reads."""
        return "".join(symbol + "\n" for symbol in self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alphabet) and self.symbols == other.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)

    @property
    def blank(self) -> int:
        """CTC's class of no symbol."""
        return len(self.symbols)

    @property
    def end(self) -> int:
        """The class with which an autoregressive head ends a text."""
        return len(self.symbols)

    @property
    def start(self) -> int:
        """Gives the class that an autoregressive head is fed before the first symbol."""
        return len(self.symbols) + 1

    @property
    def classes(self) -> int:
        """Classes that a head puts out: the symbols and blank or end."""
        return len(self.symbols) + 1

    def unknown(self, text: str) -> list[str]:
        """Returns the symbols of `text` that the alphabet lacks, each once, in order of appearance."""
        return list(dict.fromkeys(s for s in self.spell(text) if s not in self._ids))

    def spell(self, text: str) -> str:
        """Returns the symbols of `text`, normalized, in the order of the image."""
        return self.spelling.spell(text)

    def canonical(self, text: str) -> str:
        """Returns the text that `decode` gives for the ids of `text`."""
        normalized = normalize(text, self.spelling.normalization)
        return reading_order.canonical(normalized, self.spelling.direction)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of the symbols of `text`, in the order of the image.

        Raises:
            ValueError: a symbol is outside the alphabet.
        """
        unknown = self.unknown(text)
        if unknown:
            raise ValueError(f"not in the alphabet: {' '.join(map(repr, unknown))}")
        return [self._ids[symbol] for symbol in self.spell(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """Joins symbols to a text in the order of reading, not normalized again.

        From left to right that is what a graph gives, which only joins strings.

        Raises:
            IndexError: an id is no symbol.
        """
        ids = list(ids)
        if any(not 0 <= i < len(self.symbols) for i in ids):
            raise IndexError(f"not a symbol id: {ids}")
        read = "".join(self.symbols[i] for i in ids)
        return reading_order.to_logical(read, self.spelling.direction)
