"""Reads an image file, or says why not, and brings it to PNG or JPEG, which is all the graph decodes.

    PNG, JPEG    untouched
    GIF          the first frame; transparent pixels become transparent pixels of the PNG
    BMP          1 to 32 bits a pixel, not run-length encoded; the fourth byte of 32 is ignored
    WebP         the first frame, with its transparency
    TIFF         the first page; 16 bits and transparency stay
    others       untouched: the graph, which knows none of them, refuses them

A file of many pages says so (`ImageFile.pages`). Orientation tags are ignored. TensorFlow-free.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import warnings
from pathlib import Path
from typing import Any, NamedTuple, Union

from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

MAX_BYTES = 100_000_000  # of a file: uncompressed, the largest image that is decoded has 150 to 200
MAX_PIXELS = 50_000_000  # Larger images are refused by their header, before decoding.
MAX_SIDE = 65_535  # of an image, in pixels: JPEG's own bound. It bounds what resizing takes.
MAX_PAGES = 1000  # counted: to walk a file's pages takes time

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RUN_LENGTHS = (1, 2)  # values of a BMP's compression field


class ImageFile(NamedTuple):
    """An image as a reader takes it."""

    encoded: bytes  # PNG or JPEG, if the file was an image at all
    pages: int  # of the file, at most MAX_PAGES; `encoded` is the first


def read_image_file(path: Union[str, Path]) -> bytes:
    """Reads an image file as PNG or JPEG; see `open_image_file`."""
    return open_image_file(path).encoded


def open_image_file(path: Union[str, Path]) -> ImageFile:
    """Reads an image file as PNG or JPEG.

    What is no regular file (a device, a pipe), or longer than MAX_BYTES, is refused unread.

    Raises:
        InputError: it cannot be read or converted; the message lacks the path, which the caller
            knows.
    """
    try:
        _check_regular(os.stat(path))  # follows links
        # Without waiting: what was a file a moment ago may be a pipe by now.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            _check_regular(os.fstat(handle))
            encoded = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # A path may hold a zero byte.
        raise InputError(reason_of(error) or "cannot be read") from None
    if len(encoded) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES // 1_000_000} MB: too long for the image of a line")
    return convert_image(encoded)


def convert_image(encoded: bytes) -> ImageFile:
    """Brings an encoded image to PNG or JPEG.

    Raises:
        InputError: an image of one of the formats above that cannot be read, or has too many pixels;
            the message lacks the place, which the caller knows.
    """
    if encoded[:4] in _TIFF:
        kind, convert = "TIFF", _convert_tiff
    elif encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        kind, convert = "WebP", _convert_webp
    elif encoded[:6] in (b"GIF87a", b"GIF89a"):
        kind, convert = "GIF", _convert_gif
    elif encoded[:2] == b"BM":
        kind, convert = "BMP", _convert_bmp
    else:
        return ImageFile(encoded, 1)
    # Pillow also warns of what is said here in a line. Set for good: a context is not for threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        return convert(encoded)
    except InputError as error:
        raise InputError(str(error)) from None
    except Exception as error:  # Pillow raises nearly anything for a broken file.
        if type(error).__name__ == "DecompressionBombError":
            raise InputError(f"{kind} of more than {_millions()} pixels") from None
        raise InputError(f"truncated, corrupt or unsupported {kind}") from None


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError(os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise InputError("a device, pipe or socket, not a regular file")
    if status.st_size > MAX_BYTES:
        raise InputError(
            f"{status.st_size / 1e6:.0f} MB, more than {MAX_BYTES // 1_000_000}: "
            "too long for the image of a line"
        )


def _millions() -> str:
    return f"{MAX_PIXELS // 1_000_000} million"


def _opened(encoded: bytes, kind: str) -> Any:
    """Opens the image by Pillow, which has read no more than its header."""
    from PIL import Image

    image = Image.open(io.BytesIO(encoded), formats=(kind.upper(),))
    columns, rows = image.size
    if columns * rows > MAX_PIXELS:
        raise InputError(f"{columns}x{rows} pixels: more than {_millions()}")
    return image


def _convert_gif(encoded: bytes) -> ImageFile:
    first, pages = _split_gif(encoded)
    with _opened(first, "GIF") as image:
        clear = "transparency" in image.info
        gray = image.mode == "L" and not clear
        mode = "RGBA" if clear else "L" if gray else "RGB"
        return ImageFile(encode_png(image.convert(mode), compress_level=1), pages)


def _split_gif(encoded: bytes) -> tuple[bytes, int]:
    """Gives the GIF with its first frame alone and without comments, and the number of its frames.

    Pillow takes time that grows with the square of a comment's blocks, and a GIF's blocks may be of
    one byte. Blocks as in the GIF89a specification: sub-blocks begin with their size, and one of size
    0 ends them.

    Raises:
        IndexError: the first frame is cut short.
    """

    def colors(flags: int) -> int:
        return 3 * (2 << flags % 8) if flags >= 128 else 0

    def behind(place: int) -> int:
        """Returns the place behind the sub-blocks that begin at `place`."""
        while encoded[place]:
            place += 1 + encoded[place]
        return place + 1

    place = 13 + colors(encoded[10])
    parts, frames = [encoded[:place]], 0
    try:
        while frames < MAX_PAGES and encoded[place] in (0x21, 0x2C):
            begin = place
            if encoded[begin] == 0x21:
                place = behind(begin + 2)
                if encoded[begin + 1] == 0xF9 and not frames:  # says what is transparent
                    parts.append(encoded[begin:place])
            else:
                place = behind(begin + 10 + colors(encoded[begin + 9]) + 1)
                if not frames:
                    parts.append(encoded[begin:place])
                frames += 1
    except IndexError:
        if not frames:
            raise
    return b"".join(parts) + b";", max(1, frames)


def _convert_bmp(encoded: bytes) -> ImageFile:
    header, compression = struct.unpack_from("<I12xI", encoded, 14)
    if header >= 40 and compression in _RUN_LENGTHS:
        raise InputError("run-length encoded BMP; save it as PNG")
    with _opened(encoded, "BMP") as image:
        mode = "L" if image.mode in ("1", "L") else "RGB"
        return ImageFile(encode_png(image.convert(mode), compress_level=1), 1)


def _convert_webp(encoded: bytes) -> ImageFile:
    with _opened(encoded, "WEBP") as image:
        pages = min(getattr(image, "n_frames", 1), MAX_PAGES)
        return ImageFile(encode_png(image, compress_level=1), pages)


def _convert_tiff(encoded: bytes) -> ImageFile:
    """Converts by OpenCV, which keeps the 16 bits of each color."""
    import cv2  # Here, because few data sets need it.
    import numpy as np

    cv2.setLogLevel(0)  # It tells of broken files by itself.
    with _opened(encoded, "TIFF") as image:
        pages = 1
        try:
            while pages < MAX_PAGES:
                image.seek(pages)
                pages += 1
        except Exception:  # the end, or a later page that is broken
            pass
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise InputError("truncated, corrupt or unsupported TIFF")
    # OpenCV writes it, too: Pillow's PNG has 16 bits in gray images only.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return ImageFile(cv2.imencode(".png", pixels, options)[1].tobytes(), pages)
