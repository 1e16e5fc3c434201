"""Files that hold images, or something else: read as PNG or JPEG, or refused in a line, soon."""

from __future__ import annotations

import io
import os
import struct
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ocr_tf.data import image_file
from ocr_tf.data.dataset import open_source
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare
from ocr_tf.data.image_file import convert_image, open_image_file, read_image_file
from ocr_tf.errors import InputError

from .images import encode, line, noise


def message(action, *arguments):
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def gray_levels(encoded):
    png = convert_image(encoded).encoded
    height = Image.open(io.BytesIO(png)).size[1]
    return (prepare(tf.constant(png), Geometry(height)).numpy()[:, :, 0] + 1) * 127.5


# What is no image file


def test_what_is_no_regular_file_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "link", "endless", "/dev/null"):
        said = message(read_image_file, tmp_path / name)
        assert said == "a device, pipe or socket, not a regular file"
    assert message(read_image_file, tmp_path) == "Is a directory"
    assert "symbolic links" in message(read_image_file, tmp_path / "loop")
    assert message(read_image_file, tmp_path / "none") == "No such file or directory"
    assert "null byte" in message(read_image_file, "a\0b")


def test_a_file_that_is_too_long_is_refused_unread(tmp_path, monkeypatch):
    with open(tmp_path / "sparse.png", "wb") as file:
        file.write(line())
        file.truncate(40_000_000_000)
    said = message(read_image_file, tmp_path / "sparse.png")
    assert said == "40000 MB, more than 100: too long for the image of a line"
    (tmp_path / "grows.png").write_bytes(line())
    monkeypatch.setattr(image_file, "MAX_BYTES", 1000)
    monkeypatch.setattr(image_file, "_check_regular", lambda status: None)  # was shorter then
    assert "too long" in message(read_image_file, tmp_path / "grows.png")


def test_a_source_names_the_line_of_a_file_that_it_refuses(tmp_path):
    (tmp_path / "labels.tsv").write_text("a.png\tx\n")
    os.mkfifo(tmp_path / "a.png")
    said = message(open_source(str(tmp_path)).read, 0)
    assert said.startswith(f"{tmp_path}/labels.tsv:1: {tmp_path}/a.png: a device, pipe")


# Formats


def test_other_formats_pass_untouched():
    for encoded in line(), encode(noise(9, 9), "JPEG"), b"", b"anything":
        assert convert_image(encoded).encoded is encoded


