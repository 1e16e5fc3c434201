"""Trains the classifier of components on drawn pages, and writes the file that comes with the package.

    python -m ocr_tf.page.train_regions

It takes less than a minute and no data; the same versions of OpenCV, Pillow and matplotlib give the same
file. TensorFlow-free.
"""

from __future__ import annotations

import gzip

import cv2
import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.classical.binarize import find_ink
from ocr_tf.classical.boost import dump_ensemble, train_ensemble
from ocr_tf.page.find import WINDOW
from ocr_tf.page.regions import Regions, find_regions, measure_regions
from ocr_tf.page.synthetic import PageStyle, draw_page
from ocr_tf.page.text_regions import FILE
from ocr_tf.types import Array

SEED, PAGES = 1986, 32
TREES, DEPTH = 60, 3
TEXT = 0.5  # share of a component's pixels that must be text


def run() -> None:
    """Draws pages, trains, and writes FILE."""
    measured = [samples(index) for index in range(PAGES)]
    features = np.concatenate([page for page, _ in measured])
    text = np.concatenate([answers for _, answers in measured])
    ensemble = train_ensemble(features, text, TREES, DEPTH)
    content = gzip.compress(dump_ensemble(ensemble).encode(), mtime=0)
    atomic_write(FILE, content)
    print(f"{FILE.name}: {len(text)} components of {PAGES} pages, {text.sum()} of text")


def samples(index: int) -> tuple[Array, Array]:
    """Measures the components of a page that has pictures, rules and dirt: features, and which are text."""
    style = PageStyle(
        columns=1 + index % 2,
        noise=(2.0, 8.0, 16.0, 24.0)[index % 4],
        pictures=index % 3,
        dirt=(0, 60, 300)[index % 3],
    )
    page = draw_page(style, SEED, index)
    ink = find_ink(page.pixels, "sauvola", WINDOW)
    regions = find_regions(ink.mask)
    return measure_regions(regions, ink), text_share(regions, page.ink) > TEXT


def text_share(regions: Regions, text: Array) -> Array:
    """Returns the share of each component's pixels that is text, or beside it, [N]; `text` is [H, W] bool."""
    total = int(regions.labels.max()) + 1
    near = cv2.dilate(text.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inside = np.bincount(regions.labels[near], minlength=total)
    share: Array = inside[regions.names] / regions.areas
    return share


if __name__ == "__main__":
    run()
