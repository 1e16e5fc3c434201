"""A classical recognizer as one file, a zip of NumPy's arrays; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any, Union

import numpy as np

from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.atomic import atomic_write
from ocr_tf.classical.classifier import CLASSIFIERS, Classifier
from ocr_tf.classical.logistic import Logistic
from ocr_tf.classical.recognizer import ClassicalRecognizer, Preparation
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of
from ocr_tf.types import Array

FORMAT = "ocr_tf classical recognizer 1"
ENDING = ".npz"


@dataclasses.dataclass(frozen=True)
class Model:
    """Keeps a recognizer, and how it was trained, as a file does."""

    recognizer: ClassicalRecognizer
    classifier: str  # of CLASSIFIERS
    trained_on: tuple[str, ...]  # the sources
    seconds: float  # that the training took
    seen: Array  # [N] int64, `images.pixels_key` of the images of the training


def is_model(path: Union[str, Path]) -> bool:
    """Tells whether a path is to be opened as a classical recognizer: a file whose name ends in .npz."""
    path = Path(path)
    return path.suffix == ENDING and path.is_file()


def save(path: Union[str, Path], model: Model) -> None:
    """Writes a model; at any moment either the old or the whole new file is there."""
    recognizer = model.recognizer
    alphabet = recognizer.alphabet
    described = {
        "format": FORMAT,
        "symbols": "".join(alphabet.symbols),
        "spelling": alphabet.spelling._asdict(),
        "preparation": recognizer.preparation._asdict(),
        "spaces": recognizer.spaces._asdict(),
        "dirt": recognizer.dirt,
        "rules": recognizer.rules,
        "scale": recognizer.classifier.scale,
        "classifier": model.classifier,
        "trained_on": model.trained_on,
        "seconds": model.seconds,
    }
    content = io.BytesIO()
    text = np.frombuffer(json.dumps(described).encode(), np.uint8)
    np.savez(content, description=text, seen=model.seen, **recognizer.classifier.decisions.arrays())
    atomic_write(path, content.getvalue())


def load(path: Union[str, Path]) -> Model:
    """Reads a model.

    Raises:
        InputError: the file cannot be read, or is none of this format.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _model(json.loads(arrays.pop("description").tobytes()), arrays)
    except OSError as error:
        raise InputError(f"{path}: {reason_of(error) or 'cannot be read'}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise InputError(
            f"{path}: no classical recognizer, or a damaged one; train one with train_classical"
        ) from None


def _model(described: dict[str, Any], arrays: dict[str, Array]) -> Model:
    if described["format"] != FORMAT:
        raise ValueError(described["format"])
    decisions = CLASSIFIERS[described["classifier"]].from_arrays(arrays)
    recognizer = ClassicalRecognizer(
        alphabet=Alphabet(described["symbols"], Spelling(**described["spelling"])),
        preparation=Preparation(**described["preparation"]),
        classifier=Classifier(decisions, described["scale"]),
        spaces=Logistic(**described["spaces"]),
        dirt=described["dirt"],
        rules=described["rules"],
    )
    return Model(
        recognizer=recognizer,
        classifier=described["classifier"],
        trained_on=tuple(described["trained_on"]),
        seconds=described["seconds"],
        seen=arrays["seen"],
    )
