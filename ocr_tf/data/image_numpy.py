"""The image path of `ocr_tf.data.image` for the common kinds of file, in OpenCV and NumPy.

Gray and color PNG of 8 bits and JPEG take six tenths of the time here that they take in a graph, and
threads can share the work. Decoders are libpng and libjpeg-turbo there and here, with the same transform;
Pillow scales by the same triangle filter; so both paths agree within 1e-4, of a range from -1 to 1, which
the tests check for every kind of file that is taken here. For whatever else, and for anything that looks
broken, `prepare_line` says None: the graph decides what becomes of it. TensorFlow-free.

NumPy's products of matrices would scale as fast on one thread, but they wake the threads of all cores,
which then spin for longer than the work takes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional

import cv2
import numpy as np
from PIL import Image

from ocr_tf.data.geometry import Geometry
from ocr_tf.types import Array

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # JPEG's frame headers: baseline, extended, progressive


def prepare_line(encoded: bytes, geometry: Geometry) -> Optional[Array]:
    """Brings an encoded image to [height, W] float32, -1 = black, 1 = white; None if it is for the graph."""
    header = _png_header(encoded) or _jpeg_header(encoded)
    if header is None:
        return None
    height, width, color = header
    scaled = int(geometry.scaled_widths(np.array([height]), np.array([width]))[0])
    if not scaled or min(height, width) < 2:
        return None
    flags = cv2.IMREAD_COLOR if color else cv2.IMREAD_GRAYSCALE
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.shape[:2] != (height, width):
        return None
    gray: Array = pixels.astype(np.float32)
    if color:
        gray = cv2.cvtColor(gray, cv2.COLOR_BGR2GRAY)  # not rounded: Rec. 601
    if geometry.rotate:
        gray = np.ascontiguousarray(np.rot90(gray, -geometry.rotate // 90))
    size = (scaled, geometry.height)
    line = np.array(Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR))
    line *= np.float32(1 / 127.5)
    line -= np.float32(1)
    return np.clip(line, -1.0, 1.0, out=line)


class _Header(NamedTuple):
    height: int
    width: int
    color: bool


def _png_header(encoded: bytes) -> Optional[_Header]:
    """Reads the header of a PNG of 8 bits in gray or color, without transparency."""
    if not encoded.startswith(_PNG) or len(encoded) < 33:
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", encoded[16:29])
    if depth != 8 or color not in (0, 2) or interlaced:
        return None
    before = encoded[: encoded.find(b"IDAT")]
    if b"tRNS" in before or b"acTL" in before or not encoded.endswith(b"IEND\xaeB`\x82"):
        return None
    return _Header(height, width, color == 2)


def _jpeg_header(encoded: bytes) -> Optional[_Header]:
    """Reads the header of a JPEG of 8 bits in gray or YCbCr that has its end."""
    if not encoded.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in encoded[-64:]:
        return None
    at = 2
    while at + 9 < len(encoded) and encoded[at] == 0xFF:
        marker, length = encoded[at + 1], int.from_bytes(encoded[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            depth, height, width, components = struct.unpack(">BHHB", encoded[at + 4 : at + 10])
            plain = depth == 8 and components in (1, 3) and height and width
            return _Header(height, width, components == 3) if plain else None
        if marker == 0xEE:  # Adobe's: the components may be RGB or CMYK
            return None
        at += 2 + length
    return None
