"""Encoded line images to gray pixels; TensorFlow-free."""

from __future__ import annotations

import hashlib
import io
from typing import NamedTuple

import numpy as np

from ocr_tf.data.geometry import MAX_LINE_PIXELS
from ocr_tf.data.page_image import decode_gray
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError
from ocr_tf.types import Array

BLANK = np.zeros((1, 1), np.uint8)


def pixels_key(pixels: Array) -> int:
    """Makes a key of an image's pixels, [H, W] uint8: 63 bits of their hash."""
    shape = np.array(pixels.shape, np.int64).tobytes()
    digest = hashlib.sha256(shape + np.ascontiguousarray(pixels).tobytes()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class LineImage(NamedTuple):
    """A line's image, or why there is none."""

    pixels: Array  # [H, W] uint8; BLANK where there is none
    trouble: str = ""


def read_line(source: Source, i: int) -> LineImage:
    """Reads and decodes line i of a source; what cannot be used is told, beginning with its place."""
    try:
        encoded = source.read(i)
    except InputError as error:
        return LineImage(BLANK, str(error))
    try:
        pixels = decode_gray(io.BytesIO(encoded))
        if pixels.size > MAX_LINE_PIXELS:
            rows, columns = pixels.shape
            raise InputError(f"{columns}x{rows} pixels: too many for a line")
    except InputError as error:
        return LineImage(BLANK, f"{source.sample(i).place}: {error}")
    return LineImage(pixels)
