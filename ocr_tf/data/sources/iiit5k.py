"""IIIT 5K-word: MATLAB files whose structs hold ImgName and GroundTruth, or ImgName and chars.

`iiit5k:FOLDER?split=train` (or test) takes traindata.mat, or trainCharBound.mat where that is missing:
the texts are the same. `iiit5k:FILE.mat` takes that file. Images lie where ImgName says, relative to the
file. Defined in the data set's read-me file (cvit.iiit.ac.in, IIIT5K-Word V3.0).
"""

from __future__ import annotations

import re
from pathlib import Path

from ocr_tf.data.mat_file import Column, read_structs
from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError

FILES = re.compile(r"(\w+?)(CharBound|data)\.mat")
TEXTS = ("GroundTruth", "chars")


def open_iiit5k(rest: str) -> ImageFiles:
    """Opens the list of a split.

    Raises:
        InputError: it is missing, is no MATLAB file or none of this data set, or holds nothing.
    """
    path, options = split_options("iiit5k", rest, {"split": ""})
    file = _listing(Path(path), options["split"])
    names, texts = _words(file)
    source = ImageFiles(str(file), file.parent)
    for number, (name, text) in enumerate(zip(names, texts), 1):
        if name is None or text is None:
            raise InputError(f"{file}:{number}: a name or text that is no string")
        source.add(name, text, str(file), number)
    if not len(source):
        raise InputError(f"{file}: holds no words")
    source.finish()
    return source


def _listing(path: Path, split: str) -> Path:
    """Finds the file of a split."""
    if not path.is_dir():
        if split:
            raise InputError(
                f"iiit5k:{path}: split= chooses a file of a folder, and this is a file"
            )
        return path
    files = list(filter(None, (FILES.fullmatch(file.name) for file in path.glob("*.mat"))))
    splits = sorted({found[1] for found in files})
    if not splits:
        raise InputError(f"{path}: no traindata.mat, trainCharBound.mat or the like")
    if split not in splits and (split or len(splits) > 1):
        raise InputError(f"{path}: choose by ?split= one of {', '.join(splits)}")
    names = {found[0] for found in files}
    usual = f"{split or splits[0]}data.mat"
    return path / (usual if usual in names else f"{split or splits[0]}CharBound.mat")


def _words(file: Path) -> tuple[Column, Column]:
    """Returns the columns of names and texts."""
    for columns in read_structs(file):
        for text in TEXTS:
            if "ImgName" in columns and text in columns:
                return columns["ImgName"], columns[text]
    raise InputError(f"{file}: no structs with ImgName and GroundTruth or chars; not of IIIT5K")
