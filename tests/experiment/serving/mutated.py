"""Image files as they come from broken disks, careless converters and people who try to break readers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Callable

import numpy as np
from PIL import Image

from tests.experiment import untrained

SIZES = [(1, 1), (1, 5000), (5000, 1), (2, 2), (2, 5000), (5000, 2), (300, 40)]
SUFFIXES = (".png", ".jpg", ".gif", ".bmp", ".tif", ".webp", ".jpeg", ".PNG", ".tiff")


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _animated(kind: str) -> Callable[[Image.Image], bytes]:
    def save(image: Image.Image) -> bytes:
        frames = [image.point(lambda v, k=k: v // k) for k in (2, 3, 4)]
        return _save(image, kind, save_all=True, append_images=frames)

    return save


def _as(kind: str, mode: str, **options: object) -> Callable[[Image.Image], bytes]:
    return lambda image: _save(image.convert(mode), kind, **options)


def _sixteen(kind: str) -> Callable[[Image.Image], bytes]:
    def save(image: Image.Image) -> bytes:
        return _save(Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), kind)

    return save


# What a line is saved as: every saver with every kind of pixel that it knows.
SAVERS: dict[str, Callable[[Image.Image], bytes]] = {
    "png": _as("PNG", "L"),
    "png color": _as("PNG", "RGB"),
    "png palette": _as("PNG", "P"),
    "png alpha": _as("PNG", "RGBA"),
    "png bits": _as("PNG", "1"),
    "png 16 bits": _sixteen("PNG"),
    "png animated": _animated("PNG"),
    "jpeg": _as("JPEG", "L"),
    "jpeg color": _as("JPEG", "RGB", quality=60),
    "jpeg progressive": _as("JPEG", "RGB", progressive=True),
    "jpeg cmyk": _as("JPEG", "CMYK"),
    "gif": _as("GIF", "L"),
    "gif palette": _as("GIF", "P"),
    "gif animated": _animated("GIF"),
    "bmp": _as("BMP", "L"),
    "bmp color": _as("BMP", "RGB"),
    "bmp bits": _as("BMP", "1"),
    "tiff": _as("TIFF", "L"),
    "tiff packed": _as("TIFF", "RGB", compression="tiff_lzw"),
    "tiff cmyk": _as("TIFF", "CMYK"),
    "tiff 16 bits": _sixteen("TIFF"),
    "webp": _as("WEBP", "RGB"),
    "webp lossless": _as("WEBP", "RGB", lossless=True),
    "webp animated": _animated("WEBP"),
}


def _flip(data: bytearray, draw: np.random.Generator, most: int) -> None:
    for _ in range(draw.integers(1, 20)):
        data[draw.integers(min(most, len(data)))] ^= 1 << draw.integers(8)


def _mutate(encoded: bytes, draw: np.random.Generator) -> bytes:
    data = bytearray(encoded)
    place = int(draw.integers(len(data)))
    how = draw.integers(8)
    if how == 1:
        del data[place:]
    elif how == 2:
        _flip(data, draw, len(data))
    elif how == 3:
        _flip(data, draw, 64)  # the header
    elif how == 4:
        del data[place : place + int(draw.integers(1, 100))]
    elif how == 5:
        data[place : place + 50] = draw.bytes(50)
    elif how == 6:
        data += draw.bytes(100)
    elif how == 7:
        data[place:] = bytes(len(data) - place)
    return bytes(data)  # how 0: as it was


def files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, content): each a function of seed and number alone; most are no good."""
    lines = [Image.open(io.BytesIO(encoded)) for encoded in untrained.images()]
    savers = list(SAVERS.values())
    for number in range(count):
        draw = np.random.default_rng([seed, number])
        image = lines[draw.integers(len(lines))]
        if draw.random() < 0.15:
            width, height = SIZES[draw.integers(len(SIZES))]
            image = image.resize((width, height))
        encoded = savers[draw.integers(len(savers))](image)
        suffix = SUFFIXES[draw.integers(len(SUFFIXES))]  # mostly the wrong one
        yield f"{number:04d}{suffix}", _mutate(encoded, draw)
