"""Finds out before the work whether its result can be written; TensorFlow-free."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Union

from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of


def check_writable(path: Union[str, Path], place: str, *, parents: bool = False) -> None:
    """Refuses a file or folder that could not be written.

    Tries it out with a file that vanishes by itself: permissions alone do not tell of a read-only disk.

    Args:
        path: what will be written. It need not exist.
        place: begins the message: the flag or the argument that named it.
        parents: folders above it will be made; otherwise the one that holds it must exist.

    Raises:
        InputError: it cannot be written.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    while parents and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.exists():
        raise InputError(f"{place}: there is no folder {folder}; make it first")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{place}: cannot write in {folder}: {reason_of(error)}; choose another place"
        ) from None
