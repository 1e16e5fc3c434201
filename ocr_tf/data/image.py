"""The one image path: encoded bytes to a grey line [H, W, 1], in stock TensorFlow operations only.

Training, evaluation, prediction and the exported graph all call it, because decoders and resizers
of different libraries differ by tens of grey levels. What it makes of each kind of image:

    size         read from the header first; more than 50 million pixels, or a side of one, is
                 refused before decoding
    colour       grey by Rec. 601 (0.299 R + 0.587 G + 0.114 B), not rounded
    transparency composited over white (PNG, tRNS chunks too); GIF's transparent pixels are black
    16-bit PNG   scaled by 255 / 65535
    palette      expanded (PNG, GIF, 8-bit BMP)
    CMYK JPEG    converted to RGB as TensorFlow does it, without a colour profile
    animation    the first frame
    orientation  EXIF is ignored: pixels are taken as they are stored
    BMP          8, 24 and 32 bits a pixel, not compressed; the fourth byte of 32 is ignored

Any other format is turned into PNG at the source (`ocr_tf.data.dataset.decodable`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Callable, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.data.dataset import MAX_PIXELS
from ocr_tf.types import Images

MIN_SIDE = 2  # pixels: one row or column shows no symbol

FORMATS = ("PNG", "JPEG", "GIF", "BMP")
PNG, JPEG, GIF, BMP = range(4)

_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_BMP_MASKS = b"\0\0\xff\0\0\xff\0\0\xff\0\0\0"  # blue, green, red, unused: as without masks

Transform = Callable[[Any, Any], Any]


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The size that line images are brought to, in pixels."""

    height: int
    width: int = 0  # 0 keeps the aspect ratio; otherwise every image is stretched to this width
    max_width: int = 4096  # the widest line accepted after scaling; no bound on a stretched one


