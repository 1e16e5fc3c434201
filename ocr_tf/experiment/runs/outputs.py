"""Finds out before the work whether its result can be written; TensorFlow-free."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Union

from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of


def check_writable(
    path: Union[str, Path],
    place: str,
    *,
    parents: bool = False,
    folder: bool = False,
    way_out: str = "choose another place",
) -> None:
    """Refuses a file or folder that could not be written.

    Tries it out with a file that vanishes by itself: permissions alone do not tell of a read-only disk.

    Args:
        path: what will be written. It need not exist.
        place: begins the message: the flag or the argument that named it.
        parents: folders above it will be made; otherwise the one that holds it must exist.
        folder: it is a folder, and will be made with those above it.
        way_out: ends the message.

    Raises:
        InputError: it cannot be written.
    """
    path = Path(path)
    nearest = path if folder or path.is_dir() else path.parent
    while (parents or folder) and not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not os.path.lexists(nearest):
        raise InputError(f"{place}: there is no folder {nearest}; make it first")
    if not nearest.is_dir():
        name = "" if str(nearest) == place else f"{place}: "
        raise InputError(f"{name}{nearest} is not a folder; {way_out}")
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise InputError(
            f"{place}: cannot write in {nearest}: {reason_of(error)}; {way_out}"
        ) from None


def check_picture(path: Path, software: str, what: str) -> None:
    """Refuses an --output that is no PNG file, cannot be written, or is somebody else's picture.

    Args:
        path: the picture to write.
        software: the name under `Software` in pictures that the command made before.
        what: names these pictures in the message.

    Raises:
        InputError: the picture may not be written there.
    """
    from PIL import Image

    if path.suffix.lower() != ".png":
        raise InputError(f"--output={path}: the picture is a PNG file; let its name end in .png")
    check_writable(path, f"--output={path}")
    if not path.exists():
        return
    try:
        with Image.open(path) as picture:
            ours = picture.info.get("Software") == software
    except (OSError, ValueError, Image.DecompressionBombError):
        ours = False
    if not ours:
        raise InputError(f"--output={path} exists and is no {what}; choose another")
