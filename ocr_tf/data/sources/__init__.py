"""SOURCES: how each kind of labeled lines is opened, by the scheme in front of the colon.

A new source is one new file beside these and one line in SOURCES; `ocr_tf.data.source` says what a source
is. TensorFlow-free; what a format needs beyond the standard library is imported when one is opened.
"""

from __future__ import annotations

from typing import Callable

from ocr_tf.data import synthetic
from ocr_tf.data.source import Source
from ocr_tf.data.sources import records, tsv
from ocr_tf.registry import Registry

# An opener takes what stands behind `scheme:`.
SOURCES: Registry[Callable[[str], Source]] = Registry(
    "source",
    {
        "tsv": tsv.open_tsv,
        "records": records.open_records,
        "synthetic": synthetic.open,
    },
)
