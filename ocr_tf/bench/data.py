"""The command `bench_data`: images a second from each kind of storage, beside a plain loop over LMDB."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, Optional

import cv2
import lmdb
import numpy as np

from ocr_tf.bench import timing
from ocr_tf.bench.data_config import BenchData
from ocr_tf.bench.machine import machine
from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.cache import LineCache
from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import Lines, load_lines
from ocr_tf.data.records import make
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.processor import cores
from ocr_tf.progress import Progress

PLAIN = "plain loop over LMDB, OpenCV"
CACHED = 4096  # megabytes of lines that are kept


def run(config: BenchData) -> None:
    """Measures and prints a table.

    Raises:
        InputError: the lines cannot be read.
    """
    geometry = Geometry(config.height, config.width)
    lines = load_lines(open_sources(config.data), geometry)
    lines = lines.take(np.arange(min(config.lines, len(lines))))
    folder = Path(tempfile.mkdtemp(prefix="ocr_tf-bench-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stored = _store(lines, folder)
        contestants: dict[str, Callable[[], None]] = {
            name: _pass(load_lines(open_source(spec), geometry), geometry, config)
            for name, spec in stored.items()
        }
        cache = stack.enter_context(LineCache(CACHED))
        again = _pass(load_lines(open_source(stored["records"]), geometry), geometry, config, cache)
        again()
        contestants["records, later epochs"] = again
        with concurrent.futures.ProcessPoolExecutor(
            cores(), multiprocessing.get_context("spawn")
        ) as pool:
            parts = np.array_split(np.arange(1, len(lines) + 1), cores())
            path = str(folder / "lmdb")

            def plain() -> None:
                tasks = [
                    pool.submit(read_plainly, path, part.tolist(), config.height, config.width)
                    for part in parts
                ]
                for task in tasks:
                    task.result()

            seconds = timing.alternate(
                {PLAIN: plain, **contestants}, config.repeats, "reading lines"
            )
    for line in _table(config, len(lines), seconds):
        print(line)


def _store(lines: Lines, folder: Path) -> dict[str, str]:
    """Writes the lines as loose files, LMDB and records; returns a source for each."""
    loose = folder / "loose"
    loose.mkdir()
    environment = lmdb.open(str(folder / "lmdb"), map_size=2**40)
    rows = []
    progress = Progress("storing lines", len(lines))
    with environment.begin(write=True) as transaction:
        for i, sample in enumerate(lines.samples):
            encoded = lines.read(i)
            name = f"{i:06d}.{'jpg' if encoded.startswith(bytes([0xFF, 0xD8])) else 'png'}"
            (loose / name).write_bytes(encoded)
            rows.append(f"{name}\t{sample.text}\n")
            transaction.put(b"image-%09d" % (i + 1), encoded)
            transaction.put(b"label-%09d" % (i + 1), sample.text.encode())
            progress.show(i + 1)
        transaction.put(b"num-samples", b"%d" % len(lines))
    progress.clear()
    environment.close()
    (loose / "labels.tsv").write_text("".join(rows), "utf-8")
    make.make(MakeRecords(data=(str(loose),)), folder / "records")
    return {
        "loose files": str(loose),
        "LMDB": f"lmdb:{folder / 'lmdb'}",
        "records": f"records:{folder / 'records'}",
    }


def _pass(
    lines: Lines, geometry: Geometry, config: BenchData, cache: Optional[LineCache] = None
) -> Callable[[], None]:
    """Gives a function that makes all batches of an epoch, each epoch another."""
    labels: list[list[int]] = [[]] * len(lines)
    epochs = iter(range(10**6))

    def epoch() -> None:
        order = plan(lines.widths, 0, next(epochs), config.batch_size)
        seed: Optional[int] = 0 if config.augment else None
        made = pipeline.batches(lines, labels, order, geometry, augment_seed=seed, cache=cache)
        for _ in made:
            pass

    return epoch


def read_plainly(path: str, numbers: list[int], height: int, width: int) -> int:
    """Reads images of an LMDB as a short script would: decoded, gray, scaled, in [-1, 1]."""
    cv2.setNumThreads(1)
    environment = lmdb.open(path, readonly=True, lock=False, readahead=False)
    total = 0
    with environment.begin() as transaction:
        for number in numbers:
            encoded = transaction.get(b"image-%09d" % number)
            assert encoded is not None, "what was stored a moment ago"
            image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
            columns = width or max(1, round(image.shape[1] * height / image.shape[0]))
            scaled = cv2.resize(image, (columns, height)).astype(np.float32) / 127.5 - 1.0
            total += scaled.shape[1]
    environment.close()
    return total


def _table(config: BenchData, count: int, seconds: dict[str, timing.Array]) -> Iterator[str]:
    about = machine()
    size = f"{config.height}x{config.width}" if config.width else f"{config.height} high"
    threads = f"{about.threads} thread{'s' if about.threads != 1 else ''}"
    yield f"{about.processor}, {threads}; {count:,} lines, {size}; {config.repeats} rounds"
    yield f"{'':32}{'images / s':>12}{'quartiles':>20}{'to the plain loop':>20}"
    for name, samples in seconds.items():
        rate = timing.spread(count / samples)
        ratio = timing.spread(seconds[PLAIN] / samples)
        quartiles = f"{rate.low:,.0f} - {rate.high:,.0f}"
        yield f"{name:32}{rate.median:12,.0f}{quartiles:>20}{ratio.median:>20.2f}"
