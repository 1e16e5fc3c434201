"""Search errors against model errors: whose error a wrong reading is; TensorFlow-free.

A wrong reading that its model finds at least as probable as the reference is the model's error: no
search, however wide, would have read the reference. If the reference is the more probable one, the
search missed it (Stahlberg and Byrne 2019, On NMT search errors and model errors).
"""

from __future__ import annotations

import numpy as np

from ocr_tf.types import Array

ERRORS = {
    "model": "the model finds its wrong reading at least as probable as the reference",
    "impossible": "of these, the model gives the reference no probability at all: a symbol that it "
    "does not know, or too few encoder steps",
    "search": "the model finds the reference more probable than what the search read",
}


def kinds(wrong: Array, own: Array, reference: Array) -> dict[str, Array]:
    """Tells wrong readings apart, by ERRORS: bool arrays of the shape of all three.

    Args:
        wrong: bool, readings that differ from the reference.
        own: log p(reading | image) under the model that read.
        reference: log p(reference | image) under it, minus infinity where it cannot be written.
    """
    return {
        "model": wrong & (own >= reference),
        "impossible": wrong & np.isneginf(reference),
        "search": wrong & (own < reference),
    }
