"""The folder of a study: its conditions, the lines and the alphabet that they share, and their runs.

    plan.json        what was declared before the first run; see ocr_tf.study.comparison.plan
    looks.jsonl      every look at the results; see ocr_tf.study.comparison.interim_looks
    study.json       name, conditions and their configurations, and the hash of the plan
    lines.txt        sha256 of the images that every condition trains on
    alphabet.txt     the symbols of all conditions
    skipped.tsv      training lines that a condition cannot use, and why
    CONDITION/seed-0 run folders; TensorBoard names them so
    tune/            the values that were tried, where that was asked for
    report/          see ocr_tf.study.report
    lock             held by the process that runs the study

TensorFlow-free.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ocr_tf.atomic import TEMPORARY, atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.differences import differences
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration, rebuild
from ocr_tf.experiment.runs.lock import locked
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.study.comparison import tuning
from ocr_tf.study.comparison.tuning import Tuned

KNOWN = (
    "lock",
    "lines.txt",
    "alphabet.txt",
    "skipped.tsv",
    "plan.json",
)  # what is written before study.json


class StudyFolder:
    """One study on disk."""

    def __init__(self, path: Path):
        """Names the folder, and touches nothing."""
        self.path = path

    @property
    def plan_path(self) -> Path:
        """What was declared before the first run."""
        return self.path / "plan.json"

    @property
    def looks_path(self) -> Path:
        """The looks at the results."""
        return self.path / "looks.jsonl"

    @property
    def lines_path(self) -> Path:
        """The file that lists the lines of every condition."""
        return self.path / "lines.txt"

    @property
    def alphabet_path(self) -> Path:
        """The alphabet that all conditions share."""
        return self.path / "alphabet.txt"

    @property
    def skipped_path(self) -> Path:
        """The table of lines that no condition is trained on."""
        return self.path / "skipped.tsv"

    @property
    def tuned_path(self) -> Path:
        """What the search for learning rates found."""
        return self.path / "tune" / "tuned.json"

    @property
    def report_path(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    def run(self, condition: str, seed: int) -> Path:
        """Returns the folder of a run."""
        return self.path / condition / f"seed-{seed}"

    @property
    def begun(self) -> bool:
        """True once the study has been started here."""
        return (self.path / "study.json").exists()

    @property
    def plan_sha256(self) -> Optional[str]:
        """The hash of the plan that the study was begun with; None without one. Call it after `check`."""
        if not self.begun:
            return None
        content: dict[str, Any] = json.loads((self.path / "study.json").read_bytes())
        return content.get("plan")

    def make(self) -> None:
        """Makes the folder. Raises InputError where that cannot be."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot make the study's folder: {error.strerror}; choose another "
                "--workdir"
            ) from None

    def lock(self) -> Any:
        """Locks the folder for this process. Raises InputError if another does."""
        return locked(self.path)

    def remove_temporary(self) -> None:
        """Deletes what killed processes left half-written; call it under `lock`."""
        for leftover in self.path.rglob(f".*{TEMPORARY}"):
            leftover.unlink(missing_ok=True)

    def check(
        self, name: str, conditions: Mapping[str, Experiment], test: Iterable[str]
    ) -> list[str]:
        """Refuses a folder that holds another study, or this one with other flags.

        Conditions may have been added or left out.

        Returns:
            The conditions that were begun before.

        Raises:
            InputError: the path holds something else.
        """
        check_writable(self.path, str(self.path), folder=True, way_out="choose another --workdir")
        if not self.begun:
            self._check_empty()
            return []
        path = self.path / "study.json"
        try:
            content = json.loads(path.read_bytes())
            began = {
                name: rebuild(described, str(path))
                for name, described in content["conditions"].items()
            }
            began_name, began_test = content["name"], tuple(content["test"])
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            raise InputError(f"{path}: damaged; restore it or choose another --workdir") from None
        if began_name != name:
            raise InputError(f"{self.path} holds study {began_name}; choose another --workdir")
        if began_test != tuple(test):
            raise InputError(
                f"{self.path} was started with --data.test={','.join(began_test)}: give the same, or "
                "choose another --workdir"
            )
        for condition, experiment in conditions.items():
            if condition in began:
                self._check_same(condition, began[condition], experiment)
        return list(began)

    def tuning(self) -> dict[str, Tuned]:
        """Reads the search for options, by condition; empty if there was none.

        Raises:
            InputError: the file is damaged.
        """
        if not self.tuned_path.exists():
            return {}
        try:
            return tuning.load(self.tuned_path.read_bytes())
        except (ValueError, TypeError, KeyError):
            raise InputError(
                f"{self.tuned_path}: damaged; delete it and {self.path}'s runs"
            ) from None

    def check_tuning(self, trials: int, over: Sequence[str], seeds: int) -> None:
        """Refuses to train some runs with options that were searched for and some without.

        Args:
            trials: of each condition; 0: none.
            over: the options that are searched.
            seeds: of each trial.

        Raises:
            InputError: runs were begun after another number of trials, or trials of other options or seeds.
        """
        if not any(self.path.glob("*/seed-*/run.json")):
            return
        every = self.tuning().values()
        self._check_tuned("tune", max((len(one.trials) for one in every), default=0), trials)
        for one in every:
            self._check_tuned("tune_over", ",".join(one.ranges), ",".join(over))
            self._check_tuned("tune_seeds", one.seeds, seeds)

    def _check_tuned(self, flag: str, then: object, now: object) -> None:
        if then != now:
            raise InputError(
                f"{self.path}: its runs were started with --study.{flag}={then}, not {now}: give the "
                "same, or choose another --workdir"
            )

    def _check_empty(self) -> None:
        if self.path.is_dir():
            for item in self.path.iterdir():
                if item.name not in KNOWN and not item.name.startswith("."):
                    raise InputError(
                        f"{self.path} is not empty and holds no study ({item.name} is in it); "
                        "choose another --workdir"
                    )

    def _check_same(self, condition: str, began: Experiment, experiment: Experiment) -> None:
        differing = differences(began, experiment)
        if differing:
            raise InputError(
                f"{self.path}: condition {condition} was started with {'; '.join(differing)}: give "
                "what it was started with, or choose another --workdir"
            )

    def write(
        self,
        name: str,
        conditions: Mapping[str, Experiment],
        test: Iterable[str],
        plan: Optional[str] = None,
    ) -> None:
        """Writes study.json; conditions from before stay in it. The plan is its hash; None: there is none."""
        described = {n: configuration(experiment) for n, experiment in conditions.items()}
        if self.begun:
            before = json.loads((self.path / "study.json").read_bytes())["conditions"]
            described = {**before, **described}
        content = {"name": name, "test": list(test), "conditions": described, "plan": plan}
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        atomic_write(self.path / "study.json", text.encode())
