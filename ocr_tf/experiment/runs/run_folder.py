"""The run folder: everything known of one training, written so that a crash leaves nothing half done.

    run.json            the experiment, versions, commit, machine, fingerprint of the data
    diverged.json       step and message of a loss that was not finite
    resumed.json        versions, commit, machine of starts that went on with others
    run.flags           replayed by --flagfile
    alphabet.txt        one symbol a line
    lines.tsv           role, sha256 and id of every line that was used
    skipped.tsv         training lines that were left out, and why
    metrics.jsonl       one record a line, truncated to the checkpoint on resume
    checkpoints/        see ocr_tf.experiment.runs.checkpoints
    previews/           step-00001234-1.png: pictures that the metrics name
    graph.pb            the network as TensorFlow runs it, for TensorBoard
    events.out.*        TensorBoard's events, derived from the rest
    plugins/profile/    profiles of a few steps, where they were asked for
    temperatures.json   see ocr_tf.experiment.runs.temperature
    lock                held by the process that trains; names its pid

TensorFlow-free, so that tools can read a run before they load it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from ocr_tf.alphabet import Alphabet
from ocr_tf.atomic import TEMPORARY, atomic_file, atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.differences import differences
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.checkpoints import Checkpoints
from ocr_tf.experiment.runs.description import RunDescription, Surroundings
from ocr_tf.experiment.runs.lock import locked
from ocr_tf.experiment.runs.metrics_log import MetricsLog
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.provenance import describe

# The flags that may differ when a run is resumed: none of them touches a weight, but for the rounding
# of sums over devices, of which a resumed run warns.
RESUMABLE = (
    "data.cache_mb",
    "train.strategy",
    "train.log_every",
    "train.checkpoint_every",
    "train.previews",
    "train.profile_steps",
)

# Files that may lie elsewhere when a run is resumed: what is in them is compared itself.
MOVABLE = ("data.lines", "data.alphabet")


class SeenLine(NamedTuple):
    """A line that a run's weights were made or chosen with."""

    role: str  # train, val; inherited: of a run that this one started from
    digest: bytes  # sha256 of the encoded image; zeros where there is none
    pixels: int  # a key of the decoded image, see `ocr_tf.data.source.Facts`
    id: str


