"""Reads images with a run or an export: path, text and confidence on a line, separated by tabs.

TensorFlow-free until the model is loaded, so that a wrong path is told at once.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ocr_tf.data.geometry import MAX_PIXELS
from ocr_tf.data.image_file import ENDINGS, ImageFile, open_image_file
from ocr_tf.decode import Search, parse_search, several
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.temperature import parse_temperature
from ocr_tf.experiment.serving.config import Predict
from ocr_tf.experiment.serving.export_folder import is_export, read_geometry
from ocr_tf.library_lines import without_library_lines
from ocr_tf.progress import Progress
from ocr_tf.terminal import escape_name, escape_text

if TYPE_CHECKING:
    from ocr_tf.experiment.serving.reader import ModelReader, Text

# Bytes of a batch's images, encoded and decoded: what is larger by itself is read alone.
IN_FLIGHT = 128_000_000


def run(config: Predict, model: str, paths: list[str]) -> None:
    """Prints the texts of every image that can be read, in the order given; names the others on stderr.

    Raises:
        InputError: no such model or no image at all; flags that would do nothing; or, after all others
            are read, that some images could not be.
    """
    search = check_model(model, config)
    files = _images(paths)
    work = _Work(config, len(files))
    if any(file.exists() for file in files):
        from ocr_tf.experiment.serving.reader import open_model  # Here: it loads TensorFlow.

        reader = open_model(
            model, config.checkpoint, config.n_best, search, config.temperature, config.symbols
        )
        with without_library_lines():
            work.read(files, reader)
    else:
        for file in files:
            work.refuse(file, _opened(file).reason)
    if work.failed:
        raise InputError(f"{work.failed} of {len(files)} images could not be read (named above)")


def check_model(model: str, config: Predict) -> Search:
    """Refuses what is no model, and flags that would do nothing with it; gives the search.

    Raises:
        InputError: see above.
    """
    search = parse_search(config.search)
    parse_temperature(config.temperature)
    if config.symbols and config.n_best:
        raise InputError(
            f"--symbols: of one text, not of --n_best={config.n_best}; leave one of the two out"
        )
    if search.best > 1:
        raise InputError(
            f"--search={config.search}: it finds one text; ask for {search.best} with "
            f"--n_best={search.best}"
        )
    if config.n_best:
        several(search, config.n_best, config.n_best)
    if not is_export(model):
        RunFolder.open(model)
        return search
    read_geometry(Path(model))
    if config.checkpoint != Predict().checkpoint:
        raise InputError(
            f"--checkpoint={config.checkpoint}: {model} is an export, which holds one checkpoint; "
            "leave the flag out, or name the run"
        )
    if config.temperature != Predict().temperature:
        raise InputError(
            f"--temperature={config.temperature}: {model} is an export, whose temperature was chosen when "
            "it was written; leave the flag out, or name the run"
        )
    if search != parse_search(Predict().search):
        raise InputError(
            f"--search={config.search}: {model} is an export, whose search was chosen when it was "
            "written; leave the flag out, or name the run"
        )
    return search


class _Opened(NamedTuple):
    """A file and its content, or why it has none."""

    path: Path
    image: ImageFile
    reason: str = ""


class _Work:
    """Reads files in batches that fit in memory, and prints what becomes of each."""

    def __init__(self, config: Predict, total: int):
        self.batch_size, self.n_best = config.batch_size, config.n_best
        self.done = self.failed = 0
        self.progress = Progress("predicting", total)

    def read(self, files: list[Path], reader: ModelReader) -> None:
        """Reads and prints all files, in their order."""
        batch: list[_Opened] = []
        total = 0
        for file in files:
            opened = _opened(file, reader.geometry.max_pixels)
            size = len(opened.image.encoded) + reader.decoded_bytes(opened.image.encoded)
            if batch and (len(batch) == self.batch_size or total + size > IN_FLIGHT):
                self._read_batch(batch, reader)
                batch, total = [], 0
            batch.append(opened)
            total += size
        self._read_batch(batch, reader)
        self.progress.clear()

    def refuse(self, path: Path, reason: str) -> None:
        """Names a file that cannot be read."""
        self.failed += 1
        print(f"error: {escape_name(path)}: {reason}", file=sys.stderr)

    def _read_batch(self, batch: list[_Opened], reader: ModelReader) -> None:
        readings = reader.read([opened.image.encoded for opened in batch])
        self.progress.clear()
        for (path, image, reason), texts in zip(batch, readings):
            for text in texts:
                print("\t".join(self._fields(path, text)))
            if not texts:
                cause = reason or reader.why_bad(image.encoded) or "cannot be read"
                self.refuse(path, cause)
            elif image.pages > 1:
                print(
                    f"note: {escape_name(path)}: first of {image.pages} pages read", file=sys.stderr
                )
        sys.stdout.flush()
        self.done += len(batch)
        self.progress.show(self.done)

    def _fields(self, path: Path, read: Text) -> list[str]:
        """The columns of a text."""
        fields = [escape_name(path), escape_text(read.text), f"{math.exp(read.log_prob):.4f}"]
        if self.n_best:
            fields.append(f"{read.log_prob:.4f}")
        if read.confidences is not None:
            fields.append(" ".join(f"{confidence:.4f}" for confidence in read.confidences))
        return fields


def _images(paths: list[str]) -> list[Path]:
    """Files as they are given; of folders, the images in them and below, sorted, hidden ones aside."""
    files: list[Path] = []
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            files.append(path)
            continue
        images = sorted(p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
        visible = [p for p in images if not _is_hidden(p.relative_to(path))]
        hidden = len(images) - len(visible)
        if hidden:
            print(
                f"note: {escape_name(path)}: {hidden} hidden images left out; name them to read them",
                file=sys.stderr,
            )
        if not visible:
            raise InputError(f"{path}: no images in this folder ({', '.join(ENDINGS)})")
        files += visible
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _opened(path: Path, max_pixels: int = MAX_PIXELS) -> _Opened:
    try:
        return _Opened(path, open_image_file(path, max_pixels))
    except InputError as error:
        return _Opened(path, ImageFile(b"", 1), str(error))
