"""Options that several commands share."""

from __future__ import annotations

import dataclasses
from typing import Any

from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option

CHECKPOINTS = ("best", "last")


def checkpoint_option() -> Any:
    """Makes the option that chooses the checkpoint of a run."""
    return option(
        "best",
        "Which of the run's checkpoints: the best by validation CER, or the last.",
        choices=CHECKPOINTS,
    )


def batch_size_option() -> Any:
    """Makes the option that sets how many lines are read at a time."""
    return option(32, "Lines in a batch.", minimum=1)


def search_option() -> Any:
    """Makes the option that names a search; `decode.parse_search` reads it."""
    return option(
        "greedy",
        "How texts are searched: greedy; beam:WIDTH, which keeps that many beginnings of the text at every "
        "step; lm:FILE or lexicon:FILE, a beam with a language model or a lexicon.",
    )


def normalize_option() -> Any:
    """Makes the option that says how texts are compared."""
    return option(
        "none",
        "What to do to reference and text before they are compared; lower: lower case; "
        "alphanumeric: lower case, letters and digits only.",
        choices=tuple(NORMALIZATIONS),
    )


def temperature_option() -> Any:
    """Makes the option that divides the logits; `runs.temperature.parse_temperature` reads it."""
    return option(
        "1",
        "What the network's logits are divided by, so that its confidences say how often it is right: a "
        "number, above 1 for less confidence; or fitted, for the one under which the run's own "
        "validation lines are most probable.",
    )


@dataclasses.dataclass(frozen=True)
class OwnParts:
    """Heads, encoders and data sources of your own."""

    parts: tuple[str, ...] = option(
        (),
        "Python files that register them, comma-separated. A run remembers its own; name a file here "
        "where it has moved, or for a data source that the run did not use.",
    )


@dataclasses.dataclass(frozen=True)
class TestData:
    """Which lines are read."""

    __test__ = False  # No test class, whatever pytest makes of the name.

    test: tuple[str, ...] = option(
        (), "Test lines: labels files, folders or scheme:SPEC, comma-separated."
    )
