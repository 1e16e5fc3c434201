"""Pictures inside a page: many small ones within a given size."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np
from PIL import Image

from ocr_tf.study.report.html import Picture
from ocr_tf.types import Array


class Setting(NamedTuple):
    """How large and how well a picture is kept."""

    height: int  # pixels at most
    width: int
    quality: int  # of WebP, 0 to 100


# From the best on; the last is for thousands of pictures of noise.
THUMBNAILS = (
    Setting(40, 600, 55),
    Setting(32, 480, 45),
    Setting(26, 360, 35),
    Setting(20, 240, 25),
    Setting(12, 120, 10),
)
LINES = (Setting(96, 1100, 80), Setting(64, 900, 70), Setting(48, 600, 50))
ALIGNMENTS = (Setting(1400, 1200, 82), Setting(1000, 900, 70), Setting(700, 640, 55))


def within(
    budget: int, images: Sequence[Optional[Array]], settings: Iterable[Setting]
) -> list[Optional[Picture]]:
    """Embeds images by the first of the settings that keeps them within a size.

    What does not fit by the last one either has no picture.

    Args:
        budget: characters of the page.
        images: [H, W] or [H, W, 3] uint8; None where there is none.
        settings: the best first.
    """
    pictures: list[Optional[Picture]] = []
    for setting in settings:
        pictures = [None if image is None else embedded(image, setting) for image in images]
        if _size(pictures) <= budget:
            return pictures
    left = budget
    for i, picture in enumerate(pictures):
        left -= _size([picture])
        if left < 0:
            pictures[i] = None
    return pictures


def smaller(image: Array, setting: Setting) -> Array:
    """An image that is no larger than a setting allows."""
    height, width = image.shape[:2]
    scale = min(1.0, setting.height / height, setting.width / width)
    if scale == 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def embedded(image: Array, setting: Setting) -> Picture:
    """An image as WebP, made smaller if need be."""
    image = smaller(image, setting)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(
        out, "WEBP", quality=setting.quality, method=4
    )
    data = base64.b64encode(out.getvalue()).decode()
    return Picture(f"data:image/webp;base64,{data}", image.shape[1], image.shape[0])


def _size(pictures: Iterable[Optional[Picture]]) -> int:
    return sum(len(picture.uri) for picture in pictures if picture)
