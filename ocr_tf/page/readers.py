"""Whoever reads the lines of a page: a run, an export, or a classical recognizer.

TensorFlow is loaded for the first two only, when `open_reader` is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Optional, Protocol

from ocr_tf.classical import model_file
from ocr_tf.classical.guided import Guided, check_search, guided
from ocr_tf.classical.recognizer import ClassicalRecognizer
from ocr_tf.data.png import encode_png
from ocr_tf.decode import Search, parse_search
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving.config import Predict
from ocr_tf.experiment.serving.predict import check_model
from ocr_tf.library_lines import without_library_lines
from ocr_tf.types import Array

if TYPE_CHECKING:
    from ocr_tf.experiment.serving.reader import ModelReader

BATCH = 16  # lines


class ReadText(NamedTuple):
    """What a line says."""

    text: str
    log_prob: Optional[float]  # log p(text | image); None where the line could not be read
    trouble: str = ""  # why not


class PageReader(Protocol):
    """Reads lines that were cut out of a page."""

    def read(self, lines: Sequence[Array]) -> list[ReadText]:
        """Reads lines, [h, w] uint8 each, in their order."""
        ...


class ClassicalReader:
    """Reads by a classical recognizer."""

    def __init__(self, recognizer: ClassicalRecognizer, how: Guided):
        self._recognizer, self._how = recognizer, how

    def read(self, lines: Sequence[Array]) -> list[ReadText]:
        """See `PageReader.read`."""
        found = self._recognizer.recognize(lines, self._how.guide, self._how.width)
        return [ReadText(text.text, text.log_prob) for text in found]


class NetworkReader:
    """Reads by a run or an export."""

    def __init__(self, reader: ModelReader):
        self._reader = reader

    def read(self, lines: Sequence[Array]) -> list[ReadText]:
        """See `PageReader.read`."""
        read: list[ReadText] = []
        for start in range(0, len(lines), BATCH):
            encoded = [encode_png(line, compress_level=1) for line in lines[start : start + BATCH]]
            with without_library_lines():
                answers = self._reader.read(encoded)
            for image, texts in zip(encoded, answers):
                if texts:
                    read.append(ReadText(texts[0].text, texts[0].log_prob))
                else:
                    reason = self._reader.why_bad(image) or "cannot be read"
                    read.append(ReadText("", None, reason))
        return read


def check_reader(model: str, checkpoint: str, search: str) -> Search:
    """Refuses what is no model, and flags that would do nothing with it; gives the search.

    Raises:
        InputError: see above.
    """
    if not model_file.is_model(model):
        return check_model(model, Predict(checkpoint=checkpoint, search=search))
    if checkpoint != Predict().checkpoint:
        raise InputError(
            f"--checkpoint={checkpoint}: {model} is a classical recognizer, which has none; "
            "leave the flag out"
        )
    parsed = parse_search(search)
    check_search(parsed, f"--search={search}")
    return parsed


def open_reader(model: str, checkpoint: str, search: Search) -> PageReader:
    """Opens a model that `check_reader` has passed.

    Raises:
        InputError: it is damaged.
    """
    if model_file.is_model(model):
        recognizer = model_file.load(model).recognizer
        return ClassicalReader(recognizer, guided(search, recognizer.alphabet))
    from ocr_tf.experiment.serving.reader import open_signatures  # Here: it loads TensorFlow.

    return NetworkReader(open_signatures(model, checkpoint, search).reader())
