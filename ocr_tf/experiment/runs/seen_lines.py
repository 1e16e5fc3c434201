"""Refuses lines that a run's weights were made or chosen with."""

from __future__ import annotations

from ocr_tf.data.lines import Lines
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.runs.run_folder import RunFolder


def refuse_seen(lines: Lines, seen: dict[bytes, str], flag: str, folder: RunFolder) -> None:
    """Raises InputError if lines hold images with which a run's weights were made or chosen."""
    again = [
        (sample.place, seen[digest.tobytes()])
        for sample, digest in zip(lines.samples, lines.digests)
        if digest.tobytes() in seen
    ]
    if again:
        named = ", ".join(f"{place} ({role})" for place, role in again[:NAMED])
        raise InputError(
            f"{flag} holds {len(again)} images that {folder.path} was trained or selected on: "
            f"{named}{', ...' if len(again) > NAMED else ''}; take them out"
        )
