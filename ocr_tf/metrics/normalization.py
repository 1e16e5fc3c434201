"""NORMALIZATIONS: what may be done to a reference and a hypothesis before they are compared.

A rate belongs to its normalization: the name is printed beside every figure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from ocr_tf.alphabet import nfc


def alphanumeric(text: str) -> str:
    """Keeps lower-case letters and digits; on ASCII the usual protocol of scene text, [0-9a-z].

    Letters and digits are Unicode's (categories L and N), with the marks (M) that belong to them:
    without its marks an Indic word would be another one. White space goes too, so that a line is
    at most one word.
    """
    kept = [s for s in nfc(text).lower() if unicodedata.category(s)[0] in "LMN"]
    return nfc("".join(kept))  # Lower case of NFC is not always NFC.


NORMALIZATIONS: dict[str, Callable[[str], str]] = {
    "none": nfc,
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
