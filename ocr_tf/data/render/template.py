r"""Templates: strings described by a pattern, as `[A-Z]{3} [0-9]{4}`; TensorFlow-free.

    text         literal; a backslash takes the special meaning of what follows
    [0-9A-F]     one of these symbols
    \d           [0-9]
    (AB|C|)      one of these alternatives
    x{3} x{2-5}  three times; two to five times, also written {2,5}
    x?           never or once

There is no unbounded repetition and no `.`, which stand for more in a regular expression than a line
should hold. Every choice is uniform.
"""

from __future__ import annotations

import dataclasses
import re
import string
from typing import Union

import numpy as np

from ocr_tf.errors import InputError

MOST = 100  # repetitions
SPECIAL = r"\[](){}|?"
REFUSED = {
    "*": "write how often, as {0-8}",
    "+": "write how often, as {1-8}",
    ".": r"write \. for a full stop, or a class as [a-z]",
    "^": "a template is always the whole text",
    "$": "a template is always the whole text",
}
CLASSES = {"d": string.digits}


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of some symbols."""

    symbols: str

    def draw(self, random: np.random.Generator) -> str:
        """Draws a string."""
        return (
            self.symbols[random.integers(len(self.symbols))]
            if len(self.symbols) > 1
            else self.symbols
        )

    def alphabet(self) -> frozenset[str]:
        """Every symbol that may be drawn."""
        return frozenset(self.symbols)


@dataclasses.dataclass(frozen=True)
class Row:
    """One part after the other."""

    parts: tuple[Node, ...]

    def draw(self, random: np.random.Generator) -> str:
        """Draws a string."""
        return "".join(part.draw(random) for part in self.parts)

    def alphabet(self) -> frozenset[str]:
        """Every symbol that may be drawn."""
        return frozenset().union(*(part.alphabet() for part in self.parts))


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of some alternatives."""

    alternatives: tuple[Node, ...]

    def draw(self, random: np.random.Generator) -> str:
        """Draws a string."""
        return self.alternatives[random.integers(len(self.alternatives))].draw(random)

    def alphabet(self) -> frozenset[str]:
        """Every symbol that may be drawn."""
        return frozenset().union(*(one.alphabet() for one in self.alternatives))


@dataclasses.dataclass(frozen=True)
class Repeat:
    """A part several times, drawn anew each time."""

    part: Node
    least: int
    most: int

    def draw(self, random: np.random.Generator) -> str:
        """Draws a string."""
        times = random.integers(self.least, self.most + 1) if self.most > self.least else self.most
        return "".join(self.part.draw(random) for _ in range(times))

    def alphabet(self) -> frozenset[str]:
        """Every symbol that may be drawn."""
        return self.part.alphabet() if self.most else frozenset()


Node = Union[OneOf, Row, Choice, Repeat]


def parse(template: str) -> Node:
    """Parses a template.

    Raises:
        InputError: it has an error; the message names the template and the place in it.
    """
    node, end = _choice(template, 0)
    if end < len(template):  # a closing bracket that nothing opened
        raise _error(template, end, f"no ( before this {template[end]}")
    return node


def _choice(template: str, at: int) -> tuple[Node, int]:
    alternatives = []
    while True:
        row, at = _row(template, at)
        alternatives.append(row)
        if template[at : at + 1] != "|":
            break
        at += 1
    return (Choice(tuple(alternatives)) if len(alternatives) > 1 else alternatives[0]), at


def _row(template: str, at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while at < len(template) and template[at] not in "|)":
        part, at = _atom(template, at)
        bounds, at = _times(template, at)
        parts.append(Repeat(part, *bounds) if bounds != (1, 1) else part)
    return (parts[0] if len(parts) == 1 else Row(tuple(parts))), at


def _atom(template: str, at: int) -> tuple[Node, int]:
    symbol = template[at]
    if symbol == "(":
        node, end = _choice(template, at + 1)
        if template[end : end + 1] != ")":
            raise _error(template, at, "this ( is never closed")
        return node, end + 1
    if symbol == "[":
        return _class(template, at)
    if symbol == "\\":
        return OneOf(_escaped(template, at)), at + 2
    if symbol in "{?":
        raise _error(template, at, f"nothing stands before this {symbol}")
    if symbol in "]}":
        raise _error(template, at, rf"nothing opens this {symbol}; write \{symbol} for the sign")
    if symbol in REFUSED:
        raise _error(template, at, rf"{REFUSED[symbol]}; \{symbol} is the sign itself")
    return OneOf(symbol), at + 1


def _class(template: str, start: int) -> tuple[Node, int]:
    symbols: dict[str, None] = {}
    at = start + 1
    if template[at : at + 1] == "^":
        raise _error(
            template, at, r"list what may stand here, not what may not; \^ is the sign itself"
        )
    while at < len(template) and template[at] != "]":
        first, at = _member(template, at)
        if (
            len(first) == 1
            and template[at : at + 1] == "-"
            and template[at + 1 : at + 2] not in "]"
        ):
            last, at = _member(template, at + 1)
            if len(last) != 1 or last < first:
                raise _error(template, at - 1, f"no range from {first} to {last}")
            symbols.update(dict.fromkeys(map(chr, range(ord(first), ord(last) + 1))))
        else:
            symbols.update(dict.fromkeys(first))
    if at >= len(template):
        raise _error(template, start, "this [ is never closed")
    if not symbols:
        raise _error(template, start, "an empty class")
    return OneOf("".join(symbols)), at + 1


def _member(template: str, at: int) -> tuple[str, int]:
    if template[at] == "\\":
        return _escaped(template, at), at + 2
    return template[at], at + 1


def _escaped(template: str, at: int) -> str:
    symbol = template[at + 1 : at + 2]
    if not symbol:
        raise _error(template, at, r"nothing follows this \ ")
    if symbol.isascii() and symbol.isalnum():
        if symbol not in CLASSES:
            raise _error(
                template, at, rf"no class \{symbol}; there is \d, others are written [a-z]"
            )
        return CLASSES[symbol]
    return symbol


def _times(template: str, at: int) -> tuple[tuple[int, int], int]:
    """Reads how often the part before `at` stands: (least, most), and where that ends."""
    if template[at : at + 1] == "?":
        return (0, 1), at + 1
    if template[at : at + 1] != "{":
        return (1, 1), at
    match = re.compile(r"\{([0-9]{1,4})(?:[-,]([0-9]{1,4}))?\}").match(template, at)
    if match is None:
        raise _error(template, at, r"write {3} or {2-5}; \{ is the sign itself")
    least, most = int(match[1]), int(match[2] or match[1])
    if not least <= most <= MOST:
        raise _error(template, at, f"from few to many and at most {MOST}")
    return (least, most), match.end()


def _error(template: str, at: int, why: str) -> InputError:
    return InputError(f"template {template!r}, symbol {at + 1}: {why.strip()}")
