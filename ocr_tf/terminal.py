"""Makes names and texts safe to print: no character of them commands a terminal or ends a line."""

from __future__ import annotations

import re

_NAMED = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}

# C0 and C1 controls (ESC begins a terminal's commands), DEL, the separators at which some readers end
# a line, and halves of surrogate pairs, which stand for bytes that are no UTF-8.
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"

# Marks, embeddings, overrides and isolates: they change the order in which what follows is shown.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

_IN_NAMES = re.compile(rf"[\\{_CONTROLS}{_BIDI}]")
_IN_TEXTS = re.compile(f"[{_CONTROLS}]")


def escape_name(name: object) -> str:
    """A name, such as a path, as one field of a line of UTF-8.

    Backslashes are doubled, so that the name can be told from what is printed.
    """
    return _IN_NAMES.sub(_escape, str(name))


def escape_text(text: str) -> str:
    """A text as one field of a line: its controls alone are escaped, for it may be of any script."""
    return _IN_TEXTS.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    symbol = match.group(0)
    if symbol in _NAMED:
        return _NAMED[symbol]
    return f"\\x{ord(symbol):02x}" if ord(symbol) < 0x100 else f"\\u{ord(symbol):04x}"
