"""Synth90k (MJSynth): annotation files of lines `./2425/1/115_Lube_45484.jpg 45484`.

`mjsynth:FILE`, or `mjsynth:FOLDER` for the annotation file in it, of which `?split=train` names one of
several. The text is what stands between the first and the last underscore of an image's name; the number
is the word's place in the lexicon, from 0. `?lexicon=FILE` checks each text against that word, but for
case. Defined in the data set's read-me file (www.robots.ox.ac.uk/~vgg/data/text).
"""

from __future__ import annotations

import re
from pathlib import Path

from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.data.strings import Strings
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines

LINE = re.compile(r"(?:\./)?((?:[^/]+/)*[^/_]*_([^/]*)_([0-9]+)\.[A-Za-z]+)(?: +([0-9]+))? *")
FORM = "./2425/1/115_Lube_45484.jpg 45484"


def open_mjsynth(rest: str) -> ImageFiles:
    """Opens an annotation file.

    Raises:
        InputError: it is missing, is not UTF-8, or holds no line, one of another form, or one that the
            lexicon does not confirm; the lexicon is missing or empty.
    """
    path, options = split_options("mjsynth", rest, {"split": "", "lexicon": ""})
    file = _annotation(Path(path), options["split"])
    words = _read_lexicon(options["lexicon"]) if options["lexicon"] else None
    source = ImageFiles(str(file), file.parent)
    for number, line in read_lines(file, "annotation", f"give a file of lines {FORM}"):
        if line.strip():
            place = f"{file}:{number}"
            found = LINE.fullmatch(line)
            if not found:
                raise InputError(f"{place}: no image name with a label in it; a line is {FORM}")
            image, text, inner, index = found.groups()
            if words is not None:
                _check(place, text, int((index or inner)[:12]), words, options["lexicon"])
            source.add(image, text, str(file), number)
    if not len(source):
        raise InputError(f"{file}: holds no lines; a line is {FORM}")
    source.finish()
    return source


def _annotation(path: Path, split: str) -> Path:
    """Finds the annotation file."""
    if not path.is_dir():
        if split:
            raise InputError(
                f"mjsynth:{path}: split= chooses a file of a folder, and this is a file"
            )
        return path
    files = sorted(path.glob("annotation_*.txt"))
    names = ", ".join(file.stem.partition("_")[2] for file in files)
    if split:
        if path / f"annotation_{split}.txt" not in files:
            raise InputError(f"{path}: no annotation_{split}.txt; there are {names or 'none'}")
        return path / f"annotation_{split}.txt"
    if len(files) != 1:
        raise InputError(
            f"{path}: {len(files) or 'no'} annotation_*.txt; "
            + (f"choose by ?split= one of {names}" if files else f"a line of one is {FORM}")
        )
    return files[0]


def _read_lexicon(name: str) -> Strings:
    words = Strings(line.strip() for _, line in read_lines(name, "lexicon"))
    if not any(words):
        raise InputError(f"{name}: the lexicon is empty; write a word on each line")
    return words


def _check(place: str, text: str, index: int, words: Strings, lexicon: str) -> None:
    if index >= len(words):
        raise InputError(
            f"{place}: word {index} of {lexicon}, which has {len(words)}, counted from 0"
        )
    if words[index].casefold() != text.casefold():
        raise InputError(
            f"{place}: {text!r}, and word {index} of {lexicon} is {words[index]!r}; "
            "name the lexicon that belongs to the images, or none"
        )
