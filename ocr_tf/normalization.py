"""NORMALIZATIONS: what may be done to texts before they are trained on or compared.

A rate belongs to its normalization: the name is printed beside every figure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable


def nfc(text: str) -> str:
    """Returns the canonical form (NFC) in which all text is kept, counted and compared."""
    return unicodedata.normalize("NFC", text)


def lower(text: str) -> str:
    """Writes all letters small."""
    return nfc(nfc(text).lower())  # Lower case of NFC is not always NFC.


def alphanumeric(text: str) -> str:
    """Keeps lower-case letters and digits; on ASCII the usual protocol of scene text, [0-9a-z].

    Letters and digits are Unicode's (categories L and N), with the marks (M) that belong to them:
    without its marks an Indic word would be another one. White space goes too, so that a line is
    at most one word.
    """
    kept = [s for s in lower(text) if unicodedata.category(s)[0] in "LMN"]
    return nfc("".join(kept))


NORMALIZATIONS: dict[str, Callable[[str], str]] = {
    "none": nfc,
    "lower": lower,
    "alphanumeric": alphanumeric,
}


def normalize(text: str, normalization: str = "none") -> str:
    """Brings `text` to NFC, after the named normalization.

    Raises:
        ValueError: there is no normalization of that name.
    """
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"normalization {normalization!r}, not one of {', '.join(NORMALIZATIONS)}")
    return NORMALIZATIONS[normalization](text)
