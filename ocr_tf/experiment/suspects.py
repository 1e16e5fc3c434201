"""Labels that are probably wrong: lines ranked by how surely models disagree with what they say.

For one model the margin of a line is log p(reading | image) - log p(label | image) in nats, both the
head's score, so that it means the same for every head. A label that the model cannot write has an
infinite one. Of several models, those that agree on the same other text count first and the mean of
the margins second: heads err in different ways, a wrong label is the same for all.

A model that has learnt its training lines by heart agrees with their wrong labels too; of lines it was
trained on, this finds those that it could not learn. Other lines show more.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ocr_tf.alphabet import nfc
from ocr_tf.data.dataset import Sample, Source, open_sources
from ocr_tf.data.image import Geometry, original
from ocr_tf.data.lines import Lines, load_lines
from ocr_tf.errors import InputError
from ocr_tf.experiment import page, preflight
from ocr_tf.experiment.atomic import atomic_write
from ocr_tf.experiment.reading import Reader, Reading
from ocr_tf.experiment.restore import Trained, restore
from ocr_tf.experiment.runs import RunFolder
from ocr_tf.experiment.tools import Suspects
from ocr_tf.progress import Progress

TEMPLATE = "suspects.html"
ROLES = {"train": "trained on", "select": "selected on"}  # The first of them that holds is shown.


class Opinion(NamedTuple):
    """What one run holds of one line."""

    text: str
    margin: float  # nats; 0 where it reads the label, infinite where it cannot write it
    reason: str  # why it cannot


class Suspect(NamedTuple):
    """A line whose label the runs doubt."""

    position: int  # of the line
    label: str
    reading: str  # the text that most runs read in its place
    votes: int  # runs that read it
    voters: int  # runs that could read the image
    margin: float  # mean over the voters
    reason: str  # why a run cannot write the label, if one cannot


def run(config: Suspects, run_folders: list[str]) -> None:
    """Writes the page of pictures and, beside it, all suspects as a table:
    place<TAB>id<TAB>margin<TAB>label<TAB>reading (a tab in a text becomes a space).

    Raises:
        InputError: no such run or lines, or an output that is not an earlier one of this tool.
    """
    output = Path(config.output)
    table = output.with_suffix(".tsv")
    _check_output(output, table)
    folders = _open(run_folders)
    source = _source(config, folders[0])
    opinions, lines = _opinions(config, folders, source)
    if lines.bad:
        named = "; ".join(str(bad) for bad in lines.bad[: preflight.NAMED])
        print(f"left out {len(lines.bad)} lines without a usable image: {named}", file=sys.stderr)
    suspects = rank(lines.texts, opinions)
    rows = (_row(lines.samples[suspect.position], suspect) for suspect in suspects)
    content = page.render(
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


def rank(labels: Sequence[str], opinions: Sequence[Sequence[Optional[Opinion]]]) -> list[Suspect]:
    """The lines that are read otherwise than labelled, the most suspicious first.

    Args:
        labels: of each line, NFC.
        opinions: of each line, one a run; None where the run could not read the image.
    """
    suspects = []
    for position, (label, of_line) in enumerate(zip(labels, opinions)):
        held = [opinion for opinion in of_line if opinion is not None]
        others: dict[str, list[float]] = {}
        for opinion in held:
            if opinion.text != label:
                others.setdefault(opinion.text, []).append(opinion.margin)
        margin = sum(opinion.margin for opinion in held) / max(1, len(held))
        # A greedy reading may be less probable than the label: that is no doubt.
        if not others or margin <= 0:
            continue
        reading = max(others, key=lambda text: (len(others[text]), sum(others[text])))
        suspects.append(
            Suspect(
                position=position,
                label=label,
                reading=reading,
                votes=len(others[reading]),
                voters=len(held),
                margin=margin,
                reason=next((opinion.reason for opinion in held if opinion.reason), ""),
            )
        )
    return sorted(suspects, key=lambda s: (math.isfinite(s.margin), -s.votes, -s.margin))


# Input


def _check_output(output: Path, table: Path) -> None:
    """Refuses early what could not be written, and to write over what others made."""
    if output.suffix != ".html":
        raise InputError(f"--output={output}: name a file that ends in .html")
    if not output.parent.is_dir():
        raise InputError(f"--output={output}: there is no folder {output.parent}; make it first")
    ours = output.is_file() and page.is_made_from(TEMPLATE, output)
    for path in (output, table):
        if path.exists() and not ours:
            raise InputError(
                f"{path} exists and is not of tools/suspects; choose another --output, or remove it"
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
        return open_sources((*data.train, *data.select))
    except InputError as error:
        raise InputError(
            f"{error} ({folder.path} was trained on it; name other lines with --data.test)"
        ) from None


# Reading


def _opinions(
    config: Suspects, folders: list[RunFolder], source: Source
) -> tuple[list[tuple[Optional[Opinion], ...]], Lines]:
    """What each run holds of each line, and the lines as the first run sees them."""
    measured: dict[Geometry, Lines] = {}
    by_run = []
    for folder in folders:
        trained = restore(folder.path, config.checkpoint)
        geometry = preflight.geometry(trained.experiment)
        if geometry not in measured:
            measured[geometry] = load_lines(source, geometry, keep_bad=True)
        lines = measured[geometry]
        reader = Reader(trained.model, geometry, config.batch_size)
        readings = reader.read(lines, f"reading with {folder.path}")
        by_run.append(
            [_opinion(trained, *line) for line in zip(lines.texts, lines.widths, readings)]
        )
    return list(zip(*by_run)), next(iter(measured.values()))


def _opinion(trained: Trained, label: str, width: int, reading: Reading) -> Optional[Opinion]:
    if reading.log_prob is None:
        return None
    text = nfc(reading.text)
    if text == label:
        return Opinion(text, 0.0, "")
    if reading.reference_log_prob is None:
        problem = preflight.unwritable(
            trained.experiment, trained.model.alphabet, label, int(width)
        )
        return Opinion(text, math.inf, problem[1] if problem else "the label has no probability")
    return Opinion(text, reading.log_prob - reading.reference_log_prob, "")


# Output


def _row(sample: Sample, suspect: Suspect) -> str:
    texts = (text.replace("\t", " ") for text in (suspect.label, suspect.reading))
    return "\t".join((sample.place, sample.id, f"{suspect.margin:.3f}", *texts)) + "\n"


def _entries(
    suspects: list[Suspect], lines: Lines, folders: list[RunFolder]
) -> list[dict[str, Any]]:
    """What the page shows of each suspect."""
    roles: dict[bytes, set[str]] = {}
    for folder in folders:
        for role, digest, _ in folder.lines():
            roles.setdefault(digest, set()).add(role)
    entries = []
    progress = Progress("drawing", len(suspects))
    for suspect in suspects:
        sample = lines.samples[suspect.position]
        held = roles.get(lines.digests[suspect.position].tobytes(), set())
        entries.append(
            {
                **suspect._asdict(),
                "id": sample.id,
                "place": sample.place,
                "role": next((ROLES[role] for role in ROLES if role in held), ""),
                "picture": page.picture(original(lines.read(suspect.position))),
                "differences": page.differences(suspect.label, suspect.reading),
            }
        )
        progress.show(len(entries))
    progress.clear()
    return entries
