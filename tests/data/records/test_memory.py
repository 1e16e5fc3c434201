"""A training from many records takes little more memory than one from few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import ocr_tf
from ocr_tf.data.records import make
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.data.source import Sample, Source
from ocr_tf.data.sources import SOURCES

ROOT = Path(ocr_tf.__file__).parents[1]


class Squares(Source):
    """Lines of 24x8 pixels, each with an image and an id of its own."""

    def __init__(self, rest: str):
        self.name, self._count = f"squares:{rest}", int(rest)

    def __len__(self):
        return self._count

    def sample(self, i):
        return Sample(f"squares/{i:09d}.png", f"{i % 97:02d}", f"{self.name}#{i}")

    def read(self, i):
        bits = np.unpackbits(np.array([i], ">u4").view(np.uint8)).reshape(4, 8)
        image = np.repeat(np.repeat(bits * 255, 2, axis=0), 3, axis=1)
        return cv2.imencode(".png", image)[1].tobytes()


def peak(folder: Path, workdir: Path) -> int:
    """Trains from records and returns the most memory that it held, in bytes."""
    flags = ["--train.steps=30", "--train.evaluate_every=15", "--data.val_share=0.001"]
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.captcha_ctc", f"--workdir={workdir}"]
        + [f"--data.train=records:{folder}", "--data.height=8", *flags],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    return used.ru_maxrss * 1024


@pytest.mark.slow
def test_a_million_records_take_little_more_memory_than_ten_thousand(tmp_path, monkeypatch):
    monkeypatch.setitem(SOURCES, "squares", Squares)
    peaks = {}
    for count in (10_000, 1_000_000):
        folder = tmp_path / str(count)
        make.make(MakeRecords(data=(f"squares:{count}",), processes=1), folder)
        peaks[count] = peak(folder, tmp_path / f"run-{count}")
        print(f"{count:,} records: {peaks[count] / 1e6:,.0f} MB")
    assert peaks[1_000_000] <= 1.2 * peaks[10_000]
