r"""Cropped words of the ICDAR Robust Reading competitions: lines `word_1.png, "Genaxis Theatre"`.

`icdar:FILE`, or `icdar:FOLDER` for the gt.txt in it. The text stands in double quotes; within it \" is a
quote and \\ a backslash; a quote that is not escaped is taken as it is. The file is UTF-8, with or without
a byte order mark; images lie beside it. Defined on the tasks pages of rrc.cvc.uab.es (challenges 1, 2 and
4, word recognition).
"""

from __future__ import annotations

import re
from pathlib import Path

from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines

DEFAULT_NAME = "gt.txt"
LINE = re.compile(r'([^,]*?)\s*,\s*"(.*)"\s*')
ESCAPED = r'\\(["\\])'  # a backslash before anything else stands for itself


def open_icdar(rest: str) -> ImageFiles:
    """Opens a ground truth file, or the gt.txt of a folder.

    Raises:
        InputError: it is missing, is not UTF-8, or holds no line or one of another form.
    """
    path, _ = split_options("icdar", rest, {})
    file = Path(path)
    if file.is_dir():
        file = file / DEFAULT_NAME
    source = ImageFiles(str(file), file.parent)
    advice = 'give a UTF-8 file of lines word_1.png, "text"'
    for number, line in read_lines(file, "ground truth", advice):
        if line.strip():
            place = f"{file}:{number}"
            found = LINE.fullmatch(line)
            if not found:
                raise InputError(f'{place}: no image and quoted text; a line is word_1.png, "text"')
            text = re.sub(ESCAPED, r"\1", found[2])
            source.add(found[1].strip(), text, str(file), number)
    if not len(source):
        raise InputError(f"{file}: holds no lines; {advice}")
    source.finish()
    return source
