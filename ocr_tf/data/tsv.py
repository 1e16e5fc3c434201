r"""Lines listed in a text file: relative path, tab, text.

The file is UTF-8 (a byte order mark is tolerated), an image a line, split at the first tab. A line
ends in \n or \r\n and in nothing else: texts may hold U+2028 and the like. Paths are relative
to the file's folder. Blank lines are skipped; an empty text is allowed.
"""

from __future__ import annotations

from pathlib import Path

from ocr_tf.alphabet import nfc
from ocr_tf.data.dataset import Sample
from ocr_tf.data.image_file import read_image_file
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_text_file

DEFAULT_NAME = "labels.tsv"


class Labels:
    """A labels file as a source.

    A sample's id is the name of the file's folder and the relative path, so that it survives moving
    the data; further lines of the same image get #2, #3 and so on.
    """

    def __init__(self, path: str):
        file = Path(path)
        if file.is_dir():
            file = file / DEFAULT_NAME
        self.name = str(file)
        folder = file.parent
        prefix = folder.resolve().name
        self.samples: list[Sample] = []
        self._paths: list[Path] = []
        times: dict[str, int] = {}
        content = read_text_file(file, "labels", "give a UTF-8 file of lines path<TAB>text")
        for number, line in enumerate(content.split("\n"), 1):
            place = f"{file}:{number}"
            line = line[:-1] if line.endswith("\r") else line
            if not line.strip():
                continue
            relative, tab, text = line.partition("\t")
            if not tab:
                raise InputError(f"{place}: no tab; a line is an image's path, a tab and its text")
            if not relative or "\0" in relative:
                raise InputError(f"{place}: no image path before the tab")
            if "\r" in text:
                raise InputError(f"{place}: a carriage return within the text; remove it")
            times[relative] = times.get(relative, 0) + 1
            again = f"#{times[relative]}" if times[relative] > 1 else ""
            self.samples.append(Sample(f"{prefix}/{relative}{again}", nfc(text), place))
            self._paths.append(folder / relative)
        if not self.samples:
            raise InputError(f"{file}: holds no lines; write an image's path, a tab and its text")

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        place = self.samples[i].place
        try:
            return read_image_file(self._paths[i])
        except InputError as error:
            raise InputError(f"{place}: {self._paths[i]}: {error}") from None

    def origin(self, i: int) -> str:
        """See `Source.origin`."""
        return str(self._paths[i])


def open(path: str) -> Labels:
    """Opens a labels file, or the labels.tsv of a folder.

    Raises:
        InputError: it is missing, is not UTF-8, holds no lines, or one without a tab.
    """
    return Labels(path)
