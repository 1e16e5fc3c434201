"""IIIT 5K-word: MATLAB files whose structs hold ImgName and GroundTruth, or ImgName and chars.

`iiit5k:FOLDER?split=train` (or test) takes trainCharBound.mat, or traindata.mat where that is missing:
the texts are the same, and the second holds lexicons that take time to read. `iiit5k:FILE.mat` takes
that file. Images lie where ImgName says, relative to the file. Defined in the data set's read-me file
(cvit.iiit.ac.in, IIIT5K-Word V3.0).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

FILES = re.compile(r"(\w+?)(CharBound|data)\.mat")
TEXTS = ("GroundTruth", "chars")


def open_iiit5k(rest: str) -> ImageFiles:
    """Opens the list of a split.

    Raises:
        InputError: it is missing, is no MATLAB file or none of this data set, or holds nothing.
    """
    path, options = split_options("iiit5k", rest, {"split": ""})
    file = _listing(Path(path), options["split"])
    words = _structs(file)
    source = ImageFiles(str(file), file.parent)
    text = next(name for name in TEXTS if name in words.dtype.names)
    for number, (image, label) in enumerate(zip(words["ImgName"], words[text]), 1):
        place = f"{file}:{number}"
        source.add(_string(image, place, "ImgName"), _string(label, place, text), str(file), number)
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
    files = sorted(
        filter(None, (FILES.fullmatch(file.name) for file in path.glob("*.mat"))), key=str
    )
    splits = sorted({found[1] for found in files})
    if not splits:
        raise InputError(f"{path}: no trainCharBound.mat, traindata.mat or the like")
    if split not in splits and (split or len(splits) > 1):
        raise InputError(f"{path}: choose by ?split= one of {', '.join(splits)}")
    names = {found[0] for found in files}
    light = f"{split or splits[0]}CharBound.mat"
    return path / (light if light in names else f"{split or splits[0]}data.mat")


def _structs(file: Path) -> Any:
    """Reads the array of structs, [N]."""
    import scipy.io

    try:
        with open(file, "rb") as opened:
            content = scipy.io.loadmat(opened)
    except OSError as error:
        raise InputError(f"{file}: cannot read the words: {reason_of(error)}") from None
    except NotImplementedError:
        raise InputError(f"{file}: a MATLAB 7.3 file; save it by save -v7") from None
    except Exception:  # Nearly anything, for a broken file.
        raise InputError(f"{file}: truncated, corrupt or no MATLAB file") from None
    for value in content.values():
        names = getattr(getattr(value, "dtype", None), "names", None) or ()
        if "ImgName" in names and set(TEXTS) & set(names):
            return value.ravel()
    raise InputError(f"{file}: no structs with ImgName and GroundTruth or chars; not of IIIT5K")


def _string(value: Any, place: str, name: str) -> str:
    """Takes the string out of MATLAB's arrays of one element."""
    while getattr(value, "shape", None) and value.size == 1:
        value = value.reshape(-1)[0]
    if getattr(value, "size", 1) == 0:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{place}: {name} is no string")
    return str(value)