def prepare(encoded: Any, geometry: Geometry) -> Any:
    """One encoded image (scalar string) as [height, W, 1] float32, -1 = black, 1 = white.

    W is `max(1, round(W0 * height / H0))`, halves rounded up, or the fixed width.

    Raises:
        tf.errors.InvalidArgumentError: see `why_bad` for the causes.
    """
    kind, height, width = _header(encoded)
    scaled = _scaled_width(height, width, geometry)
    checks = [
        tf.debugging.Assert(kind >= 0, ["not a PNG, JPEG, GIF or BMP image"], name="is_image"),
        tf.debugging.Assert(_sized(height, width), ["too many or too few pixels", height, width]),
        tf.debugging.Assert(_fits(scaled, geometry), ["too wide", scaled]),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        encoded = tf.identity(encoded)
    return _resize(_decode(encoded, kind), scaled, geometry)


def prepare_batch(
    encoded: Any,
    geometry: Geometry,
    transform: Optional[Transform] = None,
    *,
    multiple: int = 1,
) -> tuple[Images, Any]:
    """A batch of encoded images, of which a bad one fails alone.

    Works eagerly, in a tf.function, in a tf.data map and in a SavedModel, for any B, 0 included.

    Args:
        encoded: [B] strings.
        geometry: the size to bring them to.
        transform: `transform(image [H, W, 1], position)` -> [H, W', 1], applied to each good image;
            position is its int32 place in the batch. It must be stateless.
        multiple: the padded width is rounded up to a multiple of this, to limit distinct shapes.

    Returns:
        The images (a bad one is zeros of width 1) and ok [B] bool.
    """

    def line(position: Any, data: Any, kind: Any, scaled: Any) -> tuple[Any, Any, Any]:
        image = _resize(_decode(data, kind), scaled, geometry)
        if transform is not None:
            image = tf.ensure_shape(transform(image, position), [geometry.height, None, 1])
        return position, image, tf.shape(image)[1]

    count = tf.shape(encoded)[0]
    # The one element more keeps the batch from being empty, which no later operation could be.
    extra = tf.data.Dataset.from_tensors((count, tf.zeros([geometry.height, 1, 1]), 0))
    lines = _survivors(encoded, geometry, line).concatenate(extra)
    lines = lines.padded_batch(
        tf.cast(count, tf.int64) + 1, padded_shapes=([], [geometry.height, None, 1], [])
    )
    positions, values, widths = lines.get_single_element()
    if multiple > 1:
        missing = -tf.shape(values)[2] % multiple
        values = tf.pad(values, [[0, 0], [0, 0], [0, missing], [0, 0]])
    values = tf.scatter_nd(
        positions[:, tf.newaxis],
        values,
        tf.stack([count + 1, geometry.height, tf.shape(values)[2], 1]),
    )[:-1]
    values = tf.ensure_shape(values, [None, geometry.height, None, 1])
    widths = tf.scatter_nd(positions[:, tf.newaxis], widths, [count + 1])[:-1]
    return Images(values, tf.maximum(widths, 1)), widths > 0


def measure_batch(encoded: Any, geometry: Geometry) -> Any:
    """[B] int32: the width that `prepare` gives each image, 0 where it would fail.

    Decodes every image but resizes none.
    """

    def line(position: Any, data: Any, kind: Any, scaled: Any) -> tuple[Any, Any]:
        decoded = tf.shape(_decode(data, kind))[0] > 0
        return position, tf.where(decoded, scaled, 0)

    count = tf.shape(encoded)[0]
    extra = tf.data.Dataset.from_tensors((count, 0))
    widths = _survivors(encoded, geometry, line).concatenate(extra)
    positions, widths = widths.batch(tf.cast(count, tf.int64) + 1).get_single_element()
    return tf.scatter_nd(positions[:, tf.newaxis], widths, [count + 1])[:-1]


def original(encoded: bytes) -> np.ndarray:
    """[H0, W0] uint8 grey: an image that `prepare` takes, rounded but not yet resized."""
    kind, _, _ = _header(tf.constant(encoded))
    return np.rint(_decode(encoded, kind)[..., 0]).astype(np.uint8)


def original_widths(encoded: Any, ok: Any) -> Any:
    """[B] int32: the width in pixels of each encoded image as it is, 0 where not `ok` [B]."""

    def width(item: tuple[Any, Any]) -> Any:
        data, good = item
        return tf.cond(good, lambda: _header(data)[2], lambda: tf.zeros([], tf.int64))

    return tf.cast(tf.map_fn(width, (encoded, ok), fn_output_signature=tf.int64), tf.int32)


def why_bad(encoded: bytes, geometry: Geometry) -> Optional[str]:
    """Why `prepare` would refuse these bytes, as part of a line; None where it would not."""
    if not encoded:
        return "zero bytes"
    kind = PNG
    try:
        found, rows, columns = (int(part) for part in _header(tf.constant(encoded)))
        if found < 0:
            return "not an image (no PNG, JPEG, GIF or BMP header)"
        kind = found
        if not (rows and columns):
            return f"truncated or corrupt {FORMATS[kind]}: no size in its header"
        if min(rows, columns) < MIN_SIDE:
            return f"{columns}x{rows} pixels: too small to hold a line"
        if not bool(_sized(rows, columns)):
            return f"{columns}x{rows} pixels: more than {MAX_PIXELS // 1_000_000} million"
        scaled = int(_scaled_width(tf.constant(rows), tf.constant(columns), geometry))
        if not bool(_fits(scaled, geometry)):
            return (
                f"scaled to height {geometry.height} it is {scaled} pixels wide, "
                f"more than --data.max_width={geometry.max_width}"
            )
        prepare(tf.constant(encoded), geometry)
    except tf.errors.OpError:
        kind = JPEG if encoded.startswith(b"\xff\xd8\xff") else kind
        return f"truncated, corrupt or unsupported {FORMATS[kind]}"
    return None


def _survivors(encoded: Any, geometry: Geometry, line: Callable[..., Any]) -> tf.data.Dataset:
    """`line(position, encoded, kind, scaled)` of each image for which nothing fails, in order."""

    def measure(position: Any, data: Any) -> tuple[Any, Any, Any, Any, Any]:
        kind, height, width = _header(data)
        scaled = _scaled_width(height, width, geometry)
        good = (kind >= 0) & _sized(height, width) & _fits(scaled, geometry)
        return position, data, kind, scaled, good

    # Refusals by the header go through a filter and not an error: TensorFlow logs each error.
    everything = tf.data.Dataset.from_tensor_slices((tf.range(tf.shape(encoded)[0]), encoded))
    measured = everything.map(measure).ignore_errors()
    promising = measured.filter(lambda position, data, kind, scaled, good: good)
    return promising.map(
        lambda position, data, kind, scaled, good: line(position, data, kind, scaled),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    ).ignore_errors()


def _sized(height: Any, width: Any) -> Any:
    """Each side is bounded first, so that the product cannot overflow."""
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    large = (height >= MIN_SIDE) & (width >= MIN_SIDE)
    sides = large & (height <= MAX_PIXELS) & (width <= MAX_PIXELS)
    bounded = tf.where(sides, height, 1), tf.where(sides, width, 1)
    return sides & (bounded[0] * bounded[1] <= MAX_PIXELS)


def _fits(scaled: Any, geometry: Geometry) -> Any:
    return geometry.width > 0 or tf.less_equal(scaled, geometry.max_width)


def _scaled_width(height: Any, width: Any, geometry: Geometry) -> Any:
    """Integers throughout: rounding must not depend on a machine's floating point."""
    if geometry.width:
        return tf.constant(geometry.width)
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    height = tf.maximum(height, 1)
    scaled = (2 * width * geometry.height + height) // (2 * height)
    return tf.cast(tf.clip_by_value(scaled, 1, tf.int32.max), tf.int32)


def _resize(grey: Any, scaled: Any, geometry: Geometry) -> Any:
    """[H0, W0, 1] in 0..255 to [height, scaled, 1] in -1..1."""
    image = tf.image.resize(grey, tf.stack([geometry.height, scaled]), "bilinear", antialias=True)
    image = tf.ensure_shape(image, [geometry.height, geometry.width or None, 1])
    return tf.clip_by_value(image * (1 / 127.5) - 1.0, -1.0, 1.0)


def _header(encoded: Any) -> tuple[Any, Any, Any]:
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


def _decode(encoded: Any, kind: Any) -> Any:
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
        grey = _grey(pixels) * (255.0 / dtype.max)

        def over_white() -> Any:
            cover = tf.cast(alpha, tf.float32) * (1.0 / dtype.max)
            return grey * cover + 255.0 * (1.0 - cover)

        return tf.cond(opaque, lambda: grey, over_white)

    return tf.cond(tf.equal(depth, 16), lambda: composited(tf.uint16), lambda: composited(tf.uint8))


def _decode_jpeg(encoded: Any) -> Any:
    # The accurate transform is also the one that does not vary with the processor.
    pixels = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    return _grey(pixels)


def _decode_gif(encoded: Any) -> Any:
    pixels = tf.io.decode_image(_first_frame(encoded), channels=3, expand_animations=False)
    return _grey(tf.ensure_shape(pixels, [None, None, 3]))


def _first_frame(encoded: Any) -> Any:
    """A GIF without what follows its first frame: the decoder would unpack all of an animation.

    Blocks as in the GIF89a specification: sub-blocks begin with their size, and one of size 0 ends them.
    """
    data = tf.cast(tf.io.decode_raw(encoded, tf.uint8), tf.int32)

    def colours(flags: Any) -> Any:
        return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)

    def behind(place: Any) -> Any:
        """The place behind the sub-blocks that begin at `place`."""
        return tf.while_loop(lambda p: data[p] > 0, lambda p: [p + 1 + data[p]], [place])[0] + 1

    place = 13 + colours(data[10])
    place = tf.while_loop(lambda p: data[p] == 0x21, lambda p: [behind(p + 2)], [place])[0]
    frame = data[place : place + 10]  # its descriptor, of a size of its own
    width, height = frame[5] + 256 * frame[6], frame[7] + 256 * frame[8]
    check = tf.debugging.Assert(_sized(height, width), ["frame of bad size", height, width])
    with tf.control_dependencies([check] if check is not None else []):
        end = behind(place + 10 + colours(frame[9]) + 1)
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
        colours = tf.reverse(tf.reshape(table, [-1, 4])[:, :3], [1])  # stored as blue, green, red
        return tf.gather(colours, tf.cast(pixels[..., 0], tf.int32))

    pixels = tf.cond(tf.equal(bits, 8), expanded, lambda: pixels[..., :3])
    return _grey(pixels)


def _grey(pixels: Any) -> Any:
    """[H, W, 3 or 4] of any type to [H, W, 1] float32."""
    # A channel at a time: a whole image as floats would be the largest thing in memory by far.
    red, green, blue = (tf.cast(pixels[..., i : i + 1], tf.float32) for i in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def as_tensor(encoded: Sequence[bytes]) -> Any:
    """[B] strings; also for B = 0, for which TensorFlow would guess float32."""
    return tf.constant(np.array(list(encoded), dtype=object), tf.string, shape=[len(encoded)])
