"""The run folder: all that is known of one training, written so that no crash leaves half of it.

    run.json            the experiment, versions, commit, machine, fingerprint of the data
    resumed.json        versions, commit, machine of starts that went on with others
    run.flags           replayed by --flagfile
    alphabet.txt        one symbol a line
    lines.tsv           role, sha256 and id of every line that was used
    skipped.tsv         training lines that were left out, and why
    metrics.jsonl       one record a line, truncated to the checkpoint on resume
    checkpoints/        step-00001234.npz: arrays under their paths, and the state
    previews/           step-00001234-1.png: pictures that the metrics name
    graph.pb            the network as TensorFlow runs it, for TensorBoard
    events.out.*        TensorBoard's events, derived from the rest
    plugins/profile/    profiles of a few steps, where they were asked for
    lock                held by the process that trains; names its pid

TensorFlow-free, so that tools can read a run before they load it.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import rebuild
from ocr_tf.experiment.runs.atomic import TEMPORARY, atomic_write
from ocr_tf.experiment.runs.provenance import describe

# The flags that may differ when a run is resumed: none of them touches a weight.
RESUMABLE = (
    "train.log_every",
    "train.checkpoint_every",
    "train.previews",
    "train.profile_steps",
)

# Files that may lie elsewhere when a run is resumed: what is in them is compared itself.
MOVABLE = ("data.lines", "data.alphabet")

# Facts whose change on resume costs bit-exactness and nothing else.
INEXACT = ("versions", "commit", "dirty", "processor", "threads")

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


class Checkpoint(NamedTuple):
    """Everything that training goes on from."""

    step: int
    arrays: dict[str, np.ndarray]
    state: dict[str, Any]


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds a folder for this process; the system lets go of it however the process ends.

    Raises:
      InputError: another process holds it.
    """
    with open(folder / "lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise InputError(
                f"{folder} is in use by process {holder}; wait for it, or choose another --workdir"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


class RunFolder:
    """One run on disk.

    A trainer calls `create_or_open`, takes the `lock`, and `begin`s; a tool calls `open`.
    """

    def __init__(self, path: Union[str, Path]):
        """Names the folder, and touches nothing."""
        self.path = Path(path)

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def previews_path(self) -> Path:
        return self.path / "previews"

    @property
    def graph_path(self) -> Path:
        return self.path / "graph.pb"

    @property
    def evaluations_path(self) -> Path:
        return self.path / "evaluations"

    @property
    def checkpoints_path(self) -> Path:
        return self.path / "checkpoints"

    # Training

    @classmethod
    def create_or_open(cls, path: Union[str, Path]) -> RunFolder:
        """The folder to train in, made when there is none.

        Raises:
          InputError: it holds something else than a run.
        """
        folder = cls(path)
        folder.check_usable()
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{path}: cannot make the run folder: {error.strerror}; choose another --workdir"
            ) from None
        return folder

    def check_usable(self, experiment: Optional[Experiment] = None) -> None:
        """Refuses early, writing nothing, what `create_or_open` and `begin` would refuse.

        Raises:
          InputError: the path holds something else than a run, or the run of another experiment
            or with other flags.
        """
        if self.begun:
            if experiment is not None:
                self._check_experiment(experiment)
            return
        if self.path.is_dir():
            # Without run.json only what `begin` writes before it may be there.
            known = ("lock", "run.flags", "alphabet.txt", "lines.tsv", "skipped.tsv")
            for item in self.path.iterdir():
                if item.name not in known and not item.name.endswith(TEMPORARY):
                    raise InputError(
                        f"{self.path} is not empty and holds no run ({item.name} is in it); "
                        "choose another --workdir"
                    )
        elif self.path.exists():
            raise InputError(f"{self.path} is not a folder; choose another --workdir")

    @property
    def begun(self) -> bool:
        """Whether there is a run here, trained or not."""
        return (self.path / "run.json").exists()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """See `held`."""
        with held(self.path):
            yield

    def begin(self, experiment: Experiment, alphabet: Alphabet, facts: dict[str, Any]) -> list[str]:
        """Writes what describes a new run, or checks that a run that is resumed is the same.

        Call it under `lock`. Removes what a killed process left half-written.

        Returns:
          Warnings to show: why resuming is not bit-exact.

        Raises:
          InputError: see `check_same`.
        """
        self._remove_temporary()
        if self.begun:
            warnings = self.check_same(experiment, facts)
            if self.alphabet != alphabet:
                raise InputError(
                    f"{self.path}: its alphabet differs from this start's; choose another --workdir"
                )
            if warnings and not any(record.get("finished") for record in self.metrics()):
                self._remember_surroundings(describe(experiment, facts))
            return warnings
        atomic_write(self.path / "alphabet.txt", alphabet.dumps().encode())
        atomic_write(self.path / "run.flags", flags.dump(experiment).encode())
        text = json.dumps(describe(experiment, facts), indent=2, ensure_ascii=False)
        atomic_write(self.path / "run.json", (text + "\n").encode())  # Last: now it is a run.
        return []

    @property
    def surroundings(self) -> list[dict[str, Any]]:
        """The code and the machine at the start, then those of starts that went on with others.

        Raises:
          InputError: a file of the run is damaged.
        """
        path = self.path / "resumed.json"
        try:
            later = json.loads(path.read_bytes()) if path.exists() else []
        except ValueError:
            raise InputError(f"{path}: damaged; restore it or train again") from None
        return [{key: self.described.get(key) for key in INEXACT}, *later]

    def _remember_surroundings(self, described: dict[str, Any]) -> None:
        known = self.surroundings
        now = json.loads(json.dumps({key: described.get(key) for key in INEXACT}))
        if now not in known:
            text = json.dumps([*known[1:], now], indent=2, ensure_ascii=False)
            atomic_write(self.path / "resumed.json", (text + "\n").encode())

    def check_same(self, experiment: Experiment, facts: dict[str, Any]) -> list[str]:
        """Whether a start goes on with what this run began.

        Returns:
          Warnings to show: why resuming is not bit-exact.

        Raises:
          InputError: the experiment, a flag that is not RESUMABLE, or the data differ.
        """
        self._check_experiment(experiment)
        then, now = self.described, json.loads(json.dumps(describe(experiment, facts)))
        if then.get("data") != now.get("data"):
            raise InputError(
                f"{self.path}: the data are not those it was started with (it recorded "
                f"{_short(then.get('data'))}, they give {_short(now.get('data'))}); restore them "
                "or choose another --workdir"
            )
        return [
            f"{self.path}: {key} changed from {_short(then.get(key))} to {_short(now.get(key))}: "
            "resuming is not bit-exact"
            for key in INEXACT
            if then.get(key) != now.get(key)
        ]

    def _check_experiment(self, experiment: Experiment) -> None:
        began = self.experiment
        if began.name != experiment.name:
            raise InputError(f"{self.path} holds experiment {began.name}; choose another --workdir")
        then = {leaf.name: leaf.value for leaf in options.leaves(began)}
        now = {leaf.name: leaf.value for leaf in options.leaves(experiment)}
        differing = [
            f"--{name}={flags.text(then[name])}, not {flags.text(now[name]) or 'empty'}"
            for name in then
            if name in now and name not in RESUMABLE + MOVABLE and then[name] != now[name]
        ]
        for kind in ("encoder_name", "head_name"):
            if getattr(began, kind) != getattr(experiment, kind):
                label = kind.partition("_")[0]
                differing.append(f"{label} {getattr(began, kind)}, not {getattr(experiment, kind)}")
        if differing:
            raise InputError(
                f"{self.path} was started with {'; '.join(differing)}: give what it was started "
                "with, or choose another --workdir"
            )

    def _remove_temporary(self) -> None:
        for folder in (self.path, self.checkpoints_path, self.previews_path):
            for leftover in folder.glob(f".*{TEMPORARY}"):
                leftover.unlink()

    # Reading

    @classmethod
    def open(cls, path: Union[str, Path]) -> RunFolder:
        """A run to read.

        Raises:
          InputError: there is none, or another version wrote it.
        """
        folder = cls(path)
        if not folder.path.is_dir():
            raise InputError(f"{path}: no such run folder; name the --workdir of a training")
        if not folder.begun:
            raise InputError(f"{path} holds no run (no run.json); name the --workdir of a training")
        _ = folder.experiment
        return folder

    @property
    def described(self) -> dict[str, Any]:
        """The content of run.json."""
        path = self.path / "run.json"
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise InputError(f"{path}: not JSON ({error}); restore it or train again") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}: not a run's description; restore it or train again")
        return content

    @property
    def experiment(self) -> Experiment:
        """What was trained here."""
        return rebuild(self.described, str(self.path / "run.json"))

    @property
    def alphabet(self) -> Alphabet:
        """The symbols that the run reads. Raises InputError."""
        try:
            return Alphabet.load(self.path / "alphabet.txt")
        except InputError as error:
            raise InputError(f"{error}; restore it or train the run again") from None

    def remember_lines(self, rows: Iterable[tuple[str, bytes, str]]) -> None:
        """Keeps (role, sha256 of the image, id) of the lines that were used, those without an image
        left out, whose digest is zeros."""
        kept = (row for row in rows if any(row[1]))
        text = "".join(f"{role}\t{digest.hex()}\t{name}\n" for role, digest, name in kept)
        atomic_write(self.path / "lines.tsv", text.encode())

    def lines(self) -> Iterator[tuple[str, bytes, str]]:
        """What `remember_lines` kept.

        Raises:
          InputError: the file is missing or damaged.
        """
        path = self.path / "lines.tsv"
        try:
            rows = path.read_bytes().decode().split("\n")[:-1]
            for row in rows:
                role, digest, name = row.split("\t", 2)
                yield role, bytes.fromhex(digest), name
        except (OSError, ValueError):
            raise InputError(f"{path}: missing or damaged; train the run again") from None

    # Checkpoints

    def save_checkpoint(
        self, step: int, arrays: dict[str, np.ndarray], state: dict[str, Any]
    ) -> Path:
        """Writes a checkpoint, then deletes those that are neither this one nor the best.

        Args:
          step: training steps done.
          arrays: weights and optimizer slots under their paths.
          state: JSON values; `best_step`, where there is one, names a checkpoint to keep.

        Raises:
          OSError: it could not be written; the checkpoints from before are all there.
        """
        for path, array in arrays.items():
            if np.asarray(array).dtype.kind not in "biufc":
                raise TypeError(f"{path}: {np.asarray(array).dtype} does not survive a .npz file")
        text = json.dumps({"step": step, "state": state})
        members = {ARRAY + path: np.asarray(array) for path, array in arrays.items()}
        members[STATE] = np.frombuffer(text.encode(), np.uint8)
        written = self._checkpoint(step)
        self.checkpoints_path.mkdir(exist_ok=True)
        # In memory first: an archive that meets a full disk complains on its own when it is dropped.
        archive = io.BytesIO()
        np.savez(archive, **members)
        atomic_write(written, archive.getvalue())
        keep = (step, state.get("best_step"))
        for old in self.steps():
            if old not in keep:
                self._checkpoint(old).unlink()
        return written

    def load_checkpoint(self, which: str = "last") -> Checkpoint:
        """Reads the `last` or the `best` checkpoint; arrays are checked against their sums.

        Raises:
          InputError: there is none, or its file is damaged.
        """
        for attempt in (1, 2):  # A trainer may replace the last one between our two looks.
            steps = self.steps()
            if not steps:
                raise InputError(f"{self.path} has no finished checkpoint yet; train it first")
            try:
                last = self._load(steps[-1], only_state=which == "best")
                if which == "last":
                    return last
                best = last.state.get("best_step")
                if best is None:
                    raise InputError(
                        f"{self.path} has no best checkpoint yet; train on, or ask for the last one"
                    )
                return self._load(best)
            except FileNotFoundError as error:
                if attempt == 2:
                    raise InputError(f"{error.filename} is missing; train the run again") from None
        raise AssertionError("the second attempt returns or raises")

    def steps(self) -> list[int]:
        """The steps that have a finished checkpoint, ascending."""
        if not self.checkpoints_path.is_dir():
            return []
        names = (re.fullmatch(r"step-(\d+)\.npz", p.name) for p in self.checkpoints_path.iterdir())
        return sorted(int(name.group(1)) for name in names if name)

    def _checkpoint(self, step: int) -> Path:
        return self.checkpoints_path / f"step-{step:08d}.npz"

    def _load(self, step: int, only_state: bool = False) -> Checkpoint:
        path = self._checkpoint(step)
        try:
            with np.load(path, allow_pickle=False) as file:
                content = json.loads(file[STATE].tobytes())
                paths = [] if only_state else [n for n in file.files if n.startswith(ARRAY)]
                arrays = {name[len(ARRAY) :]: file[name] for name in paths}
                return Checkpoint(content["step"], arrays, content["state"])
        except (FileNotFoundError, PermissionError):
            raise
        except DAMAGE:
            others = [other for other in self.steps() if other != step]
            way_out = (
                f"delete it to go back to step {others[-1]}" if others else "train the run again"
            )
            raise InputError(f"{path} is damaged; {way_out}") from None

    # Metrics

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Adds a record, JSON values, to metrics.jsonl."""
        line = json.dumps(record, ensure_ascii=False) + "\n"
        with open(self.metrics_path, "ab") as file:
            file.write(line.encode())

    def metrics_position(self) -> int:
        """Bytes of metrics.jsonl, made durable: a checkpoint's state keeps the number."""
        if not self.metrics_path.exists():
            return 0
        with open(self.metrics_path, "ab") as file:
            os.fsync(file.fileno())
            return file.seek(0, os.SEEK_END)

    def truncate_metrics(self, position: int) -> None:
        """Forgets what was recorded after a checkpoint, and half a line that a kill left."""
        if not self.metrics_path.exists():
            return
        with open(self.metrics_path, "r+b") as file:
            kept = file.read(position)
            file.truncate(kept.rfind(b"\n") + 1)

    def save_preview(self, step: int, number: int, png: bytes) -> str:
        """Keeps the picture of a step's previewed line; its path relative to the run."""
        self.previews_path.mkdir(exist_ok=True)
        path = self.previews_path / f"step-{step:08d}-{number}.png"
        atomic_write(path, png)
        return str(path.relative_to(self.path))

    def truncate_previews(self, step: int) -> None:
        """Forgets the pictures of steps after `step`."""
        for path in self.previews_path.glob("step-*.png"):
            if int(path.name.split("-")[1]) > step:
                path.unlink()

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The records; a last line that is still being written is left out.

        Raises:
          InputError: a line is no JSON.
        """
        if not self.metrics_path.exists():
            return
        with open(self.metrics_path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield json.loads(line)
                except ValueError:
                    raise InputError(f"{self.metrics_path}:{number}: not JSON") from None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
