"""One question on several data sets, in rounds: each round adds a seed to the study of every set.

After every round there is an answer, of as many seeds as rounds. A study is in a folder of its own, named
as its data set, and its report is made anew as it grows; the meta-study of all is in report/ beside them.
Every round is a look that the study's plan names.
Given again, the command goes on where it was.

    if __name__ == "__main__":
        rounds.main("NAME", SETS, __doc__)

TensorFlow-free until the flags are right.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Optional

from ocr_tf import options
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import program_name
from ocr_tf.options import option
from ocr_tf.study import command, meta
from ocr_tf.study.config import Compare, Settings, Study
from ocr_tf.study.study_folder import StudyFolder


class DataSet(NamedTuple):
    """The conditions on one data set, and its labels files relative to the root of all sets."""

    conditions: Mapping[str, Experiment]
    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Root:
    """Where the lines are."""

    root: str = option("", "Folder that holds the data sets, each a folder. Required.")


@dataclasses.dataclass(frozen=True)
class Seeds:
    """How often each condition is trained."""

    seeds: int = option(3, "Rounds: seeds of every condition on every set.", minimum=1)
    parallel: str = option(
        Settings().parallel, "Runs to train at the same time, as --study.parallel of a study."
    )


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long each run is trained."""

    steps: int = option(
        0, "Training steps of every run; 0: as many as the recipe of each set says.", minimum=0
    )


@dataclasses.dataclass(frozen=True)
class Rounds:
    """Flags of the command."""

    name: str  # of the experiment
    workdir: str = option(
        "", "Folder of the studies: made by the first start, continued by the next. Required."
    )
    sets: tuple[str, ...] = option((), "Data sets, comma-separated. Default: all of them.")
    data: Root = dataclasses.field(default_factory=Root)
    study: Seeds = dataclasses.field(default_factory=Seeds)
    train: Budget = dataclasses.field(default_factory=Budget)


def main(
    name: str,
    sets: Mapping[str, DataSet],
    doc: Optional[str],
    argv: Optional[Sequence[str]] = None,
) -> NoReturn:
    """Runs the studies of some data sets as the command line says, and exits as `launch.main` does."""
    with exits():
        given: Rounds = flags.parse(
            Rounds(name),
            sys.argv[1:] if argv is None else argv,
            program=program_name(),
            description=doc or "",
        ).config
        for flag, value, what in (
            ("workdir", given.workdir, f"the studies' folder with --workdir=runs/{name}"),
            ("data.root", given.data.root, "the folder of the data sets with --data.root=FOLDER"),
        ):
            if not value:
                raise InputError(f"--{flag} is missing: name {what}")
        unknown = [one for one in given.sets if one not in sets]
        if unknown:
            raise InputError(
                f"--sets: no data set {unknown[0]}{did_you_mean(unknown[0], sets)}; there are "
                f"{', '.join(sets)}"
            )
        try:
            run({one: sets[one] for one in given.sets or sets}, given)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "the studies are interrupted; give the same command again to resume"
            ) from None
    raise SystemExit(0)


class _Part(NamedTuple):
    """The study of one data set."""

    study: Study  # as the recipes say
    given: Study  # as the command line changed it
    folder: StudyFolder


def run(sets: Mapping[str, DataSet], given: Rounds) -> None:
    """Trains what is missing, seed by seed over all sets, and reports every study after each seed.

    After each round the meta-study is made of the reports that there are, see `meta`.

    Args:
        sets: by name.
        given: the command line.

    Raises:
        InputError: the data of a set is bad, which is said before any training; or studies failed, which is
            said when the others are done.
        KeyboardInterrupt: after the runs in training have been saved.
    """
    parts = {name: _part(name, one, given) for name, one in sets.items()}
    for part in parts.values():
        _check(part)
    failed: dict[str, str] = {}
    for number in range(1, given.study.seeds + 1):
        for name, part in parts.items():
            if name not in failed:
                print(f"== {name}, round {number} of {given.study.seeds}", file=sys.stderr)
                try:
                    _grow(part, number)
                except InputError as error:
                    failed[name] = str(error)
                    print(f"error: {name}: {error}; the other sets go on", file=sys.stderr)
        _summarize([part.folder for part in parts.values()], Path(given.workdir) / "report")
    if failed:
        name, said = next(iter(failed.items()))
        raise InputError(f"{len(failed)} of {len(parts)} studies failed; {name}: {said}")


def _part(name: str, data: DataSet, given: Rounds) -> _Part:
    study = Study.of(name, data.conditions)
    root = Path(given.data.root)
    changed: dict[str, Any] = {
        "data.train": tuple(str(root / path) for path in data.train),
        "data.test": tuple(str(root / path) for path in data.test),
        "study.parallel": given.study.parallel,
        "study.seeds": given.study.seeds,
    }
    if given.train.steps:
        changed["train.steps"] = given.train.steps
    return _Part(study, options.replace(study, changed), StudyFolder(Path(given.workdir) / name))


def _check(part: _Part) -> None:
    """Looks at the flags, the folder and the data of a study before the first of all is trained."""
    conditions = part.study.resolved(part.given)
    begun = part.folder.check(part.study.name, conditions, part.given.data.test)
    command.check(part.given.study, conditions, part.given.data.test, begun)


def _grow(part: _Part, seeds: int) -> None:
    """Brings a study to so many seeds, and keeps those that it has beyond them. Its looks are the rounds.

    A round before the last is left out where its seeds are trained.
    """
    trained, rounds = _trained_seeds(part), part.given.study.seeds
    if seeds < rounds and trained >= seeds:
        return
    seeds = max(seeds, trained)
    looks = ",".join(map(str, range(1, max(seeds, rounds) + 1)))
    given = options.replace(part.given, {"study.seeds": seeds, "study.looks": looks})
    command.run(part.study, given, part.folder.path)


def _summarize(folders: Sequence[StudyFolder], output: Path) -> None:
    """Makes the meta-study of the studies that have reports; of fewer than two there is none."""
    paths = [str(f.path) for f in folders if (f.report_path / "report.json").exists()]
    if len(paths) > 1:
        meta.run(Compare(), paths, output)


def _trained_seeds(part: _Part) -> int:
    """Counts the seeds, from 0 on, under which every condition is trained and evaluated."""
    conditions = part.study.resolved(part.given)
    seeds = 0
    while True:
        more = options.replace(part.given, {"study.seeds": seeds + 1})
        jobs = command.plan(part.folder, conditions, more.study, part.given.data.test)
        if not all(job.done for job in jobs):
            return seeds
        seeds += 1
