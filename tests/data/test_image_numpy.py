import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare
from ocr_tf.data.image_numpy import prepare_line

from .images import encode, noise

SIZES = [(2, 2), (3, 40), (20, 33), (32, 100), (50, 200), (101, 77), (64, 3000), (300, 400)]


def color(rows, columns, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)


def pillow(pixels, kind, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(32),
        Geometry(16, 100),
        Geometry(64),
        Geometry(32, rotate=90),
        Geometry(32, rotate=270),
    ],
)
@pytest.mark.parametrize(
    "kind, options",
    [
        ("PNG", {}),
        ("JPEG", {"quality": 50}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("JPEG", {"quality": 80, "subsampling": 0}),
        ("JPEG", {"quality": 80, "subsampling": 1}),
    ],
)
def test_both_paths_agree(geometry, kind, options):
    for rows, columns in SIZES:
        for pixels in (noise(rows, columns), color(rows, columns)):
            encoded = pillow(pixels, kind, **options)
            line = prepare_line(encoded, geometry)
            if not geometry.scaled_widths(np.array([rows]), np.array([columns]))[0]:
                assert line is None
                continue
            assert line is not None and line.dtype == np.float32
            expected = prepare(tf.constant(encoded), geometry).numpy()[..., 0]
            np.testing.assert_allclose(line, expected, rtol=0, atol=1e-4)


def test_orientation_is_ignored_as_in_the_graph():
    exif = Image.Exif()
    exif[0x112] = 6
    encoded = pillow(color(20, 60), "JPEG", exif=exif)
    expected = prepare(tf.constant(encoded), Geometry(32)).numpy()[..., 0]
    np.testing.assert_allclose(prepare_line(encoded, Geometry(32)), expected, atol=1e-4)


def test_the_rest_is_for_the_graph():
    png, jpeg = encode(noise(20, 60)), pillow(color(20, 60), "JPEG")
    rgba = np.dstack([color(20, 60), noise(20, 60)])
    cmyk = io.BytesIO()
    Image.fromarray(color(20, 60)).convert("CMYK").save(cmyk, "JPEG")
    transparent = pillow(noise(20, 60), "PNG", transparency=3)
    palette = io.BytesIO()
    Image.fromarray(noise(20, 60)).convert("P").save(palette, "PNG")
    others = [
        b"",
        b"not an image",
        png[:-20],
        png[:40],
        jpeg[:-100],
        jpeg[:10],
        pillow(rgba, "PNG"),
        pillow(noise(20, 60).astype(np.uint16) * 257, "PNG"),
        cmyk.getvalue(),
        transparent,
        palette.getvalue(),
        pillow(color(20, 60), "WebP"),
    ]
    assert [prepare_line(encoded, Geometry(32)) for encoded in others] == [None] * len(others)
    assert prepare_line(pillow(noise(20, 60), "PNG"), Geometry(32, max_width=50)) is None


def test_a_broken_middle_is_for_the_graph_to_judge():
    png = bytearray(encode(noise(40, 300)))
    png[len(png) // 2] ^= 0xFF
    assert prepare_line(bytes(png), Geometry(32)) is None
