"""SOURCES: how each kind of labeled lines is opened, by the scheme in front of the colon.

A new source is one new file beside these and one line in SOURCES; `ocr_tf.data.source` says what a source
is. TensorFlow-free; what a format needs beyond the standard library is imported when one is opened.
"""

from __future__ import annotations

from typing import Callable

from ocr_tf.data import synthetic
from ocr_tf.data.source import Source
from ocr_tf.data.sources import (
    alto,
    gt,
    iam,
    icdar,
    iiit5k,
    lmdb,
    mjsynth,
    page,
    records,
    shapes,
    spoken,
    tsv,
)
from ocr_tf.registry import Registry

# An opener takes what stands behind `scheme:`.
SOURCES: Registry[Callable[[str], Source]] = Registry(
    "source",
    {
        "tsv": tsv.open_tsv,
        "gt": gt.open_gt,
        "icdar": icdar.open_icdar,
        "iiit5k": iiit5k.open_iiit5k,
        "mjsynth": mjsynth.open_mjsynth,
        "iam": iam.open_iam,
        "page": page.open_page,
        "alto": alto.open_alto,
        "lmdb": lmdb.open_lmdb,
        "records": records.open_records,
        "synthetic": synthetic.open,
        "spoken": spoken.open_spoken,
        "shapes": shapes.open_shapes,
    },
)
