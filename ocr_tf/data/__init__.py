"""SOURCES: how each kind of labeled lines is opened, by the scheme in front of the colon.

A new source is one new file beside these and one line in SOURCES; `ocr_tf.data.dataset` says what a source
is. TensorFlow-free: an opener imports its module when it is called.
"""

from __future__ import annotations

from typing import Any, Callable

from ocr_tf.registry import Registry


def _open_tsv(rest: str) -> Any:
    from ocr_tf.data import tsv

    return tsv.open(rest)


def _open_synthetic(rest: str) -> Any:
    from ocr_tf.data import synthetic

    return synthetic.open(rest)


# An opener takes what stands behind `scheme:` and gives a Source. A bare path is `tsv:path`.
SOURCES: Registry[Callable[[str], Any]] = Registry(
    "source", {"tsv": _open_tsv, "synthetic": _open_synthetic}
)
