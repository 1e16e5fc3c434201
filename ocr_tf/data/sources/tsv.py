r"""Lines listed in a text file: relative path, tab, text.

The file is UTF-8 (a byte order mark is tolerated), an image a line. A line ends in \n or \r\n and in
nothing else: texts may hold U+2028 and the like. Paths are relative to the file's folder. Blank lines are
skipped; an empty text is allowed. A third column names a split: `tsv:FILE?split=train` takes the lines of
one. Without that option a third column is refused, as no text holds a tab.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines

DEFAULT_NAME = "labels.tsv"


def open_tsv(rest: str, scheme: str = "tsv", kind: type[ImageFiles] = ImageFiles) -> ImageFiles:
    """Opens a labels file, or the labels.tsv of a folder.

    Args:
        rest: what stands behind the scheme and the colon.
        scheme: names the source in messages.
        kind: the class of the source, which says how the listed files are read.

    Raises:
        InputError: it is missing, is not UTF-8, holds no lines, or one without a tab or with two.
    """
    path, options = split_options(scheme, rest, {"split": ""})
    file = Path(path)
    if file.is_dir():
        file = file / DEFAULT_NAME
    split = options["split"]
    source = kind(f"{file}?split={split}" if split else str(file), file.parent)
    splits: set[str] = set()
    for number, line in read_lines(file, "labels", "give a UTF-8 file of lines path<TAB>text"):
        if line.strip():
            place = f"{file}:{number}"
            image, text, third = _columns(line, place, bool(split), scheme)
            splits.add(third or "")
            if not split or third == split:
                source.add(image, text, str(file), number)
    if split and not len(source):
        found = ", ".join(sorted(splits)) or "none"
        raise InputError(f"{file}: no line of the split {split!r}; there are {found}")
    if not len(source):
        raise InputError(f"{file}: holds no lines; write an image's path, a tab and its text")
    source.finish()
    return source


def _columns(line: str, place: str, split: bool, scheme: str) -> tuple[str, str, Optional[str]]:
    """Splits a line into path, text and, where one is asked for, the name of its split."""
    image, tab, rest = line.partition("\t")
    if not tab:
        raise InputError(f"{place}: no tab; a line is an image's path, a tab and its text")
    if not image:
        raise InputError(f"{place}: no image path before the tab")
    text, tab, third = rest.partition("\t")
    if tab and "\t" in third:
        raise InputError(f"{place}: {rest.count(chr(9)) + 2} columns; write path<TAB>text")
    if tab and not split:
        raise InputError(
            f"{place}: a third column, {third!r}; if it names a split, choose one by "
            f"{scheme}:FILE?split={third or 'NAME'}, else take the tab out of the text"
        )
    if split and not tab:
        raise InputError(f"{place}: no third column; ?split= needs path<TAB>text<TAB>split")
    if "\r" in text:
        raise InputError(f"{place}: a carriage return within the text; remove it")
    return image, text, third if tab else None
