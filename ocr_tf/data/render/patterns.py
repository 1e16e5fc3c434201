"""Named patterns: card numbers with their check digit, telephone numbers, plates, dates; TensorFlow-free."""

from __future__ import annotations

import calendar
import functools
import string
from typing import Callable, NamedTuple

import numpy as np

from ocr_tf.data.render.template import Node, parse


class Text(NamedTuple):
    """What a line says."""

    label: str  # as it is to be read
    drawn: (
        str  # as it stands in the picture; has spaces that are not read where numbers are grouped
    )


class Pattern(NamedTuple):
    """A pattern by name."""

    draw: Callable[[np.random.Generator], Text]
    alphabet: frozenset[str]  # of what is drawn


# The first digits of the large schemes and the groups that their numbers stand in.
CARDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("4", (4, 4, 4, 4)),
    ("5[1-5]", (4, 4, 4, 4)),
    ("2[2-6]", (4, 4, 4, 4)),
    ("62", (4, 4, 4, 4)),
    ("62", (6, 13)),
    ("62", (4, 4, 4, 4, 3)),
    ("50", (4, 4, 4, 5)),
    ("6[37]", (4, 4, 4, 4, 2)),
)

PHONES = (
    r"1[3-9]\d \d{4} \d{4}",
    r"1[3-9]\d{9}",
    r"\([2-9]\d{2}\) [2-9]\d{2}-\d{4}",
    r"[2-9]\d{2}-[2-9]\d{2}-\d{4}",
    r"\+[1-9]\d? \d{3} \d{3} \d{3,4}",
    r"0\d{2,4}-\d{6,8}",
    r"0\d{3} \d{3} \d{3,4}",
    r"[2-9]\d{2}-\d{4}",
)

PLATES = (
    "[A-Z]{3} [0-9]{3,4}",
    "[A-Z]{2}[0-9]{2} [A-Z]{3}",
    "[A-Z]{1,3}-[A-Z]{1,2} [1-9][0-9]{1,3}",
    "[A-Z]{2}-[0-9]{3}-[A-Z]{2}",
    "[1-9][A-Z]{3}[0-9]{3}",
    "[A-Z]{2} [0-9]{2} [A-Z]{1,2} [0-9]{4}",
    "[A-Z]{3}[0-9][A-Z][0-9]{2}",
)

FIRST_YEAR, LAST_YEAR = 1900, 2099


def luhn_digit(digits: str) -> str:
    """Computes the digit that, appended, makes a number pass the check of ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (2 - i % 2) for i, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def is_luhn(digits: str) -> bool:
    """Whether the last digit of a number is its check digit."""
    return luhn_digit(digits[:-1]) == digits[-1]


def _bankcard(random: np.random.Generator) -> Text:
    prefix, groups = CARDS[random.integers(len(CARDS))]
    digits = _CARD_PREFIXES[prefix].draw(random)
    digits += "".join(map(str, random.integers(0, 10, sum(groups) - 1 - len(digits))))
    digits += luhn_digit(digits)
    ends = np.cumsum(groups).tolist()
    return Text(digits, " ".join(digits[end - size : end] for size, end in zip(groups, ends)))


_CARD_PREFIXES = {prefix: parse(prefix) for prefix, _ in CARDS}


def _date(random: np.random.Generator) -> Text:
    year = int(random.integers(FIRST_YEAR, LAST_YEAR + 1))
    month = int(random.integers(1, 13))
    day = int(random.integers(1, calendar.monthrange(year, month)[1] + 1))
    name = _MONTHS[month - 1]
    forms = (
        f"{year}-{month:02}-{day:02}",
        f"{day:02}/{month:02}/{year}",
        f"{month:02}/{day:02}/{year % 100:02}",
        f"{day:02}.{month:02}.{year}",
        f"{day}.{month}.{year}",
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{month:02}/{year % 100:02}",
    )
    text = forms[random.integers(len(forms))]
    return Text(text, text)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def pattern_of(templates: tuple[Node, ...]) -> Pattern:
    """Makes a pattern of templates: one of them, by line."""
    alphabet: frozenset[str] = frozenset().union(*(one.alphabet() for one in templates))
    return Pattern(functools.partial(_one_of, templates), alphabet)


def _one_of(templates: tuple[Node, ...], random: np.random.Generator) -> Text:
    text = templates[random.integers(len(templates))].draw(random)
    return Text(text, text)


PATTERNS: dict[str, Pattern] = {
    "bankcard": Pattern(_bankcard, frozenset(string.digits + " ")),
    "phone": pattern_of(tuple(map(parse, PHONES))),
    "plate": pattern_of(tuple(map(parse, PLATES))),
    "date": Pattern(_date, frozenset(string.digits + "-/., " + "".join(_MONTHS))),
}
