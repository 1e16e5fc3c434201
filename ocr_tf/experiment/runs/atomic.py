"""Files that are never half there, and places that nothing can be written to. TensorFlow-free."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Union

from ocr_tf.errors import InputError

TEMPORARY = ".tmp"


def atomic_write(path: Union[str, Path], content: bytes) -> None:
    """Writes a file so that at any moment either the old or the whole new one is there.

    Args:
        path: file to write or replace; its folder exists.
        content: all of it.

    Raises:
        OSError: the disk is full, or the like; what stood at `path` still stands there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
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


def check_writable(folder: Union[str, Path], way_out: str) -> None:
    """Refuses a folder that cannot be made or written to, before the work that would fill it.

    Tries it, in the nearest folder that exists, and leaves nothing behind: permissions do not tell of
    a file system that is mounted read-only.

    Args:
        folder: to be written to; need not exist.
        way_out: ends the message: "choose another --workdir".

    Raises:
        InputError: nothing can be written there.
    """
    folder = Path(folder)
    nearest = folder.absolute()
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(
            f"{folder} is not a folder; {way_out}"
            if nearest == folder.absolute()
            else f"{folder}: {nearest} is not a folder; {way_out}"
        )
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise InputError(
            f"{folder}: nothing can be written to {nearest}: {error.strerror}; {way_out}"
        ) from None


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder as durable as the files they name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
