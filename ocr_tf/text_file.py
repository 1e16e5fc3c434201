"""Reads the text files that people write, so that every one of them is refused in the same words."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


def read_lines(
    path: Union[str, Path], content: str = "file", way_out: str = ""
) -> Iterator[tuple[int, str]]:
    r"""Reads a UTF-8 file line by line, each with its number from 1 and without its \n or \r\n.

    Takes the memory of a line, not of the file. Arguments and errors are those of `read_text_file`.
    """
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                line = line.removesuffix(b"\n").removesuffix(b"\r")
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                try:
                    yield number, line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}:{number}: not UTF-8 (byte {error.start} of the line); "
                        "save the file as UTF-8"
                    ) from None
    except (OSError, ValueError) as error:
        advice = f"; {way_out}" if way_out else ""
        raise InputError(f"{path}: cannot read the {content}: {reason_of(error)}{advice}") from None


def reason_of(error: Exception) -> str:
    """Why the operating system refused, in its own words."""
    if not isinstance(error, OSError):
        return str(error)
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
