"""Event files for TensorBoard: a run's derives from its folder, and holds nothing else."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Optional

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.tensorboard import summaries

# TensorBoard reads every file with the mark in its name, in the order of the names, and calls the run
# by its folder.
MARK = "tfevents"
NAME = f"events.out.{MARK}."


def refresh(run: RunFolder) -> None:
    """Writes a run's events anew, unless it is being trained: its trainer writes them.

    Raises:
        InputError: a record is damaged; what was there still is.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(run.lock())
        except InputError:
            return
        stack.enter_context(Curves(run)).rewrite()


class Curves:
    """The event file of one run; `rewrite` at every start, then `write` each new record."""

    def __init__(self, run: RunFolder):
        """Touches nothing yet."""
        self.run = run
        self._file: Optional[BinaryIO] = None

    def rewrite(self) -> None:
        """Replaces all event files of the run by one that holds what its folder holds.

        A TensorBoard that shows the run meanwhile drops what is no longer there.

        Raises:
            InputError: a record is damaged; what was there still is.
            OSError: the disk is full, or the like.
        """
        self.close()
        self._file = open(replace(self.run.path, self._events()), "ab")

    def write(self, record: Mapping[str, Any]) -> None:
        """Adds what one record shows, so that TensorBoard sees it at once.

        Raises:
            ValueError: the record is not of the form that `summaries` describes.
            RuntimeError: `rewrite` was not called first.
            OSError: the disk is full, or the like.
        """
        if self._file is None:
            raise RuntimeError("no event file is open: call rewrite first")
        content = io.BytesIO()
        _append(content, summaries.of_record(record, self.run.path))
        self._file.write(content.getvalue())
        self._file.flush()

    def close(self) -> None:
        """Closes the file; `rewrite` opens a new one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Curves:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _events(self) -> Iterator[Event]:
        yield from summaries.opening(self.run)
        for number, record in enumerate(self.run.metrics.records(), 1):
            try:
                yield from summaries.of_record(record, self.run.path)
            except ValueError as error:
                raise InputError(f"{self.run.metrics.path}:{number}: {error}") from None
        yield from summaries.of_evaluations(self.run)


def replace(folder: Path, events: Iterable[Event]) -> Path:
    """Replaces all event files of a folder by one of these events.

    A TensorBoard that shows the folder meanwhile drops what is no longer there.

    Returns:
        The file.

    Raises:
        OSError: the disk is full, or the like; what was there still is.
    """
    content = io.BytesIO()
    _append(content, _beginning())
    _append(content, events)
    path = folder / _next_name(folder)
    atomic_write(path, content.getvalue())
    for old in folder.iterdir():
        if MARK in old.name and old != path:
            old.unlink()
    return path


def _next_name(folder: Path) -> str:
    # A running TensorBoard goes on only to a later name, even within the same second.
    taken = [p.name[len(NAME) :].partition(".")[0] for p in folder.glob(NAME + "*")]
    latest = max((int(number) for number in taken if number.isdecimal()), default=0)
    return f"{NAME}{max(int(time.time()), latest + 1):010d}.ocr_tf"


def _beginning() -> list[Event]:
    now = time.time()
    return [
        Event(wall_time=now, file_version="brain.Event:2"),
        # Makes a running TensorBoard forget every point of the file before this one.
        Event(wall_time=now, step=0, session_log=SessionLog(status=SessionLog.START)),
    ]


def _append(content: BinaryIO, events: Iterable[Event]) -> None:
    writer = RecordWriter(content)
    for event in events:
        writer.write(event.SerializeToString())
