"""An image as gray levels, a key of its pixels, and hashes that change little when the image does.

A copy that was stored in another lossless format has the same key. One that was compressed again, scaled
or made brighter has hashes that differ in few bits. TensorFlow-free.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.types import Array

KEY = 16  # bytes of an image's key
COLUMNS, ROWS = 16, 4  # of the differences that a hash holds, a bit each
STRONG = 0.5  # standard deviations: a difference beyond is a bit. Even ground, which noise tilts, is none.
FLAT = 2  # gray levels: an image of no more contrast shows nothing
COMPARED = (48, 512)  # height and width at most, at which two images are compared


class Signature(NamedTuple):
    """Keys of an image by which copies of it are found."""

    height: int  # pixels as stored
    width: int
    key: bytes  # equal for equal pixels, and for no others
    right: int  # 64 bits: where it is brighter to the right
    down: int  # 64 bits: where it is brighter further down
    flat: bool  # one gray level, or nearly


def gray(encoded: bytes) -> Optional[Array]:
    """Decodes a PNG or JPEG as `ocr_tf.data.image` describes it: [H, W] uint8; None for what OpenCV cannot.

    Transparency is composited over white, 16 bits become 8, orientation is ignored. OpenCV's decoders
    are several times as fast as a graph for one image; images are only compared with others from here.
    """
    if not encoded:
        return None
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    if b"tRNS" in encoded[: encoded.find(b"IDAT")] and pixels.shape[2:] != (4,):
        return None  # one gray level or color stands for transparency, which OpenCV leaves out
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels * np.float32(255 / 65535)).astype(np.uint8)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels)
    levels = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_BGR2GRAY)
    if pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        cover = pixels[..., 3].astype(np.float32) / 255
        levels = np.rint(levels * cover + 255 * (1 - cover)).astype(np.uint8)
    return levels


def signature(image: Array) -> Signature:
    """Describes an image, [H, W] uint8."""
    height, width = image.shape
    key = hashlib.blake2b(f"{height} {width} ".encode(), digest_size=KEY)
    key.update(np.ascontiguousarray(image).data)
    right = np.diff(_reduced(image, COLUMNS + 1, ROWS), axis=1)
    down = np.diff(_reduced(image, COLUMNS, ROWS + 1), axis=0)
    flat = int(image.max()) - int(image.min()) <= FLAT
    return Signature(height, width, key.digest(), _bits(right), _bits(down), flat)


def likeness(first: Array, second: Array) -> float:
    """Correlates two images, [H, W] uint8, at a size that neither exceeds: -1 to 1."""
    sizes = zip(first.shape, second.shape, COMPARED)
    height, width = (max(2, min(size)) for size in sizes)
    one, other = (
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
        for image in (first, second)
    )
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / spread if spread else 0.0


def _reduced(image: Array, columns: int, rows: int) -> Array:
    enough = image.shape[0] >= rows and image.shape[1] >= columns
    how = cv2.INTER_AREA if enough else cv2.INTER_LINEAR
    return cv2.resize(image, (columns, rows), interpolation=how).astype(np.float32)


def _bits(differences: Array) -> int:
    strong = differences > STRONG * differences.std()
    return int(np.packbits(strong.ravel()).view(">u8")[0])