class RunFolder:
    """One run on disk.

    A trainer calls `create_or_open`, takes the `lock`, and `begin`s; a tool calls `open`.
    """

    def __init__(self, path: Union[str, Path]):
        """Names the folder, and touches nothing."""
        self.path = Path(path)
        self.checkpoints = Checkpoints(self.path)
        self.metrics = MetricsLog(self.path / "metrics.jsonl")

    @property
    def previews_path(self) -> Path:
        """The folder of the lines read in training, for TensorBoard."""
        return self.path / "previews"

    @property
    def graph_path(self) -> Path:
        """The file of the network's graph, for TensorBoard."""
        return self.path / "graph.pb"

    @property
    def evaluations_path(self) -> Path:
        """The folder of the evaluations, each in a folder of its own."""
        return self.path / "evaluations"

    # Training

    @classmethod
    def create_or_open(cls, path: Union[str, Path]) -> RunFolder:
        """Opens the folder to train in, made when there is none.

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
        """Refuses early, leaving nothing behind, what `create_or_open` and `begin` would refuse.

        Raises:
            InputError: the path holds something else than a run, or the run of another experiment
                or with other flags, or nothing can be written there.
        """
        check_writable(self.path, str(self.path), folder=True, way_out="choose another --workdir")
        if self.begun:
            if experiment is not None:
                self._check_experiment(experiment)
        elif self.path.is_dir():
            # Without run.json only what `begin` writes before it may be there.
            known = ("lock", "run.flags", "alphabet.txt", "lines.tsv", "skipped.tsv")
            for item in self.path.iterdir():
                if item.name not in known and not item.name.endswith(TEMPORARY):
                    raise InputError(
                        f"{self.path} is not empty and holds no run ({item.name} is in it); "
                        "choose another --workdir"
                    )

    def settled(self, experiment: Experiment) -> Experiment:
        """Fixes what depends on the machine, see `Experiment.settled`; as it is recorded in a begun run."""
        return experiment.settled(self.experiment.train.mixed if self.begun else None)

    @property
    def begun(self) -> bool:
        """Whether there is a run here, trained or not."""
        return (self.path / "run.json").exists()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Owns the folder; see `locked`."""
        with locked(self.path):
            yield

    def begin(self, experiment: Experiment, alphabet: Alphabet, facts: dict[str, Any]) -> list[str]:
        """Writes what describes a new run, or checks that a run that is resumed is the same.

        Call it under `lock`. Removes what a killed process left half-written.

        Args:
            experiment: what is trained.
            alphabet: its symbols.
            facts: see `ocr_tf.experiment.runs.provenance.describe`.

        Returns:
            Warnings to show: why resuming is not bit-exact.

        Raises:
            InputError: see `check_same`.
        """
        self._remove_temporary()
        experiment = self.settled(experiment)
        if self.begun:
            warnings = self.check_same(experiment, facts)
            if self.alphabet != alphabet:
                raise InputError(
                    f"{self.path}: its alphabet differs from this start's; choose another --workdir"
                )
            if warnings and not self.metrics.finished():
                self._remember_surroundings(_as_json(describe(experiment, facts)))
            return warnings
        atomic_write(self.path / "alphabet.txt", alphabet.dumps().encode())
        atomic_write(self.path / "run.flags", flags.flagfile(experiment).encode())
        text = json.dumps(describe(experiment, facts), indent=2, ensure_ascii=False)
        atomic_write(self.path / "run.json", (text + "\n").encode())  # Last: now it is a run.
        return []

    @property
    def surroundings(self) -> list[Surroundings]:
        """The code and the machine at the start, then those of starts that went on with others.

        Raises:
            InputError: a file of the run is damaged.
        """
        path = self.path / "resumed.json"
        try:
            later = json.loads(path.read_bytes()) if path.exists() else []
            resumed = [Surroundings.from_json(content) for content in later]
        except (ValueError, TypeError, AttributeError):
            raise InputError(f"{path}: damaged; restore it or train again") from None
        return [self.description.surroundings, *resumed]

    def _remember_surroundings(self, described: dict[str, Any]) -> None:
        known = self.surroundings
        now = Surroundings.from_json(described)
        if now not in known:
            later = [dataclasses.asdict(one) for one in (*known[1:], now)]
            text = json.dumps(later, indent=2, ensure_ascii=False)
            atomic_write(self.path / "resumed.json", (text + "\n").encode())

    def check_same(self, experiment: Experiment, facts: dict[str, Any]) -> list[str]:
        """Refuses to go on with another training than the one that was begun here.

        Args:
            experiment: what is to be trained.
            facts: see `ocr_tf.experiment.runs.provenance.describe`.

        Returns:
            Warnings to show: why resuming is not bit-exact.

        Raises:
            InputError: the experiment, a flag that is not RESUMABLE, or the data differ.
        """
        self._check_experiment(experiment)
        now = _as_json(describe(experiment, facts))
        began = self.description
        if began.data != (now.get("data") or {}):
            raise InputError(
                f"{self.path}: the data are not those it was started with (it recorded "
                f"{_short(began.data)}, they give {_short(now.get('data'))}); restore them "
                "or choose another --workdir"
            )
        then = dataclasses.asdict(began.surroundings)
        return [
            f"{self.path}: {key} changed from {_short(then[key])} to {_short(value)}: "
            "resuming is not bit-exact"
            for key, value in dataclasses.asdict(Surroundings.from_json(now)).items()
            if then[key] != value
        ]

    def _check_experiment(self, experiment: Experiment) -> None:
        began, experiment = self.experiment, self.settled(experiment)
        if began.name != experiment.name:
            raise InputError(f"{self.path} holds experiment {began.name}; choose another --workdir")
        differing = differences(began, experiment, RESUMABLE + MOVABLE)
        if differing:
            raise InputError(
                f"{self.path} was started with {'; '.join(differing)}: give what it was started "
                "with, or choose another --workdir"
            )

    def _remove_temporary(self) -> None:
        for folder in (self.path, self.checkpoints.path, self.previews_path):
            for leftover in folder.glob(f".*{TEMPORARY}"):
                leftover.unlink()

    # Reading

    @classmethod
    def open(cls, path: Union[str, Path]) -> RunFolder:
        """Opens a run to read.

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

    @functools.cached_property
    def description(self) -> RunDescription:
        """The content of run.json, read once. Raises InputError."""
        return RunDescription.read(self.path / "run.json")

    @property
    def experiment(self) -> Experiment:
        """The experiment that was trained here. Raises InputError."""
        return self.description.experiment

    @property
    def alphabet(self) -> Alphabet:
        """The symbols that the run reads. Raises InputError."""
        try:
            return Alphabet.load(self.path / "alphabet.txt", self.experiment.data.spelling)
        except InputError as error:
            raise InputError(f"{error}; restore it or train the run again") from None

    def remember_lines(self, lines: Iterable[SeenLine]) -> None:
        """Writes the lines that were used; those without an image are left out."""
        with atomic_file(self.path / "lines.tsv") as file:
            for role, digest, pixels, name in lines:
                if any(digest):
                    fields = (role, digest.hex(), f"{pixels % 2**64:016x}", name)
                    file.write(("\t".join(fields) + "\n").encode())

    def lines(self) -> Iterator[SeenLine]:
        """Reads what `remember_lines` kept.

        Raises:
            InputError: the file is missing or damaged.
        """
        path = self.path / "lines.tsv"
        try:
            with open(path, "rb") as file:
                for row in file:
                    if not row.endswith(b"\n"):
                        raise ValueError("cut short")
                    role, digest, pixels, name = row[:-1].decode().split("\t", 3)
                    key = int.from_bytes(bytes.fromhex(pixels), "big", signed=True)
                    yield SeenLine(role, bytes.fromhex(digest), key, name)
        except (OSError, ValueError):
            raise InputError(f"{path}: missing or damaged; train the run again") from None

    # Previews

    def save_preview(self, step: int, number: int, png: bytes) -> str:
        """Writes the picture of a step's previewed line; returns its path relative to the run."""
        self.previews_path.mkdir(exist_ok=True)
        path = self.previews_path / f"step-{step:08d}-{number}.png"
        atomic_write(path, png)
        return str(path.relative_to(self.path))

    def truncate_previews(self, step: int) -> None:
        """Deletes the pictures of steps after `step`."""
        for path in self.previews_path.glob("step-*.png"):
            if int(path.name.split("-")[1]) > step:
                path.unlink()


def _as_json(described: dict[str, Any]) -> dict[str, Any]:
    """What comes back when it is written and read again."""
    content: dict[str, Any] = json.loads(json.dumps(described))
    return content


def _short(value: Any) -> str:
    """The value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
