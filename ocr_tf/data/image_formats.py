"""Headers and decoders of the image formats that the graph reads, in stock TensorFlow operations only.

`ocr_tf.data.image` says what becomes of each kind of image; it is the only caller. All other formats
become PNG before (`ocr_tf.data.image_file`).
"""

from __future__ import annotations

from typing import Callable

import tensorflow as tf

from ocr_tf.data.geometry import MAX_PIXELS
from ocr_tf.data.image_file import MAX_SIDE
from ocr_tf.types import Tensor

MIN_SIDE = 2  # pixels: one row or column shows no symbol

FORMATS = ("PNG", "JPEG")
PNG, JPEG = range(2)

STRIP = 2**20  # pixels that are floats at a time

_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"

# `use(pixels, gray)`: pixels [H, W, C] as they were stored, but for turning; `gray` takes any rows of them to
# [h, W, 1] float32 in 0..255.
Gray = Callable[[Tensor], Tensor]
Use = Callable[[Tensor, Gray], Tensor]


def read_header(encoded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Reads the index into FORMATS (-1: none of them), height and width as int64, from the header alone."""
    head = tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=32), tf.int64)

    def starts(signature: bytes) -> Tensor:
        return tf.reduce_all(head[: len(signature)] == list(signature))

    def big_endian(at: int) -> Tensor:
        return tf.reduce_sum(head[at : at + 4] * [256**i for i in (3, 2, 1, 0)])

    def jpeg_size() -> Tensor:  # Parses markers up to the frame header.
        return tf.io.extract_jpeg_shape(encoded, output_type=tf.int64)[:2]

    jpeg, png = starts(b"\xff\xd8\xff"), starts(_PNG_START)
    size = tf.cond(jpeg, jpeg_size, lambda: tf.zeros([2], tf.int64))
    kind = tf.where(png, PNG, tf.where(jpeg, JPEG, -1))
    return (
        kind,
        tf.where(png, big_endian(20), size[0]),
        tf.where(png, big_endian(16), size[1]),
    )


def is_allowed_size(height: Tensor, width: Tensor, max_pixels: int = MAX_PIXELS) -> Tensor:
    """Tells whether an image of this size is decoded at all.

    Each side is bounded first, so that the product cannot overflow.
    """
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    large = (height >= MIN_SIDE) & (width >= MIN_SIDE)
    sides = large & (height <= MAX_SIDE) & (width <= MAX_SIDE)
    bounded = tf.where(sides, height, 1), tf.where(sides, width, 1)
    return sides & (bounded[0] * bounded[1] <= min(max_pixels, MAX_PIXELS))


def decoded_bytes(encoded: Tensor, max_pixels: int = MAX_PIXELS) -> Tensor:
    """Estimates the bytes of memory that decoding takes, to the order of magnitude: int64.

    It is 0 for an image that is refused.
    """
    kind, height, width = read_header(encoded)
    depth = tf.io.decode_raw(encoded, tf.uint8, fixed_length=32)[24]
    # PNG: four channels. JPEG: three, and as many coefficients of two bytes if it is progressive.
    pixel = tf.where(kind == JPEG, 9, tf.where(depth == 16, 8, 4))
    allowed = (kind >= 0) & is_allowed_size(height, width, max_pixels)
    size = tf.where(allowed, height * width, 0)
    return size * tf.cast(pixel, tf.int64)


def decode(encoded: Tensor, kind: Tensor, use: Use, rotate: int = 0) -> Tensor:
    """Decodes an image, turns it `rotate` degrees clockwise and gives what `use` makes of it; see `Use`."""
    branches = [_decode_png, _decode_jpeg]

    def turned(pixels: Tensor, gray: Gray) -> Tensor:
        return use(_turned(pixels, rotate), gray)

    return tf.switch_case(
        tf.cast(kind, tf.int32),
        [lambda decode=decode: decode(encoded, turned) for decode in branches],
    )


def _turned(pixels: Tensor, rotate: int) -> Tensor:
    """Turns [H, W, C] by 0, 90, 180 or 270 degrees clockwise."""
    if rotate in (90, 270):
        pixels = tf.transpose(pixels, [1, 0, 2])
    axes = {0: [], 90: [1], 180: [0, 1], 270: [0]}[rotate]
    return tf.reverse(pixels, axes) if axes else pixels


def _decode_png(encoded: Tensor, use: Use) -> Tensor:
    depth = tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=32)[24], tf.int32)

    def composited(dtype: tf.DType) -> Tensor:
        # Four channels whatever the file holds: so tRNS chunks become alpha too.
        pixels = tf.io.decode_png(encoded, channels=4, dtype=dtype)
        least, most = tf.reduce_min(pixels[..., 3]), tf.reduce_max(pixels[..., 3])
        # At fewer than 8 bits TensorFlow fills a missing alpha with 2^bits - 1 instead of 255.
        filler = tf.where(depth < 8, tf.bitwise.left_shift(1, tf.minimum(depth, 8)) - 1, dtype.max)
        filler = tf.cast(filler, dtype)
        opaque = (least == dtype.max) | ((least == filler) & (most == filler))

        def gray(rows: Tensor) -> Tensor:
            levels = _gray(rows) * (255.0 / dtype.max)

            def over_white() -> Tensor:
                cover = tf.cast(rows[..., 3:], tf.float32) * (1.0 / dtype.max)
                return levels * cover + 255.0 * (1.0 - cover)

            return tf.cond(opaque, lambda: levels, over_white)

        return use(pixels, gray)

    return tf.cond(tf.equal(depth, 16), lambda: composited(tf.uint16), lambda: composited(tf.uint8))


def _decode_jpeg(encoded: Tensor, use: Use) -> Tensor:
    # The accurate transform is also the one that does not vary with the processor.
    pixels = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return use(pixels, _gray)


def _gray(pixels: Tensor) -> Tensor:
    """Takes [H, W, 3 or 4] of any type to gray [H, W, 1] float32."""
    # A channel at a time: a whole image as floats would be the largest thing in memory by far.
    red, green, blue = (tf.cast(pixels[..., i : i + 1], tf.float32) for i in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def levels(pixels: Tensor, gray: Gray) -> Tensor:
    """Rounds an image, `pixels` [H, W, C], to gray levels [H, W, 1] uint8; STRIP pixels at a time."""
    size = tf.shape(pixels)
    rows = tf.maximum(1, STRIP // size[1])
    count = -(-size[0] // rows)
    strips = tf.TensorArray(tf.uint8, count, infer_shape=False, element_shape=[None, None, 1])

    def one(i: Tensor, strips: Tensor) -> Tensor:
        rounded = tf.round(gray(pixels[i * rows : (i + 1) * rows]))
        return i + 1, strips.write(i, tf.cast(rounded, tf.uint8))

    _, strips = tf.while_loop(
        lambda i, _: i < count, one, [tf.constant(0), strips], parallel_iterations=1
    )
    return strips.concat()


def resize(pixels: Tensor, gray: Gray, height: int, width: Tensor) -> Tensor:
    """Scales an image, `pixels` [H0, W0, C], to [height, width, 1] float32 in 0..255.

    Bilinear with antialiasing. Of a large image only STRIP pixels are floats at a time: strips of rows
    are brought to the new width one by one, and then all of them to the new height.
    """
    size = tf.shape(pixels)

    def scaled(image: Tensor, rows: Tensor) -> Tensor:
        return tf.image.resize(image, tf.stack([rows, width]), "bilinear", antialias=True)

    def by_strips() -> Tensor:
        rows = tf.maximum(1, STRIP // size[1])
        count = -(-size[0] // rows)
        strips = tf.TensorArray(tf.float32, count, infer_shape=False, element_shape=[None, None, 1])

        def one(i: Tensor, strips: Tensor) -> Tensor:
            strip = pixels[i * rows : (i + 1) * rows]
            return i + 1, strips.write(i, scaled(gray(strip), tf.shape(strip)[0]))

        _, strips = tf.while_loop(
            lambda i, _: i < count, one, [tf.constant(0), strips], parallel_iterations=1
        )
        return scaled(strips.concat(), height)

    # The sides are within MAX_SIDE, so that the product fits.
    return tf.cond(size[0] * size[1] > STRIP, by_strips, lambda: scaled(gray(pixels), height))
