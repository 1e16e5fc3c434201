"""Reads the text files that people write, so that every one of them is refused in the same words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Union

from ocr_tf.errors import InputError


def read_text_file(path: Union[str, Path], content: str = "file", way_out: str = "") -> str:
    """Reads a UTF-8 file whole; a byte order mark is tolerated, line ends stay as they are.

    Args:
        path: the file.
        content: names what it should hold, for the message: "labels" gives "cannot read the labels".
        way_out: advice that ends the message where the file cannot be read at all.

    Raises:
        InputError: the file cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}:{number}: not UTF-8 (byte {error.start}); save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:  # A path may hold a zero byte.
        advice = f"; {way_out}" if way_out else ""
        raise InputError(f"{path}: cannot read the {content}: {reason_of(error)}{advice}") from None


def reason_of(error: Exception) -> str:
    """Why the operating system refused, in its own words."""
    if not isinstance(error, OSError):
        return str(error)
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
