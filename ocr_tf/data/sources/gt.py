"""Pairs of a line's image and its text: NAME.gt.txt beside NAME.png, as OCRopus began it.

`gt:FOLDER` takes every NAME.gt.txt in the folder and below it, in sorted order. The text is the first
line of the file, without its line end. The image is NAME with one of the endings in IMAGE_ENDINGS, the first
that there is. Layout as in the read-me files of tesstrain, Kraken (`ketos train -f path`) and Calamari.
"""

from __future__ import annotations

import os
from pathlib import Path

from ocr_tf.data.image_file import ENDINGS
from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines, reason_of

LABEL = ".gt.txt"
IMAGE_ENDINGS = (*ENDINGS, ".bin.png", ".nrm.png")  # the last two: OCRopus' own


class Pairs(ImageFiles):
    """Text files, each with an image beside it."""

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        if not self.path(i).exists():
            name = self.place(i).removesuffix(LABEL)
            raise InputError(
                f"{self.place(i)}: no image beside it: {name}.png, .jpg, .tif or the like"
            )
        return super().read(i)


def open_gt(rest: str) -> Pairs:
    """Opens a folder of pairs.

    Raises:
        InputError: it is missing or holds no text file; a text file is not UTF-8 or has a second line.
    """
    path, _ = split_options("gt", rest, {})
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; gt: takes a folder with NAME.gt.txt beside images"
        )
    source = Pairs(str(folder), folder)
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        present = set(names)
        for name in sorted(names):
            if name.endswith(LABEL):
                stem = name.removesuffix(LABEL)
                choices = (
                    stem + written
                    for ending in IMAGE_ENDINGS
                    for written in (ending, ending.upper())
                )
                image = next(filter(present.__contains__, choices), stem + IMAGE_ENDINGS[0])
                label = Path(place, name)
                inner = os.path.relpath(os.path.join(place, image), folder)
                source.add(inner, _text(label), str(label))
    if not len(source):
        raise InputError(f"{folder}: holds no NAME{LABEL}; put one beside each image")
    source.finish()
    return source


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot read the folder: {reason_of(error)}")


def _text(file: Path) -> str:
    """Reads the only line of a text file; an empty file is an empty text."""
    first = ""
    for number, line in read_lines(file, "text"):
        if number == 1:
            first = line
        elif line.strip():
            raise InputError(
                f"{file}:{number}: a second line; the file of a line's image holds one"
            )
    if "\r" in first:
        raise InputError(f"{file}:1: a carriage return within the text; remove it")
    return first
