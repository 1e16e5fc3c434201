"""How long systems take for a line alone: all in turn, in one process that has one core.

An encoded image goes in and its text comes out, so that decoding and scaling count for all alike. This module
is TensorFlow-free: the process has its one core before TensorFlow counts the cores.
"""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.classical.guided import guided
from ocr_tf.classical.model_file import load
from ocr_tf.data.page_image import decode_gray
from ocr_tf.decode import parse_search
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.provenance import processor
from ocr_tf.library_lines import without_library_lines
from ocr_tf.progress import Progress
from ocr_tf.systems.line_sets import LineSet
from ocr_tf.systems.named import Named

BUSY = 0.95  # share of the time below which other programs had the core too


class Milliseconds(NamedTuple):
    """The median over lines of the time that a line takes, and the quartiles."""

    median: float
    low: float
    high: float


class Times(NamedTuple):
    """How long each system took, and how far that can be trusted."""

    lines: dict[str, Milliseconds]  # by system
    core: float  # share of the time that the process had its core; less where other programs run


def measure(
    systems: Sequence[Named], lines: LineSet, count: int, checkpoint: str, search: str, kept: Path
) -> Times:
    """Times every system on the first lines of a set, or takes what was measured of the same before.

    Args:
        systems: that read in turn, so that a drift of the machine is one for all.
        lines: the set.
        count: of its lines at most.
        checkpoint: of runs.
        search: as --search writes it.
        kept: the file of what was measured, written anew where a system, lines or processor differ.

    Raises:
        InputError: the process was killed.
    """
    told = [processor(), lines.key, str(count), search]
    told += [f"{system.name}={system.digest}" for system in systems]
    key = hashlib.sha256("\0".join(told).encode()).hexdigest()
    timed = _kept(kept, key)
    if timed is None:
        encoded = [lines.source.read(i) for i in range(min(count, len(lines.source)))]
        timed = _in_a_process(systems, encoded, checkpoint, search)
        atomic_write(kept, (json.dumps({"key": key, **timed._asdict()}) + "\n").encode())
    quartiles = {name: np.percentile(each, [50, 25, 75]) for name, each in timed.seconds.items()}
    milliseconds = {name: Milliseconds(*(1e3 * q).tolist()) for name, q in quartiles.items()}
    return Times(milliseconds, timed.core)


class _Timed(NamedTuple):
    """What the process measures."""

    seconds: dict[str, list[float]]  # of each line, by system
    core: float  # see `Times`


def _kept(path: Path, key: str) -> Optional[_Timed]:
    try:
        content = json.loads(path.read_bytes())
        if content.pop("key") == key:
            return _Timed(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def _in_a_process(
    systems: Sequence[Named], encoded: Sequence[bytes], checkpoint: str, search: str
) -> _Timed:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_time, tuple(systems), tuple(encoded), checkpoint, search).result()
        except BrokenProcessPool:
            raise InputError(
                "the process that times the systems was killed, as when there is no memory left: name fewer "
                "systems, or give --timed=0"
            ) from None


def _time(
    systems: Sequence[Named], encoded: Sequence[bytes], checkpoint: str, search: str
) -> _Timed:
    """Runs in the fresh process: the second of two rounds over the lines counts, in seconds a line."""
    if hasattr(os, "sched_setaffinity"):  # not on every system
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    seconds: dict[str, list[float]] = {system.name: [] for system in systems}
    with without_library_lines():
        readers = {one.name: _reader(one, checkpoint, search) for one in systems}
        progress = Progress("timing", 2 * len(encoded))
        wall = cpu = 0.0
        for done, image in enumerate((*encoded, *encoded)):
            if done == len(encoded):
                wall, cpu = time.perf_counter(), time.process_time()
            for name, read in readers.items():
                began = time.perf_counter()
                read(image)
                if done >= len(encoded):
                    seconds[name].append(time.perf_counter() - began)
            progress.show(done + 1)
        core = (time.process_time() - cpu) / (time.perf_counter() - wall)
        progress.clear()
    return _Timed(seconds, min(1.0, core))


def _reader(system: Named, checkpoint: str, search: str) -> Callable[[bytes], Any]:
    """Opens a system as a function of one encoded image."""
    how = parse_search(search)
    if system.classical:
        recognizer = load(system.path).recognizer
        guide = guided(how, recognizer.alphabet)
        return lambda image: recognizer.recognize(
            [decode_gray(io.BytesIO(image))], guide.guide, guide.width
        )
    import tensorflow as tf

    from ocr_tf.experiment.serving.reader import open_model

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    reader = open_model(system.path, checkpoint, search=how)
    return lambda image: reader.read([image])
