"""Refuses lines that a run's weights were made or chosen with."""

from __future__ import annotations

from ocr_tf.data.lines import Lines
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.runs.run_folder import RunFolder


def refuse_seen(lines: Lines, seen: dict[int, str], flag: str, folder: RunFolder) -> None:
    """Raises InputError if lines hold images with which a run's weights were made or chosen.

    Args:
        lines: to be read.
        seen: the role of each image that is not to be among them, by the key of its pixels.
        flag: that names the lines.
        folder: of the run.
    """
    again = [
        (lines.sample(i).place, seen[key])
        for i, key in enumerate(lines.pixels.tolist())
        if key and key in seen
    ]
    if again:
        named = ", ".join(f"{place} ({role})" for place, role in again[:NAMED])
        raise InputError(
            f"{flag} holds {len(again)} images that {folder.path} was trained or selected on: "
            f"{named}{', ...' if len(again) > NAMED else ''}; take them out"
        )
