"""A contact sheet: rows of line images with their names, in columns; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ocr_tf.types import Array

# In pixels.
LETTERS, GAP, EDGE = 13, 8, 12
LARGE = 48  # images are enlarged by a whole factor until they are about as high

# The sheet's color is no gray, so that it shows where an image ends.
SHEET, BLACK, DIM = (188, 208, 232), (0, 0, 0), (70, 80, 100)


class Row(NamedTuple):
    """Line images under one name."""

    name: str  # "rotation"
    remark: str  # "0.01", smaller
    images: Sequence[Array]  # [H, W] float32 in [-1, 1], one a column


def draw(rows: Sequence[Row]) -> Array:
    """Draws the rows one above the other, their columns aligned.

    Args:
        rows: one or more, all with as many images.

    Returns:
        [h, w, 3] uint8 RGB.
    """
    font, small = ImageFont.load_default(LETTERS), ImageFont.load_default(LETTERS - 2)
    factor = max(1, round(LARGE / max(len(image) for row in rows for image in row.images)))
    cells = [[_pixels(image, factor) for image in row.images] for row in rows]
    texts = [font.getlength(row.name) for row in rows] + [
        small.getlength(row.remark) for row in rows
    ]
    widths = [max(cell.shape[1] for cell in column) for column in zip(*cells)]
    heights = [max([2 * LETTERS + 4, *(len(cell) for cell in row)]) for row in cells]
    lefts = EDGE + round(max(texts)) + GAP + np.cumsum([0, *(width + GAP for width in widths)])
    tops = EDGE + np.cumsum([0, *(height + GAP for height in heights)])
    sheet = Image.new("RGB", (int(lefts[-1]) - GAP + EDGE, int(tops[-1]) - GAP + EDGE), SHEET)
    pen = ImageDraw.Draw(sheet)
    for row, top, images in zip(rows, tops.tolist(), cells):
        pen.text((EDGE, top), row.name, BLACK, font)
        pen.text((EDGE, top + LETTERS + 2), row.remark, DIM, small)
        for left, pixels in zip(lefts.tolist(), images):
            sheet.paste(Image.fromarray(pixels), (left, top))
    return np.asarray(sheet)


def _pixels(image: Array, factor: int) -> Array:
    """Returns [H, W] float32 in [-1, 1] as uint8, enlarged by a whole factor."""
    grays = np.clip(np.rint(image * 127.5 + 127.5), 0, 255).astype(np.uint8)
    return grays.repeat(factor, axis=0).repeat(factor, axis=1)
