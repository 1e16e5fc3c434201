"""What a system has read of a set of lines, in a file that is there whole or not at all; TensorFlow-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.systems.line_sets import LineSet
from ocr_tf.systems.named import Named


def path_of(folder: Path, system: Named, lines: LineSet, search: str) -> Path:
    """Names the file: another training, search or set of lines has another."""
    key = hashlib.sha256("\0".join((system.digest, lines.key, search)).encode()).hexdigest()
    return folder / f"{system.name}-{key[:16]}.jsonl"


def load(path: Path) -> Optional[list[Prediction]]:
    """Reads what `save` wrote; None if there is no such file, or it is damaged."""
    if not path.exists():
        return None
    try:
        return [placed.prediction for placed in predictions.read(path)]
    except InputError:
        return None


def save(path: Path, read: Sequence[Prediction]) -> None:
    """Writes what was read of every line, with the references."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(one._asdict(), ensure_ascii=False) + "\n" for one in read)
    atomic_write(path, "".join(lines).encode())
