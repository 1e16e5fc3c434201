"""Tells text from the rest of a page's components by boosted trees (cv2.ml.Boost); TensorFlow-free.

The trees come with the package: `python -m ocr_tf.page.train_regions` makes their file.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

import numpy as np

from ocr_tf.classical.boost import decide, load_ensemble
from ocr_tf.types import Array

FILE = Path(__file__).with_name("text_regions.json.gz")


@functools.cache
def _ensemble() -> Any:
    return load_ensemble(gzip.decompress(FILE.read_bytes()).decode())


def is_text(features: Array) -> Array:
    """Decides for each component, [N, FEATURES] as `regions.measure_regions` gives it: [N] bool."""
    if not len(features):
        return np.zeros(0, bool)
    decided: Array = decide(_ensemble(), features) > 0
    return decided
