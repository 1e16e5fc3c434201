"""libjpeg's lines stay away from the terminal; everything else arrives, whatever becomes of us."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
from PIL import Image

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, prepare_batch
from ocr_tf.library_lines import without_library_lines


def broken_jpegs() -> list[bytes]:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 300, 3), np.uint8)
    Image.fromarray(pixels).save(file, "JPEG")
    good = file.getvalue()
    middle = len(good) // 2
    return [
        good[:middle],
        good[:middle] + bytes(100) + good[middle + 100 :],
        good[:-2] + b"extra" + good[-2:],
        good[:middle] + b"\xff\xd9",
    ]


def test_what_tensorflow_decodes_says_nothing(capfd):
    prepare_batch(as_tensor(broken_jpegs()), Geometry(32))
    assert "JPEG" in capfd.readouterr().err  # otherwise the rest of this test shows nothing
    with without_library_lines():
        prepare_batch(as_tensor(broken_jpegs()), Geometry(32))
        os.write(2, b"Corrupted: another library\nCorrupt JPEG data: bad Huffman code\nhalf")
        os.write(2, b" a line\n")
        with without_library_lines():
            os.write(2, b"Premature end of JPEG file\n")
    os.write(2, b"Corrupt JPEG data: afterwards\nend")
    lines = capfd.readouterr().err.split("\n")
    lines = [line for line in lines if "tensorflow/core" not in line]  # which the commands silence
    assert lines == [
        "Corrupted: another library",
        "half a line",
        "Corrupt JPEG data: afterwards",
        "end",
    ]


CRASH = """
import os, sys
from ocr_tf.library_lines import without_library_lines
with without_library_lines():
    print("isatty", sys.stderr.isatty(), file=sys.stderr)
    os.write(2, b"Corrupt JPEG data: x\\nF last words\\nno line end")
    if sys.argv[1] == "crash":
        os.abort()
    print("by Python", file=sys.stderr)
print("afterwards", file=sys.stderr)
"""


def test_the_last_words_of_a_crash_arrive():
    command = [sys.executable, "-c", CRASH, "crash"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode < 0
    assert done.stderr == "isatty False\nF last words\nno line end"


def test_standard_error_stays_a_terminal():
    main, terminal = os.openpty()
    command = [sys.executable, "-c", CRASH, ""]
    done = subprocess.run(command, stderr=terminal, timeout=60)
    os.close(terminal)
    shown = os.read(main, 10_000).decode().replace("\r\n", "\n")
    os.close(main)
    assert done.returncode == 0 and "JPEG" not in shown
    assert shown.startswith("isatty True\n") and shown.endswith("afterwards\n")
    assert "by Python\n" in shown and "F last words\nno line end" in shown
