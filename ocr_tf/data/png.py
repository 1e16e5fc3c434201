"""Writes PNG files: the one place that says how; TensorFlow-free."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Optional, Union

from ocr_tf.types import Array


def encode_png(
    pixels: Union[Array, Any],
    *,
    compress_level: int = 6,
    optimize: bool = False,
    metadata: Optional[Mapping[str, str]] = None,
) -> bytes:
    """Encodes an image as PNG.

    Args:
        pixels: [H, W] or [H, W, 3 or 4] uint8, [H, W] uint16, or a Pillow image.
        compress_level: of zlib, 0 to 9; 1 is several times as fast as 6 and some percent larger.
        optimize: tries harder, whatever the level.
        metadata: text chunks, name to content.
    """
    from PIL import Image, PngImagePlugin

    chunks = PngImagePlugin.PngInfo()
    for name, content in (metadata or {}).items():
        chunks.add_text(name, content)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=compress_level, optimize=optimize, pnginfo=chunks)
    return file.getvalue()
