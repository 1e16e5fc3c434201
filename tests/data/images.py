"""Encoded images for the tests of this folder, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, Optional

import numpy as np
from PIL import Image


def encode(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    """Pixels (array or PIL image) in a file format of Pillow's."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(height: int, width: int, *channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, *channels), np.uint8)


def line(height: int = 30, width: int = 90, seed: int = 0) -> bytes:
    """A gray PNG."""
    return encode(noise(height, width, seed=seed))


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )


def png_of_zeros(width: int, height: int) -> bytes:
    """A whole PNG in one gray, black: a small file of many pixels."""
    packer = zlib.compressobj()
    row = bytes(1 + width)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + png_chunk(b"IDAT", packed)
        + png_chunk(b"IEND", b"")
    )


def tiff(
    pixels: np.ndarray,
    photometric: int,
    *,
    extra: Optional[int] = None,
    numbers: int = 1,
    order: str = "<",
    orientation: int = 1,
    bits: int = 0,
) -> bytes:
    """An uncompressed TIFF of one strip, written by its specification.

    Args:
        pixels: [H, W] or [H, W, C].
        photometric: 0 white is zero, 1 black is zero, 2 RGB.
        extra: what the last channel is: 0 nothing, 1 premultiplied alpha, 2 alpha.
        numbers: 1 unsigned, 2 signed, 3 floating point.
        order: of bytes, < or >.
        orientation: 1 to 8.
        bits: fewer than 8, of which each byte of `pixels` holds several.
    """
    rows, columns = pixels.shape[:2]
    columns = columns * 8 // bits if bits else columns
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    body = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    body += bytes(len(body) % 2)
    short, long = "H", "I"
    tags = [
        (256, long, [columns]),
        (257, long, [rows]),
        (258, short, [bits or 8 * pixels.dtype.itemsize] * channels),
        (259, short, [1]),
        (262, short, [photometric]),
        (273, long, [8]),
        (274, short, [orientation]),
        (277, short, [channels]),
        (278, long, [rows]),
        (279, long, [len(body)]),
        *([] if extra is None else [(338, short, [extra])]),
        (339, short, [numbers] * channels),
    ]
    entries = b""
    for tag, kind, values in tags:
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(data) > 4:
            place = 8 + len(body)
            body += data + bytes(len(data) % 2)
            data = struct.pack(f"{order}I", place)
        head = struct.pack(f"{order}HHI", tag, 3 if kind == short else 4, len(values))
        entries += head + data.ljust(4, b"\0")
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8 + len(body))
    return start + body + struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
