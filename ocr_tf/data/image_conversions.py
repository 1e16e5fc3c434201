"""Images of many formats as PNG, upright: one function for each format, for `ocr_tf.data.image_file`.

A function takes the content of a file and the most pixels it may have, and gives PNG and the number of its
pages. It raises InputError, without a place, for what it knows that it cannot read; anything else that it
raises means a broken file. What it makes of transparency is left to the graph, which composites once; only
what is stored as composited already, over black, is brought over white here.

Pillow reads all but 16 bits of a color, of which it keeps 8; those are OpenCV's, which for its part takes
TIFF of 8 bits that is damaged. TensorFlow-free.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, Callable

import numpy as np

from ocr_tf.data.geometry import excess
from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.types import Array

MAX_PAGES = 1000  # counted: to walk a file's pages takes time

Conversion = Callable[[bytes, int], tuple[bytes, int]]

_ORIENTATION = 0x0112  # the tag of EXIF and TIFF
_TURNS = (  # names of PIL.Image.Transpose, by orientation from 2 on
    "FLIP_LEFT_RIGHT",
    "ROTATE_180",
    "FLIP_TOP_BOTTOM",
    "TRANSPOSE",
    "ROTATE_270",
    "TRANSVERSE",
    "ROTATE_90",
)

_RUN_LENGTHS = (1, 2)  # values of a BMP's compression field

# TIFF's tags, and some of their values
_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _PLANES, _EXTRA, _FORMAT = 256, 257, 258, 262, 284, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSPECIFIED, _PREMULTIPLIED, _ALPHA = 0, 1, 2  # what a channel beyond the colors is
_BLUE_FIRST = [2, 1, 0, 3]  # of red, green, blue, alpha: OpenCV's order
_NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}


def refused(kind: str) -> InputError:
    """The error for a kind of image that is known, but not read."""
    return InputError(f"{kind}: convert it to PNG")


# PNG and JPEG: untouched, unless they are to be turned


def upright_png(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Turns a PNG as its eXIf chunk says; see `_upright`."""
    return _upright(encoded, "PNG", b"eXIf", max_pixels)


