"""Brings text to the order in which its symbols stand in an image, from left to right, and back.

Text is kept in the order in which it is read. A decoder that passes along the image, as CTC does, meets
the symbols of Hebrew or Arabic the other way round, and digits or Latin words within them not. The order
of display is that of the Unicode bidirectional algorithm (UAX 9, by python-bidi); paired symbols such as
brackets are mirrored, as they are drawn.

The way back applies the algorithm to the order of display. That is the text again wherever each run of
right-to-left symbols is whole; where it is not, two texts have the same image, and `canonical` names the
one that is given for both. TensorFlow-free.
"""

from __future__ import annotations

import unicodedata

DIRECTIONS = ("ltr", "rtl", "auto")

_RIGHT_TO_LEFT = ("R", "AL")  # classes of strongly right-to-left symbols


def to_visual(text: str, direction: str) -> str:
    """Returns a text in the order of the image.

    Args:
        text: in the order in which it is read.
        direction: of the line: ltr returns the text as it is; rtl; auto, which is that of the first symbol
            that has one, where the text has right-to-left symbols.
    """
    if direction == "ltr" or (direction == "auto" and not right_to_left(text)):
        return text
    base = "R" if direction == "rtl" or _first_strong(text) in _RIGHT_TO_LEFT else "L"
    return _display(text, base)


def to_logical(text: str, direction: str) -> str:
    """Returns a text in the order in which it is read; the arguments are as in `to_visual`.

    With auto, the line's direction is that of its right end where that is right-to-left.
    """
    if direction == "ltr" or (direction == "auto" and not right_to_left(text)):
        return text
    base = "R" if direction == "rtl" or _first_strong(text[::-1]) in _RIGHT_TO_LEFT else "L"
    return _display(text, base)


def canonical(text: str, direction: str) -> str:
    """Returns the text that is given for every text with the same image as this one."""
    return to_logical(to_visual(text, direction), direction)


def right_to_left(text: str) -> list[str]:
    """Returns the strongly right-to-left symbols of a text, each once, in order of appearance."""
    if text.isascii():
        return []
    return [s for s in dict.fromkeys(text) if unicodedata.bidirectional(s) in _RIGHT_TO_LEFT]


def _first_strong(text: str) -> str:
    classes = (unicodedata.bidirectional(symbol) for symbol in text)
    return next((c for c in classes if c == "L" or c in _RIGHT_TO_LEFT), "")


def _display(text: str, base: str) -> str:
    from bidi.algorithm import get_display

    displayed = get_display(text, base_dir=base)
    return displayed if isinstance(displayed, str) else displayed.decode("utf-8")
