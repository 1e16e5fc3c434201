"""The page and the table of labels that are probably wrong: what the command `suspects` writes."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

from ocr_tf.atomic import atomic_write
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.image import original
from ocr_tf.data.lines import Lines
from ocr_tf.data.source import Sample, Source
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.library_lines import without_library_lines
from ocr_tf.progress import Progress
from ocr_tf.study.analysis.label_errors import LabelError, opinions_of, rank
from ocr_tf.study.config import Suspects
from ocr_tf.study.report import html

TEMPLATE = "label_errors.html"
ROLES = {"train": "trained on", "val": "selected on"}  # The first of them that holds is shown.


def run(config: Suspects, run_folders: list[str]) -> None:
    """Writes the page of pictures and, beside it, a table of all labels that are doubted.

    Its rows: place<TAB>id<TAB>margin<TAB>label<TAB>reading (a tab in a text becomes a space).

    Raises:
        InputError: no such run or lines, or an output that is not an earlier one of this tool.
    """
    output = Path(config.output)
    table = output.with_suffix(".tsv")
    _check_output(output, table)
    folders = _open(run_folders)
    source = _source(config, folders[0])
    with without_library_lines():
        opinions, lines = opinions_of(config, folders, source)
    if lines.bad:
        named = "; ".join(str(bad) for bad in lines.bad[:NAMED])
        print(f"left out {len(lines.bad)} lines without a usable image: {named}", file=sys.stderr)
    suspects = rank(list(lines.texts), opinions)
    rows = (_row(lines.sample(suspect.position), suspect) for suspect in suspects)
    content = html.render(
        TEMPLATE,
        lines=len(lines),
        source=source.name,
        runs=[str(folder.path) for folder in folders],
        total=len(suspects),
        table=table.name,
        suspects=_entries(suspects[: config.top], lines, folders),
    )
    atomic_write(table, "".join(rows).encode())
    atomic_write(output, content.encode())
    unwritable = sum(math.isinf(suspect.margin) for suspect in suspects)
    print(
        f"{len(suspects)} of {len(lines)} labels are doubted"
        f"{f', {unwritable} of them cannot be written' if unwritable else ''}; the first "
        f"{min(len(suspects), config.top)} with pictures in {output}, all of them in {table}"
    )


# Input


def _check_output(output: Path, table: Path) -> None:
    """Refuses early what could not be written, and to write over what others made."""
    if output.suffix != ".html":
        raise InputError(f"--output={output}: name a file that ends in .html")
    check_writable(output, f"--output={output}")
    ours = output.is_file() and html.is_made_from(TEMPLATE, output)
    for path in (output, table):
        if path.exists() and not ours:
            raise InputError(
                f"{path} exists and was not made by {command_name('suspects')}; choose another "
                "--output, or remove it"
            )


def _open(run_folders: list[str]) -> list[RunFolder]:
    folders = [RunFolder.open(path) for path in run_folders]
    for i, folder in enumerate(folders):
        if any(folder.path.samefile(other.path) for other in folders[:i]):
            raise InputError(f"{folder.path} is given twice; its voice counts once")
    return folders


def _source(config: Suspects, folder: RunFolder) -> Source:
    if config.data.test:
        return open_sources(config.data.test)
    data = folder.experiment.data
    try:
        return open_sources((*data.train, *data.val))
    except InputError as error:
        raise InputError(
            f"{error} ({folder.path} was trained on it; name other lines with --data.test)"
        ) from None


# Output


def _row(sample: Sample, suspect: LabelError) -> str:
    texts = (text.replace("\t", " ") for text in (suspect.label, suspect.reading))
    return "\t".join((sample.place, sample.id, f"{suspect.margin:.3f}", *texts)) + "\n"


class Entry(NamedTuple):
    """A doubted label as the page shows it."""

    error: LabelError
    id: str
    place: str  # where the label stands
    role: str  # one of ROLES' words; empty: no run has seen the line
    picture: html.Picture
    differences: html.Differences


def _entries(suspects: list[LabelError], lines: Lines, folders: list[RunFolder]) -> list[Entry]:
    """Gathers what the page shows of each suspect."""
    roles: dict[int, set[str]] = {}
    for folder in folders:
        for line in folder.lines():
            roles.setdefault(line.pixels, set()).add(line.role)
    entries = []
    progress = Progress("drawing", len(suspects))
    for suspect in suspects:
        sample = lines.sample(suspect.position)
        own = roles.get(int(lines.pixels[suspect.position]), set())
        entries.append(
            Entry(
                error=suspect,
                id=sample.id,
                place=sample.place,
                role=next((ROLES[role] for role in ROLES if role in own), ""),
                picture=html.picture(original(lines.read(suspect.position))),
                differences=html.differences(suspect.label, suspect.reading),
            )
        )
        progress.show(len(entries))
    progress.clear()
    return entries
