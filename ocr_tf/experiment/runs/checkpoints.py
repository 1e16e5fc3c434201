"""The checkpoints of a run: step-00001234.npz, arrays under their paths and the state of the training.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
import zipfile
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, TypeVar

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.types import Array

# What reading a damaged .npz raises, depending on where it was hit.
DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    NotImplementedError,
    struct.error,
    zipfile.BadZipFile,
)

ARRAY = "array/"  # Before each array's path, so that no path can meet the name of the state.
STATE = "state"

Content = TypeVar("Content")


class StepTaken(NamedTuple):
    """One training step, for the mean over the steps since the last point of the curves."""

    loss: float  # summed over the lines
    lines: int  # that could be read
    seconds: float  # waiting for the batch included
    waited: float = 0.0  # for the batch
    clipped: bool = False  # its gradient


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """Everything that a training goes on from, beside its step and the arrays."""

    best_step: Optional[int] = None  # None before the first validation
    best_cer: Optional[float] = None  # of the validation lines, at `best_step`
    worse: int = 0  # validations since the CER last fell
    finished: bool = False
    elapsed: float = 0.0  # seconds of all starts, validations and checkpoints included
    window: tuple[StepTaken, ...] = ()  # the steps since the last point of the curves
    batches: str = ""  # sha256 over all batches so far
    metrics: int = 0  # bytes of metrics.jsonl at this step

    def to_json(self) -> dict[str, Any]:
        """Gives JSON values that `from_json` takes."""
        return {**dataclasses.asdict(self), "window": [list(taken) for taken in self.window]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> TrainingState:
        """Makes the state that `to_json` gave.

        Raises:
            KeyError, TypeError: another version wrote it, or it is damaged.
        """
        window = tuple(StepTaken(*taken) for taken in content["window"])
        return cls(**{**content, "window": window})


class Checkpoint(NamedTuple):
    """Weights, optimizer slots and the state of a training at one step."""

    step: int
    arrays: dict[str, Array]
    state: TrainingState


class Checkpoints:
    """The checkpoints of one run; the last and the best are kept."""

    def __init__(self, run: Path):
        """Names the run's folder, and touches nothing."""
        self.run = run
        self.path = run / "checkpoints"

    def save(self, step: int, arrays: dict[str, Array], state: TrainingState) -> Path:
        """Writes a checkpoint, then deletes those that are neither this one nor the best.

        Args:
            step: training steps done.
            arrays: weights and optimizer slots under their paths.
            state: its `best_step`, where there is one, names a checkpoint to keep.

        Returns:
            The file.

        Raises:
            OSError: it could not be written; the checkpoints from before are all there.
        """
        for path, array in arrays.items():
            if np.asarray(array).dtype.kind not in "biufc":
                raise TypeError(f"{path}: {np.asarray(array).dtype} does not survive a .npz file")
        text = json.dumps({"step": step, "state": state.to_json()})
        members = {ARRAY + path: np.asarray(array) for path, array in arrays.items()}
        members[STATE] = np.frombuffer(text.encode(), np.uint8)
        written = self._file(step)
        self.path.mkdir(exist_ok=True)
        # In memory first: an archive that meets a full disk complains on its own when it is dropped.
        archive = io.BytesIO()
        np.savez(archive, **members)  # type: ignore[arg-type]
        atomic_write(written, archive.getvalue())
        keep = (step, state.best_step)
        for old in self.steps():
            if old not in keep:
                self._file(old).unlink()
        return written

    def load(self, which: str = "last") -> Checkpoint:
        """Reads the `last` or the `best` checkpoint; arrays are checked against their sums.

        Raises:
            InputError: there is none, or its file is damaged.
        """
        return self._read(which, self._load)

    def state(self, which: str = "last") -> TrainingState:
        """Reads the state of the `last` or the `best` checkpoint, and no array.

        Raises:
            InputError: there is none, or its file is damaged.
        """
        return self._read(which, self._state)

    def steps(self) -> list[int]:
        """The steps that have a finished checkpoint, ascending."""
        if not self.path.is_dir():
            return []
        names = (re.fullmatch(r"step-(\d+)\.npz", p.name) for p in self.path.iterdir())
        return sorted(int(name.group(1)) for name in names if name)

    def _read(self, which: str, read: Callable[[int], Content]) -> Content:
        for attempt in (1, 2):  # A trainer may replace the last one between our two looks.
            steps = self.steps()
            if not steps:
                raise InputError(f"{self.run} has no finished checkpoint yet; train it first")
            try:
                if which == "last":
                    return read(steps[-1])
                best = self._state(steps[-1]).best_step
                if best is None:
                    raise InputError(
                        f"{self.run} has no best checkpoint yet; train on, or ask for the last one"
                    )
                return read(best)
            except FileNotFoundError as error:
                if attempt == 2:
                    raise InputError(f"{error.filename} is missing; train the run again") from None
        raise AssertionError("the second attempt returns or raises")

    def _file(self, step: int) -> Path:
        return self.path / f"step-{step:08d}.npz"

    def _state(self, step: int) -> TrainingState:
        return self._open(step, with_arrays=False).state

    def _load(self, step: int) -> Checkpoint:
        return self._open(step, with_arrays=True)

    def _open(self, step: int, with_arrays: bool) -> Checkpoint:
        path = self._file(step)
        try:
            with np.load(path, allow_pickle=False) as file:
                content = json.loads(file[STATE].tobytes())
                paths = [n for n in file.files if n.startswith(ARRAY)] if with_arrays else []
                arrays = {name[len(ARRAY) :]: file[name] for name in paths}
                return Checkpoint(
                    content["step"], arrays, TrainingState.from_json(content["state"])
                )
        except (FileNotFoundError, PermissionError):
            raise
        except DAMAGE:
            others = [other for other in self.steps() if other != step]
            way_out = (
                f"delete it to go back to step {others[-1]}" if others else "train the run again"
            )
            raise InputError(f"{path} is damaged; {way_out}") from None
