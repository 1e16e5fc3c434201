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
from collections.abc import Sequence
from typing import NamedTuple, Optional

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import Lines, load_lines
from ocr_tf.data.source import Source
from ocr_tf.experiment.config.experiment import unwritable
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.recognize import Reader, Reading
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.normalization import nfc
from ocr_tf.study.config import Suspects


class Opinion(NamedTuple):
    """One run's reading of a line, and how far it prefers it to the label."""

    text: str
    margin: float  # nats; 0 where it reads the label, infinite where it cannot write it
    reason: str  # why it cannot


class LabelError(NamedTuple):
    """A line whose label the runs doubt."""

    position: int  # of the line
    label: str
    reading: str  # the text that most runs read in its place
    votes: int  # runs that read it
    voters: int  # runs that could read the image
    margin: float  # mean over the voters
    reason: str  # why a run cannot write the label, if one cannot


def rank(
    labels: Sequence[str], opinions: Sequence[Sequence[Optional[Opinion]]]
) -> list[LabelError]:
    """Ranks the lines that are read otherwise than labeled, the most suspicious first.

    Args:
        labels: of each line, NFC.
        opinions: of each line, one a run; None where the run could not read the image.
    """
    suspects = []
    for position, (label, by_run) in enumerate(zip(labels, opinions)):
        voters = [opinion for opinion in by_run if opinion is not None]
        others: dict[str, list[float]] = {}
        for opinion in voters:
            if opinion.text != label:
                others.setdefault(opinion.text, []).append(opinion.margin)
        margin = sum(opinion.margin for opinion in voters) / max(1, len(voters))
        # A greedy reading may be less probable than the label: that is no doubt.
        if not others or margin <= 0:
            continue
        reading = max(others, key=lambda text: (len(others[text]), sum(others[text])))
        suspects.append(
            LabelError(
                position=position,
                label=label,
                reading=reading,
                votes=len(others[reading]),
                voters=len(voters),
                margin=margin,
                reason=next((opinion.reason for opinion in voters if opinion.reason), ""),
            )
        )
    return sorted(suspects, key=lambda s: (math.isfinite(s.margin), -s.votes, -s.margin))


# Reading


def opinions_of(
    config: Suspects, folders: list[RunFolder], source: Source
) -> tuple[list[tuple[Optional[Opinion], ...]], Lines]:
    """Reads the lines with every run.

    Returns:
        Each line's opinions, one a run, and the lines as the first run sees them.
    """
    measured: dict[Geometry, Lines] = {}
    by_run = []
    for folder in folders:
        trained = restore(folder.path, config.checkpoint)
        geometry = trained.geometry
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
        problem = unwritable(trained.experiment, trained.model.alphabet, label, int(width))
        return Opinion(text, math.inf, problem[1] if problem else "the label has no probability")
    return Opinion(text, reading.log_prob - reading.reference_log_prob, "")
