"""Headers and decoders of the image formats that the graph reads, in stock TensorFlow operations only.

`ocr_tf.data.image` says what becomes of each kind of image; it is the only caller.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ocr_tf.data.dataset import MAX_PIXELS

MIN_SIDE = 2  # pixels: one row or column shows no symbol

FORMATS = ("PNG", "JPEG", "GIF", "BMP")
PNG, JPEG, GIF, BMP = range(4)

_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_BMP_MASKS = b"\0\0\xff\0\0\xff\0\0\xff\0\0\0"  # blue, green, red, unused: as without masks


def read_header(encoded: Any) -> tuple[Any, Any, Any]:
    """Index into FORMATS (-1: none of them), height and width as int64, from the header alone."""
    head = tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=32), tf.int64)

    def starts(signature: bytes) -> Any:
        return tf.reduce_all(head[: len(signature)] == list(signature))

    def little(at: int, size: int) -> Any:
        return tf.reduce_sum(head[at : at + size] * [256**i for i in range(size)])

    def big(at: int) -> Any:
        return tf.reduce_sum(head[at : at + 4] * [256**i for i in (3, 2, 1, 0)])

    def jpeg_size() -> Any:  # Parses markers up to the frame header.
        return tf.io.extract_jpeg_shape(encoded, output_type=tf.int64)[:2]

    def signed(value: Any) -> Any:  # A BMP's negative height means that its first row is on top.
        return tf.minimum(value, 2**32 - value)

    jpeg = starts(b"\xff\xd8\xff")
    found = [
        (starts(_PNG_START), PNG, big(20), big(16)),
        (starts(b"GIF87a") | starts(b"GIF89a"), GIF, little(8, 2), little(6, 2)),
        (starts(b"BM"), BMP, signed(little(22, 4)), little(18, 4)),
    ]
    size = tf.cond(jpeg, jpeg_size, lambda: tf.zeros([2], tf.int64))
    kind, height, width = tf.where(jpeg, JPEG, -1), size[0], size[1]
    for matches, index, rows, columns in found:
        kind = tf.where(matches, index, kind)
        height = tf.where(matches, rows, height)
        width = tf.where(matches, columns, width)
    return kind, height, width


def is_allowed_size(height: Any, width: Any) -> Any:
    """Tells whether an image of this size is decoded at all.

    Each side is bounded first, so that the product cannot overflow."""
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    large = (height >= MIN_SIDE) & (width >= MIN_SIDE)
    sides = large & (height <= MAX_PIXELS) & (width <= MAX_PIXELS)
    bounded = tf.where(sides, height, 1), tf.where(sides, width, 1)
    return sides & (bounded[0] * bounded[1] <= MAX_PIXELS)


def decode(encoded: Any, kind: Any) -> Any:
    """[H0, W0, 1] float32 in 0..255."""
    branches = [_decode_png, _decode_jpeg, _decode_gif, _decode_bmp]
    return tf.switch_case(
        tf.cast(kind, tf.int32), [lambda decode=decode: decode(encoded) for decode in branches]
    )


def _decode_png(encoded: Any) -> Any:
    depth = tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=32)[24], tf.int32)

    def composited(dtype: tf.DType) -> Any:
        # Four channels whatever the file holds: so tRNS chunks become alpha too.
        pixels = tf.io.decode_png(encoded, channels=4, dtype=dtype)
        alpha = pixels[..., 3:]
        # At fewer than 8 bits TensorFlow fills a missing alpha with 2^bits - 1 instead of 255.
        filler = tf.where(depth < 8, tf.bitwise.left_shift(1, tf.minimum(depth, 8)) - 1, dtype.max)
        opaque = tf.reduce_all(alpha == dtype.max) | tf.reduce_all(alpha == tf.cast(filler, dtype))
        gray = _gray(pixels) * (255.0 / dtype.max)

        def over_white() -> Any:
            cover = tf.cast(alpha, tf.float32) * (1.0 / dtype.max)
            return gray * cover + 255.0 * (1.0 - cover)

        return tf.cond(opaque, lambda: gray, over_white)

    return tf.cond(tf.equal(depth, 16), lambda: composited(tf.uint16), lambda: composited(tf.uint8))


def _decode_jpeg(encoded: Any) -> Any:
    # The accurate transform is also the one that does not vary with the processor.
    pixels = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return _gray(pixels)


def _decode_gif(encoded: Any) -> Any:
    pixels = tf.io.decode_image(_first_frame(encoded), channels=3, expand_animations=False)
    return _gray(tf.ensure_shape(pixels, [None, None, 3]))


def _first_frame(encoded: Any) -> Any:
    """A GIF without what follows its first frame: the decoder would unpack all of an animation.

    Blocks as in the GIF89a specification: sub-blocks begin with their size, and one of size 0 ends them.
    """
    data = tf.cast(tf.io.decode_raw(encoded, tf.uint8), tf.int32)

    def colors(flags: Any) -> Any:
        return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)

    def behind(place: Any) -> Any:
        """The place behind the sub-blocks that begin at `place`."""
        return tf.while_loop(lambda p: data[p] > 0, lambda p: [p + 1 + data[p]], [place])[0] + 1

    place = 13 + colors(data[10])
    place = tf.while_loop(lambda p: data[p] == 0x21, lambda p: [behind(p + 2)], [place])[0]
    frame = data[place : place + 10]  # its descriptor, of a size of its own
    width, height = frame[5] + 256 * frame[6], frame[7] + 256 * frame[8]
    check = tf.debugging.Assert(
        is_allowed_size(height, width), ["frame of bad size", height, width]
    )
    with tf.control_dependencies([check] if check is not None else []):
        end = behind(place + 10 + colors(frame[9]) + 1)
    return tf.strings.substr(encoded, 0, end) + b";"


def _decode_bmp(encoded: Any) -> Any:
    """TensorFlow ignores a BMP's palette and its compression field: both are seen to here."""
    head = tf.cast(tf.io.decode_raw(encoded, tf.uint8, fixed_length=66), tf.int32)
    info, bits = head[14] + 256 * head[15], head[28] + 256 * head[29]
    plain = tf.equal(head[30], 0)
    masked = tf.equal(head[30], 3) & tf.reduce_all(head[54:] == list(_BMP_MASKS)) & (bits == 32)
    usual = (info >= 40) & tf.reduce_any(bits == [8, 24, 32]) & (plain | masked)
    check = tf.debugging.Assert(usual, ["unsupported kind of BMP"])
    with tf.control_dependencies([check] if check is not None else []):
        pixels = tf.io.decode_bmp(tf.identity(encoded))

    def expanded() -> Any:
        used = head[46] + 256 * head[47]
        used = tf.where((used == 0) | (used > 256), 256, used)
        table = tf.io.decode_raw(tf.strings.substr(encoded, 14 + info, 4 * used), tf.uint8)
        colors = tf.reverse(tf.reshape(table, [-1, 4])[:, :3], [1])  # stored as blue, green, red
        return tf.gather(colors, tf.cast(pixels[..., 0], tf.int32))

    pixels = tf.cond(tf.equal(bits, 8), expanded, lambda: pixels[..., :3])
    return _gray(pixels)


def _gray(pixels: Any) -> Any:
    """[H, W, 3 or 4] of any type to [H, W, 1] float32."""
    # A channel at a time: a whole image as floats would be the largest thing in memory by far.
    red, green, blue = (tf.cast(pixels[..., i : i + 1], tf.float32) for i in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue
