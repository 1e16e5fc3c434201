"""Reads an image file, or says why not, and brings it to PNG or JPEG, which is all the graph decodes.

    PNG, JPEG      untouched, unless EXIF says that they are to be turned: then PNG
    GIF            the first frame; transparent pixels become transparent pixels of the PNG
    BMP            1, 4, 8, 16, 24 or 32 bits a pixel; the fourth byte of 32 is ignored
    WebP           the first frame, with its transparency
    TIFF           the first page, BigTIFF too; 1 to 8 bits, or 16; no L*a*b*
    PBM, PGM, PPM  the first image, of 8 or 16 bits; plain ones (P1 to P3) are refused
    JPEG 2000      8 or 16 bits
    known others   refused by their name
    all else       untouched: the graph, which knows none of it, refuses it

16 bits stay in gray, and in RGB of TIFF; otherwise they become 8. Images are turned as
the orientation in their EXIF data says (PNG, JPEG, WebP) or their tag (TIFF). A file of many pages says so
(`ImageFile.pages`). TensorFlow-free.
"""

from __future__ import annotations

import errno
import os
import stat
import warnings
from pathlib import Path
from typing import NamedTuple, Union

from ocr_tf.data import image_conversions as conversions
from ocr_tf.data.geometry import MAX_PIXELS
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

MAX_BYTES = 100_000_000  # of a file: uncompressed, the largest image that is decoded has 150 to 200
MAX_SIDE = 65_535  # of an image, in pixels: JPEG's own bound. It bounds what resizing takes.

ENDINGS = (  # by which files are taken for images, the usual ones first
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k"),
)

_START = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "PNM": tuple(b"P%d%c" % (n, space) for n in (4, 5, 6) for space in b" \t\r\n#"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "plain PNM": tuple(b"P%d%c" % (n, space) for n in (1, 2, 3) for space in b" \t\r\n#"),
    "PAM": (b"P7\n",),
    "floating-point PNM": (b"PF\n", b"Pf\n"),
    "JPEG XL": (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
    "OpenEXR": (b"v/1\x01",),
    "Photoshop": (b"8BPS",),
    "DjVu": (b"AT&TFORM",),
    "PDF": (b"%PDF-",),
}
_BRANDS = {  # of files that hold one image or many, as MP4 holds films
    "HEIC": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    "AVIF": (b"avif", b"avis"),
}
_CONVERSIONS: dict[str, conversions.Conversion] = {
    "PNG": conversions.upright_png,
    "JPEG": conversions.upright_jpeg,
    "TIFF": conversions.convert_tiff,
    "GIF": conversions.convert_gif,
    "BMP": conversions.convert_bmp,
    "WebP": conversions.convert_webp,
    "PNM": conversions.convert_pnm,
    "JPEG 2000": conversions.convert_jpeg2000,
}


class ImageFile(NamedTuple):
    """An image as a reader takes it."""

    encoded: bytes  # PNG or JPEG, if the file was an image at all
    pages: int  # of the file, at most MAX_PAGES; `encoded` is the first


def read_image_file(path: Union[str, Path]) -> bytes:
    """Reads an image file as PNG or JPEG; see `open_image_file`."""
    return open_image_file(path).encoded


def open_image_file(path: Union[str, Path], max_pixels: int = MAX_PIXELS) -> ImageFile:
    """Reads an image file as PNG or JPEG.

    Args:
        path: of the file.
        max_pixels: see `convert_image`.

    Raises:
        InputError: it cannot be read or converted; the message lacks the path, which the caller
            knows.
    """
    return convert_image(read_regular_file(path), max_pixels)


def read_regular_file(path: Union[str, Path]) -> bytes:
    """Reads the file of a line.

    What is no regular file (a device, a pipe), or longer than MAX_BYTES, is refused unread.

    Raises:
        InputError: it cannot be read; the message lacks the path, which the caller knows.
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
        raise InputError(f"more than {MAX_BYTES // 1_000_000} MB: too long for one line")
    return encoded


def convert_image(encoded: bytes, max_pixels: int = MAX_PIXELS) -> ImageFile:
    """Brings an encoded image to PNG or JPEG, upright.

    Args:
        encoded: the content of a file.
        max_pixels: an image that is to be converted or turned and has more is refused by its header; one
            that stays as it is, is the graph's to refuse.

    Raises:
        InputError: an image of one of the formats above that cannot be read, or has too many pixels;
            the message lacks the place, which the caller knows.
    """
    kind = _kind(encoded)
    if not kind:
        return ImageFile(encoded, 1)
    if kind not in _CONVERSIONS:
        raise conversions.refused(kind)
    # Pillow also warns of what is said here in a line. Set for good: a context is not for threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        return ImageFile(*_CONVERSIONS[kind](encoded, max_pixels))
    except InputError as error:
        raise InputError(str(error)) from None
    except Exception as error:  # Pillow raises nearly anything for a broken file.
        if type(error).__name__ == "DecompressionBombError":
            raise InputError(
                f"{kind} of more than {MAX_PIXELS // 1_000_000} million pixels"
            ) from None
        raise InputError(f"truncated, corrupt or unsupported {kind}") from None


def _kind(encoded: bytes) -> str:
    """Names the format by the first bytes; empty where it is not known."""
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WebP"
    if encoded[4:8] == b"ftyp":
        return next((kind for kind, brands in _BRANDS.items() if encoded[8:12] in brands), "")
    return next((kind for kind, starts in _START.items() if encoded.startswith(starts)), "")


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError(os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise InputError("a device, pipe or socket, not a regular file")
    if status.st_size > MAX_BYTES:
        raise InputError(
            f"{status.st_size / 1e6:.0f} MB, more than {MAX_BYTES // 1_000_000}: "
            "too long for one line"
        )
