"""The image path of `ocr_tf.data.image` for the common kinds of file, in OpenCV and NumPy.

Gray and color PNG of 8 bits and JPEG take half of the time here that they take in a graph (0.21 against
0.46 ms for a photograph of a word), and threads can share the work. Decoders are libpng and libjpeg-turbo
there and here, with the same transform; scaling is the same triangle filter; so both paths agree within
1e-4, of a range from -1 to 1, which the tests check for every kind of file that is taken here. For whatever
else, and for anything that looks broken, `prepare_line` says None: the graph decides what becomes of it.
TensorFlow-free.
"""

from __future__ import annotations

import functools
import struct
from typing import Optional

import cv2
import numpy as np
from PIL import Image

from ocr_tf.data.geometry import Geometry
from ocr_tf.types import Array

DENSE = 200_000  # weights of a matrix that scales a side at once; above, most of them would be zero

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # JPEG's frame headers: baseline, extended, progressive


def prepare_line(encoded: bytes, geometry: Geometry) -> Optional[Array]:
    """Brings an encoded image to [height, W] float32, -1 = black, 1 = white; None if it is for the graph."""
    size = _png_size(encoded) or _jpeg_size(encoded)
    if size is None:
        return None
    width = int(geometry.scaled_widths(np.array([size[0]]), np.array([size[1]]))[0])
    if not width or min(size) < 2:
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    if pixels is None or pixels.shape[:2] != size:
        return None
    gray = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_BGR2GRAY)  # not rounded: Rec. 601
    if geometry.rotate:
        gray = np.ascontiguousarray(np.rot90(gray, -geometry.rotate // 90))
    line = _scaled(gray, geometry.height, width)
    line *= np.float32(1 / 127.5)
    line -= np.float32(1)
    return np.clip(line, -1.0, 1.0, out=line)


def _png_size(encoded: bytes) -> Optional[tuple[int, int]]:
    """Reads height and width of a PNG of 8 bits in gray or color, without transparency."""
    if not encoded.startswith(_PNG) or len(encoded) < 33:
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", encoded[16:29])
    if depth != 8 or color not in (0, 2) or interlaced:
        return None
    before = encoded[: encoded.find(b"IDAT")]
    if b"tRNS" in before or b"acTL" in before or not encoded.endswith(b"IEND\xaeB`\x82"):
        return None
    return height, width


def _jpeg_size(encoded: bytes) -> Optional[tuple[int, int]]:
    """Reads height and width of a JPEG of 8 bits in gray or YCbCr that has its end."""
    if not encoded.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in encoded[-64:]:
        return None
    at = 2
    while at + 9 < len(encoded) and encoded[at] == 0xFF:
        marker, length = encoded[at + 1], int.from_bytes(encoded[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            depth, height, width, components = struct.unpack(">BHHB", encoded[at + 4 : at + 10])
            plain = depth == 8 and components in (1, 3) and height and width
            return (height, width) if plain else None
        if marker == 0xEE:  # Adobe's: the components may be RGB or CMYK
            return None
        at += 2 + length
    return None


def _scaled(gray: Array, height: int, width: int) -> Array:
    """Scales [H0, W0] float32 to [height, width]: bilinear with antialiasing, rows first."""
    rows = _weights(gray.shape[0], height) @ gray
    if gray.shape[1] * width <= DENSE:
        return rows @ _weights(gray.shape[1], width).T
    scaled = Image.fromarray(rows).resize((width, height), Image.Resampling.BILINEAR)
    return np.array(scaled, np.float32)


@functools.lru_cache(maxsize=1024)
def _weights(size: int, scaled: int) -> Array:
    """Returns the share that each of `size` pixels has in each of `scaled` ones, [scaled, size] float32."""
    factor = size / scaled
    centers = (np.arange(scaled)[:, None] + 0.5) * factor
    distances = np.abs(np.arange(size)[None, :] + 0.5 - centers)
    weights = np.maximum(0.0, 1.0 - distances / max(factor, 1.0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
