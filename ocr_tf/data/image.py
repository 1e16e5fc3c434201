"""The one image path: encoded bytes to a gray line [H, W, 1], in stock TensorFlow operations only.

Training, evaluation, prediction and the exported graph all call it, because decoders and resizers
of different libraries differ by tens of gray levels. What it makes of each kind of image:

    size         read from the header first; more pixels than the geometry allows, a side of one or of
                 more than 65,535 is refused before decoding
    color        gray by Rec. 601 (0.299 R + 0.587 G + 0.114 B), not rounded
    transparency composited over white (PNG, tRNS chunks too)
    16-bit PNG   scaled by 255 / 65535
    palette      expanded
    CMYK JPEG    converted to RGB as TensorFlow does it, without a color profile
    animated PNG the first frame
    orientation  EXIF is ignored: what reads files has turned them; turned by `Geometry.rotate`

The graph decodes PNG and JPEG. Any other format is turned into PNG at the source
(`ocr_tf.data.image_file`), which says what becomes of it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Callable, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.data.geometry import MAX_PIXELS, Geometry, excess
from ocr_tf.data.image_file import MAX_SIDE
from ocr_tf.data.image_formats import (
    FORMATS,
    JPEG,
    MIN_SIDE,
    PNG,
    Gray,
    Use,
    decode,
    is_allowed_size,
    levels,
    read_header,
    resize,
)
from ocr_tf.graphs import graph
from ocr_tf.types import Array, Images, Tensor

KNOWN = "none of PNG, JPEG, GIF, BMP, TIFF, WebP, PNM and JPEG 2000 by its header"


def prepare(encoded: Tensor, geometry: Geometry) -> Tensor:
    """Brings one encoded image (scalar string) to [height, W, 1] float32, -1 = black, 1 = white.

    W is `max(1, round(W0 * height / H0))`, halves rounded up, or the fixed width; H0 and W0 are those of
    the image after it was turned.

    Raises:
        tf.errors.InvalidArgumentError: see `why_bad` for the causes.
    """
    kind, height, width = read_header(encoded)
    scaled = _scaled_width(height, width, geometry)
    checks = [
        tf.debugging.Assert(kind >= 0, ["not a PNG or JPEG image"], name="is_image"),
        tf.debugging.Assert(
            is_allowed_size(height, width, geometry.max_pixels),
            ["too many or too few pixels", height, width],
        ),
        tf.debugging.Assert(_fits(scaled, geometry), ["too wide", scaled]),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        encoded = tf.identity(encoded)
    return _line(encoded, kind, scaled, geometry)


def prepare_batch(encoded: Tensor, geometry: Geometry) -> tuple[Images, Tensor]:
    """Prepares a batch of encoded images, of which a bad one fails alone.

    Works eagerly, in a tf.function, in a tf.data map and in a SavedModel, for any B, 0 included.

    Args:
        encoded: [B] strings.
        geometry: the size to bring them to.

    Returns:
        The images (a bad one is zeros of width 1) and ok [B] bool.
    """

    def line(
        position: Tensor, data: Tensor, kind: Tensor, scaled: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        image = _line(data, kind, scaled, geometry)
        return position, image, tf.shape(image)[1]

    count = tf.shape(encoded)[0]
    # The one element more keeps the batch from being empty, which no later operation could be.
    extra = tf.data.Dataset.from_tensors((count, tf.zeros([geometry.height, 1, 1]), 0))
    lines = _survivors(encoded, geometry, line).concatenate(extra)
    lines = lines.padded_batch(
        tf.cast(count, tf.int64) + 1, padded_shapes=([], [geometry.height, None, 1], [])
    )
    positions, values, widths = lines.get_single_element()
    values = tf.scatter_nd(
        positions[:, tf.newaxis],
        values,
        tf.stack([count + 1, geometry.height, tf.shape(values)[2], 1]),
    )[:-1]
    values = tf.ensure_shape(values, [None, geometry.height, None, 1])
    widths = tf.scatter_nd(positions[:, tf.newaxis], widths, [count + 1])[:-1]
    return Images(values, tf.maximum(widths, 1)), widths > 0


def prepare_each(encoded: Sequence[bytes], geometry: Geometry) -> list[Optional[Array]]:
    """Prepares encoded images outside any graph: [height, W] float32 each, None for a bad one."""
    if not encoded:
        return []
    (values, widths), ok = _compiled(geometry)(as_tensor(encoded))
    lines = zip(values.numpy(), widths.numpy(), ok.numpy())
    return [np.array(line[:, :width, 0]) if good else None for line, width, good in lines]


@functools.lru_cache(maxsize=8)
def _compiled(geometry: Geometry) -> Callable[[Tensor], tuple[Images, Tensor]]:
    function: Callable[[Tensor], tuple[Images, Tensor]] = graph(
        lambda encoded: prepare_batch(encoded, geometry),
        [tf.TensorSpec([None], tf.string)],
    )
    return function


def measure_batch(encoded: Tensor, geometry: Geometry) -> Tensor:
    """Measures the width that `prepare` gives each image, [B] int32; 0 where it would fail."""
    sizes = _facts(encoded, geometry, lambda pixels, _: tf.shape(pixels, tf.int64)[:2], 2)
    scaled = _scaled_width(sizes[:, 0], sizes[:, 1], geometry)
    return tf.where(sizes[:, 0] > 0, scaled, 0)


def measure_images(encoded: Tensor) -> Tensor:
    """Measures images that can be decoded: [B, 3] int64, height and width as stored, and a key of the pixels.

    The key is a 64-bit hash of size and gray levels: that of a copy in another lossless format is the same.
    What a geometry then makes of an image is not asked, so that it may be of up to MAX_PIXELS. Decodes every
    image but resizes none. Zeros for an image that is none, too large, or broken.
    """

    def measured(pixels: Tensor, gray: Gray) -> Tensor:
        size = tf.shape(pixels)[:2]
        content = tf.reshape(levels(pixels, gray), [-1])
        shown = tf.concat([tf.reshape(tf.bitcast(size, tf.uint8), [-1]), content], 0)
        key = tf.bitcast(tf.fingerprint(shown[tf.newaxis]), tf.int64)
        return tf.concat([tf.cast(size, tf.int64), key], 0)

    return _facts(encoded, None, measured, 3)


def measure_each(encoded: Sequence[bytes]) -> Array:
    """Measures encoded images outside any graph: [N, 3] int64, see `measure_images`."""
    measured: Array = _measuring()(as_tensor(encoded)).numpy()
    return measured


@functools.cache
def _measuring() -> Callable[[Tensor], Tensor]:
    # A graph that is made once: outside of one, each call would leave its functions in TensorFlow for good.
    function: Callable[[Tensor], Tensor] = graph(measure_images, [tf.TensorSpec([None], tf.string)])
    return function


def _facts(encoded: Tensor, geometry: Optional[Geometry], of: Use, count: int) -> Tensor:
    """[B, count] int64, what `of` says of each decoded image; zeros for a bad one.

    An image is bad by the bounds of the geometry too, if there is one.
    """

    def one(position: Tensor, data: Tensor, kind: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        return position, decode(data, kind, of)

    total = tf.shape(encoded)[0]
    extra = tf.data.Dataset.from_tensors((total, tf.zeros([count], tf.int64)))
    facts = _survivors(encoded, geometry, one).concatenate(extra)
    positions, facts = facts.batch(tf.cast(total, tf.int64) + 1).get_single_element()
    return tf.scatter_nd(positions[:, tf.newaxis], facts, tf.stack([total + 1, count]))[:-1]


def original(encoded: bytes, rotate: int = 0) -> Array:
    """Decodes an image that `prepare` takes, rounded, turned but not yet resized: [H0, W0] uint8 gray.

    Args:
        encoded: PNG or JPEG.
        rotate: `Geometry.rotate`; 0 gives it as it is stored.
    """
    kind, _, _ = read_header(tf.constant(encoded))
    gray = decode(tf.constant(encoded), kind, lambda pixels, gray: gray(pixels), rotate)
    return np.rint(gray[..., 0]).astype(np.uint8)


def original_widths(encoded: Tensor, ok: Tensor, geometry: Geometry) -> Tensor:
    """Measures the width in pixels of each image, turned but not resized: [B] int32; 0 where not `ok` [B]."""

    def width(item: tuple[Tensor, Tensor]) -> Tensor:
        data, good = item
        side = 1 if geometry.sideways else 2
        return tf.cond(good, lambda: read_header(data)[side], lambda: tf.zeros([], tf.int64))

    return tf.cast(tf.map_fn(width, (encoded, ok), fn_output_signature=tf.int64), tf.int32)


def why_bad(encoded: bytes, geometry: Geometry) -> Optional[str]:
    """Says why `prepare` would refuse these bytes, as part of a line; None where it would not."""
    if not encoded:
        return "zero bytes"
    kind = PNG
    try:
        known, rows, columns = (int(part) for part in read_header(tf.constant(encoded)))
        if known < 0:
            return f"not an image ({KNOWN})"
        kind = known
        if not (rows and columns):
            return f"truncated or corrupt {FORMATS[kind]}: no size in its header"
        if min(rows, columns) < MIN_SIDE:
            return f"{columns}x{rows} pixels: too small to hold a line"
        if excess(rows, columns, geometry.max_pixels):
            return excess(rows, columns, geometry.max_pixels)
        if not bool(is_allowed_size(rows, columns)):
            return f"{columns}x{rows} pixels: a side of more than {MAX_SIDE}"
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


def _survivors(
    encoded: Tensor, geometry: Optional[Geometry], line: Callable[..., tuple[Tensor, ...]]
) -> tf.data.Dataset:
    """Yields `line(position, encoded, kind, scaled)` of each image for which nothing fails, in order.

    Without a geometry no image is too wide, MAX_PIXELS are taken, and `scaled` means nothing.
    """

    def measure(position: Tensor, data: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        kind, height, width = read_header(data)
        most = MAX_PIXELS if geometry is None else geometry.max_pixels
        good = (kind >= 0) & is_allowed_size(height, width, most)
        scaled = tf.zeros([], tf.int32)
        if geometry is not None:
            scaled = _scaled_width(height, width, geometry)
            good &= _fits(scaled, geometry)
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


def _fits(scaled: Tensor, geometry: Geometry) -> Tensor:
    return geometry.width > 0 or tf.less_equal(scaled, geometry.max_width)


def _scaled_width(height: Tensor, width: Tensor, geometry: Geometry) -> Tensor:
    """Integers throughout: rounding must not depend on a machine's floating point."""
    if geometry.width:
        return tf.constant(geometry.width)
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    if geometry.sideways:
        height, width = width, height
    height = tf.maximum(height, 1)
    scaled = (2 * width * geometry.height + height) // (2 * height)
    return tf.cast(tf.clip_by_value(scaled, 1, tf.int32.max), tf.int32)


def _line(encoded: Tensor, kind: Tensor, scaled: Tensor, geometry: Geometry) -> Tensor:
    """Decodes and resizes to [height, scaled, 1] in -1..1."""

    def resized(pixels: Tensor, gray: Callable[[Tensor], Tensor]) -> Tensor:
        return resize(pixels, gray, geometry.height, scaled)

    image = decode(encoded, kind, resized, geometry.rotate)
    image = tf.ensure_shape(image, [geometry.height, geometry.width or None, 1])
    return tf.clip_by_value(image * (1 / 127.5) - 1.0, -1.0, 1.0)


def as_tensor(encoded: Sequence[bytes]) -> Tensor:
    """Makes a tensor of strings [B]; also for B = 0, for which TensorFlow would guess float32."""
    return tf.constant(np.array(list(encoded), dtype=object), tf.string, shape=[len(encoded)])
