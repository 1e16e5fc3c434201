"""The metrics of a run: metrics.jsonl, a record a line, truncated to the checkpoint on resume.

See `ocr_tf.experiment.tensorboard.summaries` for what a record holds. TensorFlow-free.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ocr_tf.errors import InputError

STUCK = 0.5  # the CER above which a network without an alignment reads nothing


def is_aligned(formed: Optional[bool], cer: float) -> bool:
    """Tells whether a network has found its places: a guide alone makes an alignment sharp and ordered."""
    return bool(formed) and cer <= STUCK


class Loss(NamedTuple):
    """A point of the training curve."""

    step: int
    loss: float  # mean over the lines of the steps since the point before


class Validation(NamedTuple):
    """What a run read of its validation lines."""

    step: int
    cer: float
    elapsed: Optional[float]  # seconds of training so far; None where that was not recorded
    batches: str  # sha256 over all batches so far; empty where that was not recorded
    entropy: Optional[float] = None  # of alignments, a share of the greatest; None: not measured
    formed: Optional[bool] = None  # they are sharp and in order; None where that was not recorded


class MetricsLog:
    """The records of one run, JSON objects."""

    def __init__(self, path: Path):
        """Names the file, and touches nothing."""
        self.path = path

    def append(self, record: dict[str, Any]) -> None:
        """Adds a record of JSON values."""
        line = json.dumps(record, ensure_ascii=False) + "\n"
        with open(self.path, "ab") as file:
            file.write(line.encode())

    def position(self) -> int:
        """Makes the records durable; returns the bytes of the file, for `truncate`."""
        if not self.path.exists():
            return 0
        with open(self.path, "ab") as file:
            os.fsync(file.fileno())
            return file.seek(0, os.SEEK_END)

    def truncate(self, position: int) -> None:
        """Removes what was recorded after `position`, and half a line that a kill left."""
        if not self.path.exists():
            return
        with open(self.path, "r+b") as file:
            kept = file.read(position)
            file.truncate(kept.rfind(b"\n") + 1)

    def records(self) -> Iterator[dict[str, Any]]:
        """Reads the records; a last line that is still being written is left out.

        Raises:
            InputError: a line is no JSON.
        """
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield json.loads(line)
                except ValueError:
                    raise InputError(f"{self.path}:{number}: not JSON") from None

    def losses(self) -> list[Loss]:
        """The points of the training curve."""
        return [Loss(r["step"], r["train/loss"]) for r in self.records() if "train/loss" in r]

    def validations(self) -> list[Validation]:
        """The validations, in their order."""
        return [
            Validation(
                r["step"],
                r["val/cer"],
                r.get("elapsed"),
                r.get("batches", ""),
                r.get("val/alignment_entropy"),
                r.get("formed"),
            )
            for r in self.records()
            if "val/cer" in r
        ]

    def clipped(self) -> Optional[float]:
        """The share of steps whose gradient was clipped; None where that was not recorded."""
        shares = [r["train/clipped"] for r in self.records() if "train/clipped" in r]
        return sum(shares) / len(shares) if shares else None

    def aligned_at(self) -> Optional[int]:
        """Finds the step of the validation since which the network is aligned; None: not, as far as known."""
        step = None
        for validation in self.validations():
            if not is_aligned(validation.formed, validation.cer):
                step = None
            elif step is None:
                step = validation.step
        return step

    def best(self) -> Optional[Validation]:
        """Returns the first validation of the lowest CER; None before there is one."""
        return min(self.validations(), key=lambda validation: validation.cer, default=None)

    def not_aligned(self) -> Optional[Validation]:
        """Returns the best validation of a training that ended without an alignment; None of any other."""
        validations = self.validations()
        if not validations or validations[-1].formed is not False:
            return None
        best = self.best()
        return best if best is not None and best.cer > STUCK else None

    def last_step(self) -> int:
        """The last step that was recorded; 0 before the first."""
        return max((record["step"] for record in self.records()), default=0)

    def finished(self) -> bool:
        """Tells whether the training had come to its end at its last validation."""
        return [False, *(r["finished"] for r in self.records() if "finished" in r)][-1]

    def seconds_a_step(self, since: float) -> Optional[float]:
        """The pace of a training, whose first steps trace and allocate and do not count.

        Args:
            since: the Unix time at which the training was started or resumed, in seconds.

        Returns:
            Seconds from the first record after `since` to the last, a step; None before there are two.
        """
        points = [
            (r["wall"], r["step"])
            for r in self.records()
            if r.get("wall", 0) >= since and r["step"] > 0
        ]
        if not points or points[-1][1] <= points[0][1]:
            return None
        return (points[-1][0] - points[0][0]) / (points[-1][1] - points[0][1])
