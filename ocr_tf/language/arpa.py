"""ARPA files: the text form of n-gram models, with logarithms to base 10; TensorFlow-free."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.language.ngrams import Gram, NGrams
from ocr_tf.text_file import read_text_file

BASE = math.log(10)
ABSENT = -99.0  # what the format writes for log 0
_COUNT = re.compile(r"ngram\s+(\d+)\s*=\s*(\d+)$")


def read(path: str | Path) -> NGrams:
    """Reads an ARPA file.

    Raises:
        InputError: it cannot be read, is none, or holds other numbers of grams than it announces.
    """
    lines = _Lines(path, read_text_file(path, "language model", "name an ARPA file"))
    counts = _counts(lines)
    log_probs: list[dict[Gram, float]] = []
    backoffs: dict[Gram, float] = {}
    for order, count in enumerate(counts, 1):
        if lines.skip_empty() != f"\\{order}-grams:":
            raise lines.error(f"expected `\\{order}-grams:`")
        found = dict(_grams(lines, order, backoffs))
        if len(found) != count:
            raise lines.error(f"{len(found)} different {order}-grams, of {count} announced")
        lost = [gram for gram in found if order > 1 and gram[:-1] not in log_probs[-1]]
        if lost:
            named = " ".join(lost[0])
            raise InputError(f"{path}: has the {order}-gram {named!r} without its history")
        log_probs.append(found)
    if lines.skip_empty() != "\\end\\":
        raise lines.error(
            "expected `\\end\\`: the file is truncated, or has more than it announces"
        )
    return NGrams(tuple(log_probs), backoffs)


class _Lines:
    """The lines of a file, one after the other."""

    def __init__(self, path: str | Path, text: str):
        self.path, self._lines, self._number = path, text.split("\n"), 0
        self.text = ""

    @property
    def ended(self) -> bool:
        """Tells that there is no next line."""
        return self._number >= len(self._lines)

    def next(self) -> str:
        """Goes to the next line; "" at the end of the file, too."""
        self.text = "" if self.ended else self._lines[self._number].strip(" \r")
        self._number += 1
        return self.text

    def skip_empty(self) -> str:
        """Returns this line, or the first behind it that is not empty."""
        while not self.text and not self.ended:
            self.next()
        return self.text

    def error(self, what: str) -> InputError:
        """An error at this line."""
        if self._number > len(self._lines):
            return InputError(f"{self.path}: ends too soon: {what}")
        return InputError(f"{self.path}:{self._number}: {what}, not {self.text!r}")


def _counts(lines: _Lines) -> list[int]:
    """Reads the head of a file: how many grams there are of each order."""
    while lines.next() != "\\data\\":
        if lines.ended:
            raise InputError(f"{lines.path}: no ARPA file: there is no line \\data\\")
    counts: list[int] = []
    while lines.next():
        match = _COUNT.match(lines.text)
        if match is None or int(match[1]) != len(counts) + 1:
            raise lines.error(f"expected `ngram {len(counts) + 1}=COUNT`")
        counts.append(int(match[2]))
    if not counts or not counts[0]:
        raise InputError(f"{lines.path}: announces no n-grams")
    return counts


def _grams(lines: _Lines, order: int, backoffs: dict[Gram, float]) -> Iterator[tuple[Gram, float]]:
    """Reads the section of an order, up to the line behind it."""
    while lines.next():
        if lines.text.startswith("\\"):
            return
        fields = re.split(r"[\t ]+", lines.text)
        if len(fields) not in (order + 1, order + 2):
            raise lines.error(f"expected a number, {order} tokens and perhaps a number")
        gram = tuple(fields[1 : order + 1])
        try:
            log_prob, *backoff = (float(fields[i]) for i in (0, *range(order + 1, len(fields))))
        except ValueError:
            raise lines.error("expected numbers beside the tokens") from None
        if not log_prob <= 0 or not all(map(math.isfinite, (log_prob, *backoff))):
            raise lines.error("a logarithm of a probability is a number up to 0")
        if backoff:
            backoffs[gram] = backoff[0] * BASE
        yield gram, log_prob * BASE


def write(model: NGrams, path: str | Path) -> None:
    """Writes an ARPA file that `read` gives back, to 7 digits."""
    atomic_write(path, "".join(line + "\n" for line in _written(model)).encode("utf-8"))


def _written(model: NGrams) -> Iterator[str]:
    yield "\\data\\"
    for order, grams in enumerate(model.log_probs, 1):
        yield f"ngram {order}={len(grams)}"
    for order, grams in enumerate(model.log_probs, 1):
        yield ""
        yield f"\\{order}-grams:"
        for gram in sorted(grams):
            log_prob = max(grams[gram] / BASE, ABSENT)
            row = f"{log_prob:.7g}\t{' '.join(gram)}"
            backoff = model.backoffs.get(gram)
            yield row if backoff is None else f"{row}\t{backoff / BASE:.7g}"
    yield ""
    yield "\\end\\"