def upright_jpeg(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Turns a JPEG as its EXIF segment says; see `_upright`."""
    return _upright(encoded, "JPEG", b"Exif\0\0", max_pixels)


def _upright(encoded: bytes, kind: str, mark: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Gives the bytes themselves where the image is upright, or broken: that is the graph's to tell."""
    if mark not in encoded:
        return encoded, 1
    try:
        with _opened(encoded, kind, max_pixels) as image:
            if kind == "PNG" and "exif" not in image.info:
                image.load()  # The chunk may stand behind the pixels.
            turn = _turn(image)
            if turn is None:
                return encoded, 1
            if kind == "PNG" and encoded[24] == 16:
                return _write(_turned(_read_deep(encoded), _orientation(image))), 1
            return _png(image.transpose(turn)), 1
    except InputError:
        raise
    except Exception:  # Pillow raises nearly anything for a broken file.
        return encoded, 1


def _orientation(image: Any) -> int:
    """Reads EXIF's orientation, 1 to 8, of an image opened by Pillow; 1, upright, where there is none."""
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif") or b"")
        value: Any = exif.get(_ORIENTATION)
    except Exception:
        return 1
    return int(value) if value in range(2, 2 + len(_TURNS)) else 1


def _turn(image: Any) -> Any:
    """Finds what makes an image upright, for its method `transpose`; None if it is."""
    from PIL import Image

    orientation = _orientation(image)
    return getattr(Image.Transpose, _TURNS[orientation - 2]) if orientation > 1 else None


def _turned(pixels: Array, orientation: int) -> Array:
    """Makes an array [H, W, ...] upright."""
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels


# GIF, BMP, WebP, PNM, JPEG 2000


def convert_gif(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts the first frame."""
    first, pages = _split_gif(encoded)
    with _opened(first, "GIF", max_pixels) as image:
        return _png(image), pages


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


def convert_bmp(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts 1, 4, 8, 16, 24 or 32 bits a pixel; the fourth byte of 32 is ignored."""
    (header,) = struct.unpack_from("<I", encoded, 14)
    (bits,) = struct.unpack_from("<H", encoded, 28 if header >= 40 else 24)
    if bits == 2:
        raise refused("BMP of 2 bits a pixel")
    if header >= 40 and struct.unpack_from("<I", encoded, 30)[0] in _RUN_LENGTHS:
        raise refused("run-length encoded BMP")  # Pillow misreads jumps.
    with _opened(encoded, "BMP", max_pixels) as image:
        return _png(image.convert("RGB") if image.mode == "RGBA" else image), 1


def convert_webp(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts the first frame, and turns it as its EXIF chunk says."""
    with _opened(encoded, "WEBP", max_pixels) as image:
        pages, turn = min(getattr(image, "n_frames", 1), MAX_PAGES), _turn(image)
        return _png(image if turn is None else image.transpose(turn)), pages


def convert_pnm(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts binary PBM, PGM and PPM; 16 bits stay in gray and become 8 in color."""
    with _opened(encoded, "PPM", max_pixels) as image:
        return _png(image), 1


def convert_jpeg2000(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts 8 bits, which stay, and 16 bits, which stay in gray and become 8 in color."""
    # The image's size follows the codestream's start: ISO/IEC 15444-1, A.5.1.
    at = encoded.index(b"\xff\x4f\xff\x51")
    (channels,) = struct.unpack_from(">H", encoded, at + 40)
    for depth in encoded[at + 42 : at + 42 + 3 * channels : 3]:
        if depth not in (7, 15):  # bits less one, and the highest bit for signed numbers
            raise refused(f"JPEG 2000 of {depth % 128 + 1} bits{' with sign' * (depth > 127)}")
    with _opened(encoded, "JPEG2000", max_pixels) as image:
        return _png(image), 1


# TIFF


def convert_tiff(encoded: bytes, max_pixels: int) -> tuple[bytes, int]:
    """Converts the first page, turned as its tag says; 16 bits stay."""
    if encoded[:4] == b"MM\0+":
        raise refused("big-endian BigTIFF")  # Pillow takes it for another kind.
    directories = _directories(encoded)
    tags, pages = next(directories), 1
    try:
        for _ in directories:
            pages += 1
    except Exception:  # a later page is broken
        pass
    _refuse_excess(tags[_HEIGHT], tags[_WIDTH], max_pixels)
    if _is_deep(tags):
        return _deep_tiff(encoded, tags), pages
    from PIL import UnidentifiedImageError

    try:
        with _opened(encoded, "TIFF", max_pixels) as image:
            if image.mode == "LAB":
                raise refused("TIFF of L*a*b* colors")
            image.load()  # Pillow turns it then, by itself.
            pixels = np.asarray(_plain(image))
    except UnidentifiedImageError:
        raise refused(f"{_described(tags)}, of kind {tags[_PHOTOMETRIC]}") from None
    return _write(
        pixels if pixels.ndim == 2 else pixels[..., _BLUE_FIRST[: pixels.shape[2]]]
    ), pages


def _is_deep(tags: Any) -> bool:
    """Tells whether the pixels are 16 bits in gray or RGB.

    Raises:
        InputError: they are of a kind that would be read wrongly.
    """
    bits = tags.get(_BITS, (1,))
    for number in tags.get(_FORMAT, ()):
        if number in _NUMBERS:
            raise refused(f"TIFF of {_NUMBERS[number]} numbers")
    if any(depth not in (1, 2, 4, 8, 16) for depth in bits):
        raise refused(_described(tags))
    if bits[0] != 16:
        return False
    if len(bits) > 1 and tags.get(_PLANES, 1) != 1:
        raise refused(_described(tags))
    if tags[_PHOTOMETRIC] not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return False
    if len(bits) not in (1, 3, 4):
        raise refused(_described(tags))
    return True


def _described(tags: Any) -> str:
    bits = tags.get(_BITS, (1,))
    planes = " in planes" if len(bits) > 1 and tags.get(_PLANES, 1) != 1 else ""
    channels = f"{len(bits)} channels of " if len(bits) > 1 else ""
    return f"TIFF of {channels}{bits[0]} bits{planes}"


def _directories(encoded: bytes) -> Iterator[Any]:
    """Yields the tags of each page, by number."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    file = io.BytesIO(encoded)
    following = ImageFileDirectory_v2(encoded[: 16 if encoded[2] == 43 else 8]).next
    seen: set[int] = set()
    while following and following not in seen and len(seen) < MAX_PAGES:
        seen.add(following)
        file.seek(following)
        directory = ImageFileDirectory_v2(encoded[: 16 if encoded[2] == 43 else 8])
        directory.load(file)
        if _WIDTH not in directory:
            return
        following = directory.next
        yield directory


def _deep_tiff(encoded: bytes, tags: Any) -> bytes:
    pixels = _read_deep(encoded)  # which turns it
    if pixels.ndim == 2:
        return _write(65535 - pixels if tags[_PHOTOMETRIC] == _WHITE_IS_ZERO else pixels)
    extra = tags.get(_EXTRA, (_ALPHA,))[0]
    if pixels.shape[2] == 4 and extra == _UNSPECIFIED:
        pixels = pixels[..., :3]
    elif pixels.shape[2] == 4 and extra == _PREMULTIPLIED:
        clear = 65535 - pixels[..., 3:]
        pixels = np.minimum(pixels[..., :3], 65535 - clear) + clear
    return _write(pixels)


# What they share


def _opened(encoded: bytes, kind: str, max_pixels: int) -> Any:
    """Opens the image by Pillow, which has read no more than its header."""
    from PIL import Image

    image = Image.open(io.BytesIO(encoded), formats=(kind,))
    columns, rows = image.size
    _refuse_excess(rows, columns, max_pixels)
    return image


def _refuse_excess(rows: int, columns: int, max_pixels: int) -> None:
    reason = excess(rows, columns, max_pixels)
    if reason:
        raise InputError(reason)


def _plain(image: Any) -> Any:
    """Brings an image of any of Pillow's modes to L, RGB or RGBA, or to an array of 16 bits."""
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        return image.convert("RGBA")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _png(image: Any) -> bytes:
    """Encodes an image of any of Pillow's modes, without its metadata."""
    plain = _plain(image)
    if not isinstance(plain, np.ndarray):
        plain.info = {}  # a color profile, which no one reads
    return encode_png(plain, compress_level=1)


def _read_deep(encoded: bytes) -> Array:
    """Decodes 16 bits by OpenCV: [H, W] gray or [H, W, 3 or 4] blue, green, red, alpha; uint16."""
    import cv2  # Here, because few data sets need it.

    cv2.setLogLevel(0)  # It tells of broken files by itself.
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError("not decoded, or not as 16 bits")
    return pixels


def _write(pixels: Array) -> bytes:
    """Encodes pixels in OpenCV's order as PNG. Pillow's has 16 bits in gray images only."""
    import cv2

    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    encoded: bytes = cv2.imencode(".png", np.ascontiguousarray(pixels), options)[1].tobytes()
    return encoded