@pytest.mark.parametrize(
    "kind, options",
    [("TIFF", {}), ("WebP", {"lossless": True}), ("BMP", {})],
)
def test_a_format_of_all_colors_becomes_png(tmp_path, kind, options):
    pixels = noise(12, 20, 3)
    name = f"a.{kind.lower()}"
    (tmp_path / "labels.tsv").write_text(f"{name}\tx\n")
    source = open_source(str(tmp_path))
    (tmp_path / name).write_bytes(encode(pixels, kind, **options))
    expected = prepare(tf.constant(encode(pixels)), Geometry(12))
    np.testing.assert_array_equal(prepare(tf.constant(source.read(0)), Geometry(12)), expected)
    encoded = encode(pixels, kind, **options)
    (tmp_path / name).write_bytes(encoded[: len(encoded) // 3])
    assert f"labels.tsv:1: {tmp_path / name}: truncated" in message(source.read, 0)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_gray_palette_and_two_levels_give_the_pixels(kind):
    pixels = noise(7, 11)
    np.testing.assert_allclose(gray_levels(encode(pixels, kind)), pixels, atol=1e-3)
    image = Image.new("P", (6, 4), 1)
    image.putpalette([250, 250, 250, 10, 20, 30])
    expected = 0.299 * 10 + 0.587 * 20 + 0.114 * 30
    if kind != "TIFF":  # OpenCV rounds
        np.testing.assert_allclose(gray_levels(encode(image, kind)), expected, atol=1e-3)
    two = Image.fromarray(noise(8, 8) > 127)
    np.testing.assert_allclose(gray_levels(encode(two, kind)), np.asarray(two) * 255.0, atol=1e-3)


@pytest.mark.parametrize("kind", ["GIF", "WebP", "TIFF"])
def test_transparency_is_composited_over_white(kind):
    clear = Image.fromarray(np.zeros((4, 4, 4), np.uint8))
    assert (
        gray_levels(encode(clear, kind, **({"lossless": True} if kind == "WebP" else {}))).min()
        == 255
    )


def test_sixteen_bits_stay_sixteen():
    deep = np.array([[0, 300, 65535]] * 2, np.uint16)
    np.testing.assert_allclose(gray_levels(encode(deep, "TIFF")), deep / 257.0, atol=1e-3)


def test_the_fourth_byte_of_a_bmp_is_no_alpha():
    image = Image.new("RGBA", (6, 4), (40, 40, 40, 0))
    np.testing.assert_allclose(gray_levels(encode(image, "BMP")), 40, atol=1e-3)


def test_bmp_with_its_first_row_on_top():
    pixels = noise(5, 8)
    encoded = bytearray(encode(np.stack([pixels] * 3, -1), "BMP"))
    encoded[22:26] = struct.pack("<i", -5)
    np.testing.assert_allclose(gray_levels(bytes(encoded)), pixels[::-1], atol=1e-3)


def test_run_lengths_are_refused_not_misread():
    packed = bytearray(encode(noise(5, 8), "BMP"))
    packed[30] = 1
    assert message(convert_image, bytes(packed)) == "run-length encoded BMP; save it as PNG"


# Pages


def frames(count=3, mode="RGB"):
    return [Image.fromarray(noise(40, 90, 3, seed=i)).convert(mode) for i in range(count)]


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "1"])
@pytest.mark.parametrize("comment", [b"", b"words" * 200])
def test_first_frame_of_an_animated_gif(mode, comment):
    first, *others = frames(mode=mode)
    alone = encode(first, "GIF")
    animated = encode(first, "GIF", comment=comment, save_all=True, append_images=others, loop=0)
    np.testing.assert_array_equal(gray_levels(animated), gray_levels(alone))
    assert convert_image(animated).pages == 3 and convert_image(alone).pages == 1


@pytest.mark.parametrize("kind, options", [("TIFF", {}), ("WebP", {"lossless": True})])
def test_first_page_of_several(tmp_path, kind, options):
    first, *others = frames()
    several = encode(first, kind, save_all=True, append_images=others, **options)
    np.testing.assert_array_equal(gray_levels(several), gray_levels(encode(first)))
    (tmp_path / "several").write_bytes(several)
    assert open_image_file(tmp_path / "several").pages == 3


# Files made to break readers


def test_bombs_are_refused_by_their_header():
    huge = encode(Image.new("1", (8000, 8000)), "TIFF", compression="group4")
    assert "8000x8000 pixels" in message(convert_image, huge)
    gif = bytearray(encode(Image.new("L", (6, 4), 9), "GIF"))
    place = gif.index(b",\0\0\0\0")  # the first frame's descriptor
    gif[place + 5 : place + 9] = b"\xff" * 4
    assert "million" in message(convert_image, bytes(gif))
    bmp = bytearray(encode(noise(5, 8), "BMP"))
    bmp[18:26] = struct.pack("<ii", 2**30, 2**30)
    assert "million" in message(convert_image, bytes(bmp))


def test_a_gif_of_one_byte_blocks_takes_no_longer_than_its_length_asks_for():
    encoded = encode(frames(1, "L")[0], "GIF")
    place = encoded.index(b",\0\0\0\0")
    comment = b"!\xfe" + b"\1x" * 2_000_000 + b"\0"
    began = time.process_time()
    levels = gray_levels(encoded[:place] + comment + encoded[place:])
    assert time.process_time() - began < 4
    np.testing.assert_array_equal(levels, gray_levels(encoded))


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "BMP", "WebP"])
def test_a_broken_file_is_told_of_by_nobody_else(kind, capfd):
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    encoded = encode(noise(30, 90, 3), kind, **options)
    assert message(convert_image, encoded[:-300]).endswith(kind)
    assert capfd.readouterr() == ("", "")
