"""Tells what of a font's letters can be recognized; TensorFlow-free.

Some fonts hold pictures under the codes of letters, and some hold capitals in place of small letters. Neither
would be what the label says.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.data.render.glyphs import PROBE, bundle, draw
from ocr_tf.types import Array

TWO_FORMS = "abdeghnqrt"  # their capitals differ from them in more than size
JUDGED = TWO_FORMS + TWO_FORMS.upper() + "kmsw" + "2357"
REFERENCES = (
    "DejaVuSans.ttf",
    "DejaVuSerif.ttf",
    "STIXGeneralItalic.ttf",
    "cmss10.ttf",
    "cmtt10.ttf",
)
CELLS = 9
LEGIBLE = 0.4  # share of letters and digits that a font must let one recognize


class Legibility(NamedTuple):
    """Tells which of a font's letters can be recognized."""

    legible: bool  # enough of them look like some letter or digit, and like the right one
    capitals: bool  # capitals look like capitals, not like small letters
    smalls: bool  # small letters look like small letters


@functools.cache
def legibility(path: str, digest: str) -> Legibility:
    """Compares a font's letters and digits with those of a few plain fonts; `digest` is of its file."""
    present, shapes = _shapes(path)
    if not present:
        return Legibility(False, False, False)
    references, names = _references()
    alike = cv2.gemm(shapes, references, 1, None, 0, flags=cv2.GEMM_2_T)  # type: ignore[call-overload]
    likely = np.argpartition(-alike, 3, axis=1)[:, :3].tolist()
    right, capitals, smalls = [], [], []
    for symbol, places, best in zip(present, likely, alike.argmax(axis=1).tolist()):
        right.append(symbol.lower() in [names[k].lower() for k in places])
        if symbol in TWO_FORMS.upper():
            capitals.append(names[best].isupper())
        elif symbol in TWO_FORMS:
            smalls.append(names[best].islower())
    return Legibility(*(sum(s) >= LEGIBLE * max(len(s), 1) for s in (right, capitals, smalls)))


@functools.cache
def _references() -> tuple[Array, str]:
    found = [_shapes(str(bundle() / file)) for file in REFERENCES]
    return np.concatenate([shapes for _, shapes in found]), "".join(symbols for symbols, _ in found)


def _shapes(path: str) -> tuple[str, Array]:
    """Scales the judged symbols' ink to one size.

    Returns:
        The symbols that have ink, and [N, CELLS^2] float32, each row with mean 0 and length 1.
    """
    symbols, shapes = [], []
    for symbol in JUDGED:
        mask = draw(path, 0, symbol, PROBE).mask
        if mask.any():
            x, y, width, height = cv2.boundingRect(mask)
            symbols.append(symbol)
            shapes.append(
                cv2.blur(
                    cv2.resize(
                        mask[y : y + height, x : x + width],
                        (CELLS, CELLS),
                        interpolation=cv2.INTER_AREA,
                    ),
                    (3, 3),
                )
            )
    if not shapes:
        return "", np.zeros((0, CELLS**2), np.float32)
    values = np.stack(shapes).reshape(len(shapes), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.sqrt((values**2).sum(axis=1, keepdims=True)) + 1e-6
    return "".join(symbols), values
