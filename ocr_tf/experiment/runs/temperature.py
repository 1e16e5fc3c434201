"""The temperature of a run's probabilities: as the flag gives it, and as it was fitted; TensorFlow-free.

RUN/temperatures.json keeps what was fitted, by the step of the checkpoint that it is of.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

FITTED = "fitted"
NAME = "temperatures.json"


class Fitted(NamedTuple):
    """A temperature that was fitted, and what it is worth on the lines that it was fitted on."""

    temperature: float
    lines: int
    before: float  # mean -log p(reference | image) at temperature 1, nats
    after: float  # the same at this temperature


def parse_temperature(text: str) -> Optional[float]:
    """Reads a temperature; None for one that is to be fitted.

    Raises:
        InputError: it is neither FITTED nor a finite number above 0.
    """
    if text == FITTED:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"--temperature={text}: give a number above 0, or {FITTED}")
    return value


def read_fitted(folder: Path, step: int) -> Optional[Fitted]:
    """Reads what was fitted for a checkpoint; None if nothing was, or the file is damaged."""
    found = _read(folder).get(str(step))
    try:
        return None if found is None else Fitted(**found)
    except TypeError:
        return None


def keep_fitted(folder: Path, step: int, fitted: Fitted) -> None:
    """Adds what was fitted to a run; warns if that cannot be written, which costs but time."""
    text = json.dumps({**_read(folder), str(step): fitted._asdict()}, indent=2) + "\n"
    try:
        atomic_write(folder / NAME, text.encode())
    except OSError as error:
        print(
            f"warning: {folder / NAME}: not kept, {reason_of(error)}; it is fitted anew next time",
            file=sys.stderr,
        )


def _read(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
