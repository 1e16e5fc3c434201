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
from ocr_tf.library_lines import without_library_lines

from .images import encode, line, noise, png_chunk, png_of_zeros, tiff


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
    assert said == "40000 MB, more than 100: too long for one line"
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


# TIFF


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype, most", [(np.uint8, 255), (np.uint16, 65535)])
@pytest.mark.parametrize(
    "extra, color, expected",
    [  # of 255: color, alpha 128, over white
        (2, 255, 255),
        (2, 0, 127),
        (2, 100, 100 * 128 / 255 + 127),
        (1, 128, 255),  # premultiplied: white
        (1, 0, 127),
        (1, 50, 177),
        (0, 100, 100),  # no alpha
        (None, 100, 100 * 128 / 255 + 127),
    ],
)
def test_partial_alpha_of_a_tiff_is_composited_once(order, dtype, most, extra, color, expected):
    pixels = np.array([[[color, color, color, 128]] * 3] * 2).astype(dtype) * (most // 255)
    encoded = tiff(pixels, 2, extra=extra, order=order)
    np.testing.assert_allclose(gray_levels(encoded), expected, atol=0.6)


def test_alpha_of_a_gray_tiff():
    pixels = np.array([[[255, 128], [0, 128], [0, 0]]] * 2, np.uint8)
    np.testing.assert_allclose(gray_levels(tiff(pixels, 1, extra=2)), [[255, 127, 255]] * 2)
    said = message(convert_image, tiff(pixels, 1, extra=1))
    assert said == "TIFF of 2 channels of 8 bits, of kind 1: convert it to PNG"
    said = message(convert_image, tiff(pixels.astype(np.uint16), 1, extra=2))
    assert said == "TIFF of 2 channels of 16 bits: convert it to PNG"


@pytest.mark.parametrize("order", "<>")
def test_sixteen_bits_of_a_tiff_stay(order):
    gray = np.array([[0, 300, 65535]] * 2, np.uint16)
    color = np.stack([gray, gray[:, ::-1], gray // 2], -1)
    levels = gray / 257.0
    expected = 0.299 * levels + 0.587 * levels[:, ::-1] + 0.114 * (gray // 2) / 257.0
    for encoded, wanted in (
        (tiff(gray, 1, order=order), levels),
        (tiff(gray, 0, order=order), 255 - levels),
        (tiff(color, 2, order=order), expected),
    ):
        assert convert_image(encoded).encoded[24] == 16
        np.testing.assert_allclose(gray_levels(encoded), wanted, atol=2e-3)


def test_white_may_be_zero_in_a_tiff():
    gray = noise(3, 5)
    np.testing.assert_allclose(gray_levels(tiff(gray, 0)), 255.0 - gray, atol=1e-3)


@pytest.mark.parametrize("white_is_zero", [True, False])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_a_tiff(bits, white_is_zero):
    packed = np.array([[0b00011011, 0b11100100]] * 2, np.uint8)
    digits = np.unpackbits(packed, axis=1).reshape(2, -1, bits) @ 2 ** np.arange(bits)[::-1]
    encoded = tiff(packed, 0 if white_is_zero else 1, bits=bits)
    levels = digits * 255 / (2**bits - 1)
    levels = 255 - levels if white_is_zero else levels
    np.testing.assert_allclose(gray_levels(encoded), levels, atol=1e-3)


def test_inks_of_a_tiff():
    inks = np.array([[[0, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]] * 2, np.uint8)
    np.testing.assert_allclose(gray_levels(tiff(inks, 5)), [[255, 0.299 * 255, 0]] * 2, atol=1e-3)
    deep = inks.astype(np.uint16) * 257
    np.testing.assert_allclose(gray_levels(tiff(deep, 5)), [[255, 0.299 * 255, 0]] * 2, atol=1e-3)


def test_a_tiff_of_more_than_four_gigabytes_may_be_short():
    pixels = noise(7, 11)
    big = encode(pixels, "TIFF", big_tiff=True)
    assert big[:4] == b"II+\0"
    np.testing.assert_allclose(gray_levels(big), pixels, atol=1e-3)
    assert message(convert_image, b"MM\0+" + big[4:]) == "big-endian BigTIFF: convert it to PNG"


@pytest.mark.parametrize(
    "dtype, numbers, name",
    [
        (np.float16, 3, "TIFF of floating-point numbers"),
        (np.float32, 3, "TIFF of floating-point numbers"),
        (np.float64, 3, "TIFF of floating-point numbers"),
        (np.int16, 2, "TIFF of signed numbers"),
        (np.uint32, 1, "TIFF of 32 bits"),
    ],
)
def test_numbers_that_are_no_gray_levels_are_refused_by_name(dtype, numbers, name, capfd):
    encoded = tiff(np.ones((2, 3), dtype), 1, numbers=numbers)
    assert message(convert_image, encoded) == f"{name}: convert it to PNG"
    assert capfd.readouterr() == ("", "")


# BMP, PNM, JPEG 2000


def bmp(bits, row, palette, compression=0):
    """8 pixels in each of two rows, the lower one first, where `row` is the upper and zeros the lower."""
    colors = b"".join(bytes([*color[::-1], 0]) for color in palette)
    data = bytes(4) + row.ljust(4, b"\0")
    start = 54 + len(colors)
    head = struct.pack("<IiiHHIIiiII", 40, 8, 2, 1, bits, compression, 8, 0, 0, len(palette), 0)
    return b"BM" + struct.pack("<IHHI", start + 8, 0, 0, start) + head + colors + data


BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.mark.parametrize("palette", [(BLACK, WHITE), (WHITE, BLACK), ((9, 9, 9), (70, 70, 70))])
def test_bmp_of_one_bit(palette):
    ones = np.array([[1, 0, 1, 1, 0, 0, 0, 1], [0] * 8])
    levels = gray_levels(bmp(1, bytes([0b10110001]), palette))
    np.testing.assert_allclose(levels, np.array(palette)[ones, 0], atol=1e-3)


def test_bmp_of_four_bits():
    palette = [(17 * i,) * 3 for i in range(16)]
    levels = gray_levels(bmp(4, b"\x01\x9a\xbc\xf0", palette))
    expected = [17 * int(digit, 16) for digit in "019abcf0"]
    np.testing.assert_allclose(levels, [expected, [0] * 8], atol=1e-3)


def test_bmps_that_would_be_misread_are_refused_by_name():
    assert message(convert_image, bmp(2, b"\x1b\xe4", [BLACK] * 4)).startswith("BMP of 2 bits")
    for compression, bits in ((1, 8), (2, 4)):
        said = message(convert_image, bmp(bits, b"\x08\x01", [BLACK] * 2**bits, compression))
        assert said == "run-length encoded BMP: convert it to PNG"


def test_binary_portable_maps():
    def levels(head, *values, dtype=">u1"):
        data = np.array(2 * values, dtype).tobytes()
        return gray_levels(head + data)[0]

    np.testing.assert_allclose(levels(b"P4\n# black is one\n8 2\n", 0b10110001)[:3], [0, 255, 0])
    np.testing.assert_allclose(levels(b"P5 3 2 255\n", 0, 100, 255), [0, 100, 255], atol=1e-3)
    np.testing.assert_allclose(levels(b"P5 3 2 15\n", 0, 5, 15), [0, 85, 255], atol=1e-3)
    deep = levels(b"P5 3 2 65535\n", 0, 300, 65535, dtype=">u2")
    np.testing.assert_allclose(deep, [0, 300 / 257, 255], atol=2e-3)
    color = levels(b"P6\n2 2\n255\n", 255, 0, 0, 0, 0, 200)
    np.testing.assert_allclose(color, [0.299 * 255, 0.114 * 200], atol=1e-3)


@pytest.mark.parametrize("container", [True, False])
def test_jpeg_2000(container):
    def levels(pixels):
        return gray_levels(encode(pixels, "JPEG2000", no_jp2=not container, irreversible=False))

    gray, color, clear = noise(9, 14), noise(9, 14, 3), np.zeros((9, 14, 4), np.uint8)
    np.testing.assert_allclose(levels(gray), gray, atol=1e-3)
    np.testing.assert_allclose(levels(color), color @ [0.299, 0.587, 0.114], atol=1e-3)
    deep = noise(9, 14).astype(np.uint16) * 257 + 3
    np.testing.assert_allclose(levels(deep), deep / 257, atol=2e-3)
    if container:  # which alone says that a channel is alpha
        np.testing.assert_allclose(levels(clear), 255, atol=1e-3)


def test_jpeg_2000_of_other_depths_is_refused_by_name():
    encoded = bytearray(encode(noise(9, 14), "JPEG2000", no_jp2=True))
    assert encoded[42] == 7
    encoded[42] = 11
    assert message(convert_image, bytes(encoded)) == "JPEG 2000 of 12 bits: convert it to PNG"


@pytest.mark.parametrize(
    "start, name",
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"%PDF-1.4\n", "PDF"),
        (b"P2\n2 2\n9\n1 2 3 4\n", "plain PNM"),
        (b"Pf\n2 2\n-1.0\n", "floating-point PNM"),
        (b"v/1\x01\2\0\0\0", "OpenEXR"),
    ],
)
def test_formats_that_are_known_but_not_read_are_refused_by_name(start, name):
    assert message(convert_image, start + bytes(30)) == f"{name}: convert it to PNG"


# Orientation


SIDES = {  # of the upright image, at which the first row and the first column that are stored stand
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def as_stored(upright, orientation):
    row, column = SIDES[orientation]
    if row in ("left", "right"):
        upright = upright.swapaxes(0, 1)
    if row in ("bottom", "right"):
        upright = upright[::-1]
    return upright[:, ::-1] if column in ("bottom", "right") else upright


def with_orientation(pixels, orientation, kind, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(pixels, kind, exif=exif, **options)


@pytest.mark.parametrize("orientation", SIDES)
def test_images_are_turned_as_they_say(orientation):
    gray, color, blocks = noise(6, 11), noise(6, 11, 3), np.kron(noise(3, 5), np.ones((8, 8)))
    deep, two = noise(6, 11).astype(np.uint16) * 257 + 2, noise(6, 11) > 127
    blocks = blocks.astype(np.uint8) // 64 * 64

    def levels(pixels, kind, **options):
        stored = np.ascontiguousarray(as_stored(pixels, orientation))
        return gray_levels(with_orientation(stored, orientation, kind, **options))

    expected = color @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(levels(gray, "PNG"), gray, atol=1e-3)
    np.testing.assert_allclose(levels(two, "PNG"), two * 255, atol=1e-3)
    np.testing.assert_allclose(levels(gray, "PNG", transparency=int(gray[0, 0]))[0, 0], 255)
    np.testing.assert_allclose(levels(color, "PNG"), expected, atol=1e-3)
    np.testing.assert_allclose(levels(deep, "PNG"), deep / 257, atol=2e-3)
    np.testing.assert_allclose(levels(blocks, "JPEG", quality=95), blocks, atol=4)
    np.testing.assert_allclose(levels(color, "WebP", lossless=True), expected, atol=1e-3)
    clear = np.concatenate([color, np.full([6, 11, 1], 255, np.uint8)], -1)
    for pixels, photometric in ((gray, 1), (deep, 1), (color, 2), (clear, 2), (deep, 0)):
        stored = np.ascontiguousarray(as_stored(pixels, orientation))
        encoded = tiff(stored, photometric, orientation=orientation)
        wanted = pixels / (257 if pixels is deep else 1) if pixels.ndim == 2 else expected
        wanted = wanted if photometric else 255 - wanted
        np.testing.assert_allclose(gray_levels(encoded), wanted, atol=2e-3)


def test_sixteen_bits_in_color_stay_when_they_are_turned():
    color = noise(6, 11, 3).astype(np.uint16) * 257 + 2
    expected = color @ [0.299, 0.587, 0.114] / 257
    png = convert_image(tiff(color, 2)).encoded
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = png[:33] + png_chunk(b"eXIf", exif.tobytes()[6:]) + png[33:]
    np.testing.assert_allclose(gray_levels(turned), np.rot90(expected, -1), atol=2e-3)


def test_an_upright_image_stays_as_it_is():
    for kind in ("PNG", "JPEG"):
        for orientation in (1, 0, 9):
            encoded = with_orientation(noise(6, 11), orientation, kind)
            assert convert_image(encoded).encoded is encoded
        turned = convert_image(with_orientation(noise(6, 11), 6, kind)).encoded
        assert Image.open(io.BytesIO(turned)).size == (6, 11)
        assert convert_image(turned).encoded is turned
    jpeg = with_orientation(noise(30, 90), 6, "JPEG")
    broken = jpeg[: len(jpeg) // 2]
    assert convert_image(broken).encoded is broken  # for the graph to name
    webp = convert_image(with_orientation(noise(6, 11, 3), 6, "WebP", lossless=True)).encoded
    assert convert_image(webp).encoded is webp


def test_an_orientation_may_stand_behind_the_pixels():
    pixels = noise(6, 11)
    encoded = with_orientation(pixels, 6, "PNG")
    at = encoded.index(b"eXIf") - 4
    size = 12 + int.from_bytes(encoded[at : at + 4], "big")
    chunk, end = encoded[at : at + size], len(encoded) - 12
    moved = encoded[:at] + encoded[at + size : end] + chunk + encoded[end:]
    np.testing.assert_allclose(gray_levels(moved), np.rot90(pixels, -1), atol=1e-3)


def test_a_source_gives_images_upright(tmp_path):
    (tmp_path / "labels.tsv").write_text("photo.jpg\tx\n")
    (tmp_path / "photo.jpg").write_bytes(with_orientation(noise(48, 16), 6, "JPEG"))
    source = open_source(str(tmp_path))
    assert prepare(tf.constant(source.read(0)), Geometry(16)).shape == [16, 48, 1]


def test_the_bound_on_pixels_is_checked_before_anything_is_converted():
    huge = png_of_zeros(8000, 5000)
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = huge[:33] + png_chunk(b"eXIf", exif.tobytes()[6:]) + huge[33:]
    began = time.process_time()
    said = message(convert_image, sideways, 4_000_000)
    assert said == "8000x5000 pixels: more than --data.max_pixels=4000000"
    assert time.process_time() - began < 0.1
    assert convert_image(huge, 4_000_000).encoded is huge  # The graph looks at it.
    for kind in ("TIFF", "GIF", "BMP", "WebP", "PPM", "JPEG2000"):
        encoded = encode(noise(20, 31), kind)
        assert message(convert_image, encoded, 600).startswith("31x20 pixels: more than --data.max")
        assert convert_image(encoded, 620).encoded[:4] == b"\x89PNG"


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


def test_a_damaged_tiff_is_refused_whatever_its_library_says(capfd):
    good = encode(noise(30, 90, 3), "TIFF", compression="tiff_lzw")
    damaged = good[:100] + b"\xff" * 500 + good[600:]
    unknown = bytearray(tiff(noise(6, 9), 1))
    at = unknown.rfind(struct.pack("<HHIHH", 259, 3, 1, 1, 0)) + 8  # how it is compressed
    unknown[at : at + 2] = struct.pack("<H", 34712)  # JPEG 2000
    with without_library_lines():
        assert message(convert_image, damaged) == "truncated, corrupt or unsupported TIFF"
        assert message(convert_image, bytes(unknown)).startswith("TIFF of 8 bits")
    assert capfd.readouterr() == ("", "")
