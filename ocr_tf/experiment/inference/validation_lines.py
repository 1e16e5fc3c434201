"""The lines that chose a run's checkpoint: what else is chosen for the run is chosen on them."""

from __future__ import annotations

import numpy as np

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import Lines, load_lines
from ocr_tf.data.source import Selection
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained


def load_validation_lines(trained: Trained, purpose: str, most: int) -> Lines:
    """Loads a run's validation lines, at most so many, at even places of their order.

    Args:
        trained: the run.
        purpose: what they are for, as messages begin: "--temperature=fitted".
        most: lines that are loaded.

    Raises:
        InputError: a line is gone, or its image is another one.
    """
    folder, data = trained.folder, trained.experiment.data
    wanted = {line.id: line.pixels for line in folder.lines() if line.role == "val"}
    try:
        source = open_sources(data.val or data.train)
    except InputError as error:
        raise InputError(f"{purpose} needs the run's validation lines: {error}") from None
    positions = np.array([i for i, name in enumerate(source.ids) if name in wanted], np.int64)
    if len(positions) < len(wanted):
        raise InputError(
            f"{purpose}: {source.name} lacks {len(wanted) - len(positions)} of the {len(wanted)} "
            f"validation lines of {folder.path}; restore them"
        )
    places = np.linspace(0, len(positions) - 1, min(most, len(positions))).round().astype(int)
    chosen = Selection(source, positions[places])
    lines = load_lines(chosen, trained.geometry, keep_bad=True, what="validation images")
    for name, pixels in zip(lines.ids, lines.pixels.tolist()):
        if pixels != wanted[name]:
            raise InputError(
                f"{purpose}: the image of {name} is not the one that {folder.path} was selected on; "
                "restore it"
            )
    return lines
