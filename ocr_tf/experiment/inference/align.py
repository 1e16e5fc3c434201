"""Shows where runs emit the symbols of a text in an image: a picture, and a table of columns.

TensorFlow-free until the runs are loaded, so that wrong paths are told at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ocr_tf import alignment_plot
from ocr_tf.atomic import atomic_write
from ocr_tf.data.image_file import read_image_file
from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.config import Align
from ocr_tf.experiment.runs.outputs import check_picture
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.library_lines import without_library_lines
from ocr_tf.progress import Progress

if TYPE_CHECKING:
    from ocr_tf.experiment.inference.aligner import Aligned, Columns
    from ocr_tf.experiment.inference.load import Trained

SOFTWARE = "ocr_tf align"  # a picture's metadata say so: only such files are written over


def run(config: Align, image: str, run_folders: list[str]) -> None:
    """Writes one picture of all runs, one above the other, and prints a table for each.

    Raises:
        InputError: the image or a run cannot be read; a run's alphabet or the image's steps do not
            reach the text, or the runs turn it differently; the output's folder is missing, or a file
            that is no such picture is there.
    """
    output = Path(config.output)
    check_picture(output, SOFTWARE, "picture of alignments")
    encoded = _encoded(image)
    for folder in run_folders:
        RunFolder.open(folder)
    from ocr_tf.experiment.inference.load import restore  # Here: it loads TensorFlow.

    runs = [restore(folder, config.checkpoint) for folder in run_folders]
    if len({trained.geometry.rotate for trained in runs}) > 1:
        raise InputError("the runs turn images differently (--data.rotate); align them one by one")
    laid, progress = [], Progress("aligning", len(runs))
    with without_library_lines():
        for trained in runs:
            laid.append(_align(trained, image, encoded, config.text))
            progress.show(len(laid))
    progress.clear()
    panels = [line.panel(name) for name, line in zip(_names(run_folders), laid)]
    picture = alignment_plot.alignments(laid[0].image, panels)
    atomic_write(output, encode_png(picture, metadata={"Software": SOFTWARE}))
    for folder, line in zip(run_folders, laid):
        print(*_table(folder, line), sep="\n", end="\n\n")
    print(f"written to {output}")


def _align(trained: Trained, image: str, encoded: bytes, text: str) -> Aligned:
    """Lays the text, or without one the run's own reading, over the image."""
    from ocr_tf.data.image import as_tensor, measure_batch, why_bad
    from ocr_tf.experiment.inference.aligner import Aligner

    experiment, alphabet, folder = trained.experiment, trained.model.alphabet, trained.folder.path
    geometry = trained.geometry
    unknown = alphabet.unknown(text)
    if unknown:
        symbols = " ".join(map(repr, unknown))
        raise InputError(f"--text: {symbols} not in the alphabet of {folder} (its alphabet.txt)")
    needed = experiment.head.needed_steps(alphabet.encode(text))
    width = int(measure_batch(as_tensor([encoded]), geometry)[0])  # 0: no image
    steps = experiment.encoder.steps(width)
    if width and needed > steps:
        raise InputError(
            f"--text: {folder} needs {needed} steps for it, and {image} has {steps}; "
            "give a shorter text"
        )
    aligner = Aligner(trained.model, geometry, experiment.encoder)
    (aligned,) = aligner.align([encoded], [text or aligner.read([encoded])[0] or ""])
    if aligned is None:
        raise InputError(f"{image}: {why_bad(encoded, geometry) or 'cannot be read'}")
    return aligned


def _encoded(path: str) -> bytes:
    try:
        return read_image_file(path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _names(run_folders: Sequence[str]) -> Sequence[str]:
    """Gives the runs' names in the picture: their folders' own where those differ."""
    names = [Path(folder).resolve().name for folder in run_folders]
    return names if len(set(names)) == len(names) else run_folders


# The picture


# The table


def _table(run_folder: str, line: Aligned) -> Iterator[str]:
    best = (
        "" if line.path_log_prob is None else f", of the best path alone {line.path_log_prob:.4g}"
    )
    yield f"{run_folder}: {line.text!r}  log p {line.log_prob:.4g}{best}"
    rows = line.rows()
    on_path = line.path is not None
    yield "symbol    columns  weight  peak" + ("  best path" if on_path else "") + "  no ink"
    for row in rows:
        cells = f"{_span(row.columns):>11}  {row.weight:6.2f}  {row.peak:4.2f}"
        path = f"  {_span(row.path):>9}" if on_path else ""
        mark = "       x" if row.no_ink else ""
        yield _padded(repr(row.symbol), 6) + cells + path + mark
    if any(row.no_ink for row in rows):
        yield (
            "no ink: the columns hold nothing but background; the network emits the symbol there, but "
            "its glyph is elsewhere"
        )


def _span(columns: Optional[Columns]) -> str:
    return f"{columns[0]}-{columns[1]}" if columns else "-"


def _padded(text: str, size: int) -> str:
    """Filled with spaces to the columns that a terminal gives it."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    none = sum(unicodedata.combining(c) > 0 for c in text)
    return text + " " * (size - len(text) - wide + none)
