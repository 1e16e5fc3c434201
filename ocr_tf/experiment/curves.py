"""A run's curves in TensorBoard: event files that derive from its records and hold nothing else.

A record is {"step": 120, "wall": 1700000000.0, "train/loss": 1.5, ...}: `wall` in seconds of Unix
time; every key with a slash is a scalar of exactly that tag, so that runs overlay. A null is a
value that does not exist, and gives no point.

The files are written without TensorFlow: its writer stamps each event with the time of writing, and
a curve written anew on resume would lose its wall times.
"""

from __future__ import annotations

import io
import numbers
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Optional, Union

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from ocr_tf.errors import InputError
from ocr_tf.experiment.atomic import atomic_write

# TensorBoard reads every file with the mark in its name, in the order of the names.
MARK = "tfevents"
NAME = f"events.out.{MARK}."


class Curves:
    """The event file of one run; `rewrite` at every start, then `write` each new record."""

    def __init__(self, records: Union[str, Path], folder: Union[str, Path]):
        """Touches nothing yet.

        Args:
          records: metrics.jsonl, named in error messages.
          folder: where the event files are; made when there is none.
        """
        self.records, self.folder = Path(records), Path(folder)
        self._file: Optional[BinaryIO] = None

    def rewrite(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Replaces all event files of the folder by one that holds `records`.

        A TensorBoard that shows the run meanwhile drops what is no longer there.

        Raises:
          InputError: a record is not of the form above; what was there still is.
          OSError: the disk is full, or the like.
        """
        self.close()
        content = _encode(_beginning())
        for number, record in enumerate(records, 1):
            try:
                content += _encode(_event(record))
            except ValueError as error:
                raise InputError(f"{self.records}:{number}: {error}") from None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / self._next_name()
        atomic_write(path, content)
        for old in self.folder.iterdir():
            if MARK in old.name and old != path:
                old.unlink()
        self._file = open(path, "ab")

    def write(self, record: Mapping[str, Any]) -> None:
        """Adds the points of one record, so that TensorBoard sees them at once.

        Raises:
          ValueError: the record is not of the form above.
          RuntimeError: `rewrite` was not called first.
          OSError: the disk is full, or the like.
        """
        if self._file is None:
            raise RuntimeError("no event file is open: call rewrite first")
        self._file.write(_encode(_event(record)))
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

    def _next_name(self) -> str:
        # A running TensorBoard goes on only to a later name, even within the same second.
        taken = [p.name[len(NAME) :].partition(".")[0] for p in self.folder.glob(NAME + "*")]
        latest = max((int(number) for number in taken if number.isdecimal()), default=0)
        return f"{NAME}{max(int(time.time()), latest + 1):010d}.ocr_tf"


def _beginning() -> list[Event]:
    now = time.time()
    return [
        Event(wall_time=now, file_version="brain.Event:2"),
        # Makes a running TensorBoard forget every point of the file before this one.
        Event(wall_time=now, step=0, session_log=SessionLog(status=SessionLog.START)),
    ]


def _event(record: Mapping[str, Any]) -> list[Event]:
    """The record's event; none where it has no point."""
    if not isinstance(record, Mapping):
        raise ValueError(f"a record is an object, not {record!r}")
    step, wall = record.get("step"), record.get("wall")
    if not isinstance(step, numbers.Integral) or isinstance(step, bool):
        raise ValueError(f"step is a whole number, not {step!r}")
    if not isinstance(wall, numbers.Real) or isinstance(wall, bool):
        raise ValueError(f"wall is a Unix time in seconds, not {wall!r}")
    values = []
    for tag, value in record.items():
        if "/" not in tag or value is None:
            continue
        if not isinstance(value, numbers.Real):
            raise ValueError(f"{tag} is a number, not {value!r}")
        values.append(Summary.Value(tag=tag, simple_value=float(value)))
    if not values:
        return []
    return [Event(wall_time=float(wall), step=int(step), summary=Summary(value=values))]


def _encode(events: list[Event]) -> bytes:
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()
