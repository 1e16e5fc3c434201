"""One process at a time owns a folder. TensorFlow-free."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ocr_tf.errors import InputError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks a folder for this process; the system unlocks it however the process ends.

    Raises:
        InputError: another process has locked it.
    """
    with open(folder / "lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            raise InputError(
                f"{folder} is in use by process {owner}; wait for it, or choose another --workdir"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
