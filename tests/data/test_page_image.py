from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data import page_image
from ocr_tf.data.baselines import ABOVE, BELOW, LONELY, bands
from ocr_tf.data.page_image import Pages, read_page

from .images import encode, noise, png_header
from .sources.formats import message, put


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000"])
def test_formats(tmp_path, kind):
    gray = noise(20, 30)
    options = {"lossless": True} if kind == "WEBP" else {}
    file = put(tmp_path / "p", encode(gray, kind, **options))
    np.testing.assert_array_equal(read_page(file), gray)


def test_depths_colors_and_transparency(tmp_path):
    deep = np.array([[0, 257, 65535]], np.uint16).repeat(2, 0)
    assert read_page(put(tmp_path / "a", encode(deep)))[0].tolist() == [0, 1, 255]
    assert read_page(put(tmp_path / "a2", encode(deep, "TIFF")))[0].tolist() == [0, 1, 255]
    bits = Image.fromarray(np.array([[0, 255] * 8] * 4, np.uint8)).convert("1")
    fax = put(tmp_path / "b", encode(bits, "TIFF", compression="group4"))
    assert read_page(fax)[0, :2].tolist() == [0, 255]
    clear = np.zeros((2, 2, 4), np.uint8)
    clear[0, :, 3] = 255
    assert read_page(put(tmp_path / "c", encode(clear))).tolist() == [[0, 0], [255, 255]]
    color = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    assert read_page(put(tmp_path / "d", encode(color)))[0, 0] == 76
    jpeg = put(tmp_path / "e", encode(color, "JPEG", quality=95))
    assert abs(int(read_page(jpeg)[0, 0]) - 76) < 3


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_orientation_is_kept(tmp_path, kind):
    page = np.zeros((16, 32), np.uint8)
    page[:, :8] = 255  # on the left as it is stored
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned = read_page(put(tmp_path / "p", encode(page, kind, exif=exif)))
    assert turned.shape == (32, 16)
    assert turned[:7].min() > 240 and turned[9:].max() < 15


def test_what_is_no_page(tmp_path):
    assert "not an image" in message(read_page, put(tmp_path / "a", b"%PDF-1.4"))
    assert "too many" in message(read_page, put(tmp_path / "b", png_header(60_000, 60_000)))
    assert "too many" in message(read_page, put(tmp_path / "c", png_header(15_000, 11_000)))
    os.mkfifo(tmp_path / "d")
    assert "no regular file" in message(read_page, tmp_path / "d")
    assert "No such file" in message(read_page, tmp_path / "none")
    floats = io.BytesIO()
    Image.fromarray(np.ones((4, 4), np.float32)).save(floats, "TIFF")
    assert "floating point" in message(read_page, put(tmp_path / "e", floats.getvalue()))


def test_pages_are_decoded_once_within_a_bound_of_bytes(tmp_path, monkeypatch):
    files = [put(tmp_path / f"{i}.png", encode(noise(10, 10, seed=i))) for i in range(4)]
    decoded = []

    def counted(path):
        decoded.append(path)
        return read_page(path)

    monkeypatch.setattr(page_image, "read_page", counted)
    pages = Pages(limit=250)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(pages.read, [files[0]] * 20))
    assert decoded == files[:1]
    for file in (files[1], files[0], files[2], files[0]):
        pages.read(file)
    assert decoded == files[:3]  # 1 was used least recently, and went
    pages.read(files[1])
    assert decoded == [*files[:3], files[1]]
    small = Pages(limit=0)
    assert small.read(files[3]).shape == (10, 10)
    os.utime(files[1], (1, 1))
    pages.read(files[1])
    assert decoded[-1] == files[1] and len(decoded) == 6
    files[1].unlink()
    assert "No such file" in message(pages.read, files[1])


def test_bands_follow_their_baselines():
    flat = np.array([[10.0, 100], [90, 100]])
    bent = np.array([[10.0, 140], [50, 144], [90, 140]])
    far = np.array([[10.0, 400], [90, 400]])
    beside = np.array([[200.0, 105], [290, 105]])
    made = bands([flat, None, bent, far, beside], 1000)
    assert made[1] is None
    distance = 140 + 4 / 3 - 100
    expected = [[10, 100 - ABOVE * distance], [90, 100 - ABOVE * distance]]
    expected += [[90, 100 + BELOW * distance], [10, 100 + BELOW * distance]]
    np.testing.assert_allclose(made[0], expected)
    assert made[2].shape == (6, 2)
    usual = LONELY * distance  # the median of 41, 41 and 259 is 41
    np.testing.assert_allclose(made[3][0], [10, 400 - ABOVE * usual])
    np.testing.assert_allclose(made[4][0], [200, 105 - ABOVE * distance])


def test_bands_of_a_lonely_line_and_at_the_edge():
    line = np.array([[0.0, 5], [400, 5]])
    (band,) = bands([line], 800)
    np.testing.assert_allclose(band[:, 1], [0, 0, 5 + 20 * BELOW, 5 + 20 * BELOW])
    (band,) = bands([line], 0)
    np.testing.assert_allclose(band[2], [400, 5 + 10 * BELOW])
    outside = line + [0, 900]
    assert bands([outside], 800)[0][:, 1].max() > 900
    assert bands([], 800) == [] and bands([None], 800) == [None]
