"""Options of compare_systems; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import (
    batch_size_option,
    checkpoint_option,
    normalize_option,
    search_option,
)
from ocr_tf.options import option

# The test lines of cards_clstm, at other difficulties.
CARDS = "synthetic:bankcard?count=2820&split=test&height=40"
TESTS = {"clean": "0", "noisy": "1", "hard": "2"}  # the difficulty of each


@dataclasses.dataclass(frozen=True)
class CompareSystems:
    """Puts recognizers of all kinds in one table: what they read, how large and how fast they are.

    Each SYSTEM is a run folder or a file of train_classical, written PATH or NAME=PATH. All read the same
    lines. What was read is kept in the output folder: a command that was interrupted goes on where it was.
    """

    test: tuple[str, ...] = option(
        tuple(f"{name}={CARDS}&difficulty={difficulty}" for name, difficulty in TESTS.items()),
        "Test sets of the table, comma-separated, each NAME=SPEC: a labels file, a folder or scheme:SPEC.",
    )
    ladder: str = option(
        CARDS,
        "Drawn lines, synthetic:PRESET?OPTIONS, read at each of --levels for the curve. Empty: none.",
    )
    levels: tuple[str, ...] = option(
        ("0", "0.25", "0.5", "0.75", "1", "1.5", "2"),
        "The difficulties of --ladder's lines, comma-separated, from 0 to 2; 1 is the preset as it is.",
    )
    timed: int = option(
        100,
        "Lines of the first test set that all systems read one by one, to be timed; 0: none.",
        minimum=0,
    )
    checkpoint: str = checkpoint_option()
    search: str = search_option()
    normalize: str = normalize_option()
    batch_size: int = batch_size_option()
    output: str = option("systems", "Folder of the page, the tables and what was read.")
