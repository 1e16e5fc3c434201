"""Images of whole pages, and lines cut out of them; TensorFlow-free.

A page is PNG, JPEG, TIFF, WebP, BMP, GIF or JPEG 2000; what of it becomes gray, and how, is as for images
of lines: alpha over white, 16 bits to 8, Rec. 601. It is turned as its EXIF orientation says.
"""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np

from ocr_tf.data.source import file_stamp
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of
from ocr_tf.types import Array

MAX_PIXELS = 150_000_000  # of a page: A2 at 600 dots an inch
MAX_BYTES = 1_000_000_000  # of its file
KEPT_BYTES = (
    200_000_000  # of decoded pages: one is decoded once for its lines, which follow each other
)
TOLERANCE = 3  # pixels by which a line may leave its page: rounding
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000")


class Pages:
    """The pages that were read last, for any number of threads."""

    def __init__(self, limit: int = KEPT_BYTES):
        """`limit` is the number of bytes that are kept; the page that was read last always is."""
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Forgets all pages, also in the child of a process whose other threads were reading."""
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    def read(self, path: Path) -> Array:
        """Returns a page, [H, W] uint8, not to be written to.

        Raises:
            InputError: it cannot be read; the message lacks the path.
        """
        stamp = file_stamp(path)
        if stamp is None:
            raise InputError("No such file or directory")
        with self._lock:
            page = self._pages.setdefault(stamp, _Page())
            self._pages.move_to_end(stamp)
        pixels = page.read(path)
        with self._lock:
            size = sum(other.size for other in self._pages.values())
            for old in list(self._pages)[:-1]:
                if size <= self._limit:
                    break
                size -= self._pages.pop(old).size
        return pixels


class _Page:
    """A page, decoded by the first who asks while others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pixels: Optional[Array] = None
        self._trouble = ""

    @property
    def size(self) -> int:
        return 0 if self._pixels is None else self._pixels.nbytes

    def read(self, path: Path) -> Array:
        with self._lock:
            if self._pixels is None and not self._trouble:
                try:
                    self._pixels = read_page(path)
                except InputError as error:
                    self._trouble = str(error)
            if self._pixels is None:
                raise InputError(self._trouble)
            return self._pixels


PAGES = Pages()
os.register_at_fork(after_in_child=PAGES.clear)


def read_page(path: Path) -> Array:
    """Decodes the file of a page, [H, W] uint8.

    Raises:
        InputError: it cannot be read; the message lacks the path.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("no regular file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"more than {MAX_BYTES // 1_000_000} MB: too long for a page")
        # By its path, Pillow would map an uncompressed TIFF and turn it wrongly.
        with open(path, "rb") as file:
            return decode_gray(file)
    except (OSError, ValueError) as error:
        raise InputError(reason_of(error) or "cannot be read") from None


def decode_gray(file: BinaryIO) -> Array:
    """Decodes an image, [H, W] uint8.

    Raises:
        InputError: it cannot be decoded.
    """
    from PIL import Image

    # Set for good: a context is not for threads. Sizes are checked here.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        with Image.open(file, formats=FORMATS) as image:
            columns, rows = image.size
            if columns * rows > MAX_PIXELS:
                raise InputError(f"{columns}x{rows} pixels: too many for a page")
            return _gray(image)
    except InputError:
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken file.
        if type(error).__name__ == "UnidentifiedImageError":
            raise InputError("not an image in a format that is read") from None
        if type(error).__name__ == "DecompressionBombError":
            raise InputError("too many pixels for a page") from None
        if isinstance(error, OSError) and error.errno:
            raise InputError(reason_of(error)) from None
        raise InputError("truncated, corrupt or unsupported image") from None


def _gray(image: Any) -> Array:
    from PIL import Image, ImageOps

    image.draft("L", None)  # A JPEG's gray is stored by itself.
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.float32)
        return np.rint(deep * (255 / 65535)).astype(np.uint8)
    if image.mode == "F":
        raise InputError("pixels of floating point; save it with 8 or 16 bits")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L"))


def cut(page: Array, polygon: Array) -> Array:
    """Cuts a line out of its page.

    The cut is the polygon's bounding box; outside of the polygon it has the median gray of the pixels on
    the polygon's edge, which mostly are paper.

    Args:
        page: [H, W] uint8.
        polygon: [N, 2], x and y in pixels.

    Returns:
        [h, w] uint8.

    Raises:
        InputError: the polygon leaves the page, or has no area.
    """
    import cv2

    rows, columns = page.shape
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    if min(left, top) < -TOLERANCE or right > columns + TOLERANCE or bottom > rows + TOLERANCE:
        raise InputError(
            f"the line, x {left:.0f} to {right:.0f} and y {top:.0f} to {bottom:.0f}, "
            f"leaves its page of {columns}x{rows} pixels"
        )
    points = np.clip(np.rint(polygon).astype(np.int32), 0, [columns - 1, rows - 1])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    if left == right or top == bottom:
        raise InputError("the line has no area")
    box = np.ascontiguousarray(page[top : bottom + 1, left : right + 1])
    outline = [(points - [left, top]).astype(np.int32)]
    inside = np.zeros(box.shape, np.uint8)
    cv2.fillPoly(inside, outline, (1,))
    if inside.all():
        return box
    edge = np.zeros(box.shape, np.uint8)
    cv2.polylines(edge, outline, True, (1,))
    return np.where(inside, box, np.uint8(np.median(box[edge > 0])))
