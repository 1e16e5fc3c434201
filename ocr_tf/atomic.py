"""Files that are never half there. TensorFlow-free."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Union

TEMPORARY = ".tmp"


def atomic_write(path: Union[str, Path], content: bytes) -> None:
    """Writes a file so that at any moment either the old or the whole new one is there.

    Args:
        path: file to write or replace; its folder exists.
        content: all of it.

    Raises:
        OSError: the disk is full, or the like; what stood at `path` still stands there.
    """
    with atomic_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def atomic_file(path: Union[str, Path]) -> Iterator[BinaryIO]:
    """Gives a file to write to, which takes its place when the context ends without an exception.

    Arguments and errors are those of `atomic_write`.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename is None and error.errno is not None:
            error.filename = str(path)  # A failed write does not know its file.
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder as durable as the files they name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
