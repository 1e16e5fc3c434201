"""MATLAB files as SciPy writes them, whole and damaged."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
import scipy.io

from ocr_tf.data.mat_file import read_structs
from ocr_tf.errors import InputError

from .sources.formats import message, put, structs


def written(content, **options) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, content, **options)
    return file.getvalue()


NAMES, TEXTS = ["train/1.png", "train/22.png", "t.png"], ["A", "Straße 東京", ""]
CONTENT = {"before": np.arange(9.0), "words": structs(NAMES, TEXTS), "after": "text"}


@pytest.mark.parametrize("compressed", [False, True])
def test_strings_of_structs(tmp_path, compressed):
    file = put(tmp_path / "a.mat", written(CONTENT, do_compression=compressed))
    (columns,) = read_structs(file)
    assert list(columns) == ["ImgName", "chars", "charBB"]
    assert columns["ImgName"] == NAMES and columns["chars"] == TEXTS
    assert columns["charBB"] == [None, None, ""]


def test_big_endian_files(tmp_path):
    """As the format's documentation lays an array of one struct out, with one field "a" of text "xy"."""

    def part(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content.ljust(
            -(-len(content) // 8) * 8, b"\0"
        )

    def array(kind: int, *parts: bytes, columns: int = 1) -> bytes:
        flags = part(6, struct.pack(">II", kind, 0))
        return part(
            14, flags + part(5, struct.pack(">ii", 1, columns)) + part(1, b"") + b"".join(parts)
        )

    width = struct.pack(">HHi", 4, 5, 8)  # a short element: size, kind, content
    text = array(4, part(4, "xy".encode("utf-16-be")), columns=2)
    content = array(2, width, part(1, b"a".ljust(8, b"\0")), text)
    file = put(tmp_path / "a.mat", b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI" + content)
    assert list(read_structs(file)) == [{"a": ["xy"]}]


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_end_in_one_line(tmp_path, compressed):
    whole = written(CONTENT, do_compression=compressed)
    draw = random.Random(0)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(draw.choice((1, 3))):
            broken[draw.randrange(128, len(broken))] = draw.randrange(256)
        if draw.random() < 0.3:
            del broken[draw.randrange(129, len(broken)) :]
        file = put(tmp_path / "a.mat", bytes(broken))
        try:
            list(read_structs(file))
        except InputError as error:
            assert str(error) == f"{file}: truncated or damaged MATLAB file; copy it again"
            refused += 1
    assert refused > 100
    assert "No such file" in message(list, read_structs(tmp_path / "none"))
