"""The command of a study: train what is missing, compare, report, and give the answer in three lines.

A study's file ends in

    if __name__ == "__main__":
        command.main(STUDY, __doc__)

TensorFlow-free until the flags are right.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.data.dataset import open_sources
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import program_name
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import checks
from ocr_tf.options import option
from ocr_tf.study import scheduler, searches, tune, up_to_date
from ocr_tf.study.comparison import tuning
from ocr_tf.study.comparison.results import grouped, longer
from ocr_tf.study.config import Settings, Study
from ocr_tf.study.job import Job
from ocr_tf.study.study_folder import StudyFolder


@dataclasses.dataclass(frozen=True)
class Command:
    """Flags of the command that are not the study's."""

    workdir: str = option(
        "", "Folder of the study: made by the first start, continued by the next. Required."
    )


def main(study: Study, doc: Optional[str], argv: Optional[Sequence[str]] = None) -> NoReturn:
    """Runs a study as the command line changes it, and exits as `launch.main` does."""
    with exits():
        parsed = flags.parse(
            study,
            sys.argv[1:] if argv is None else argv,
            program=program_name(),
            description=doc or "",
            command=Command(),
        )
        given: Study = parsed.config
        if not parsed.command.workdir:
            raise InputError(
                f"--workdir is missing: name the study's folder with --workdir=runs/{study.name}"
            )
        for name, what in (("train", "training"), ("test", "test")):
            if not getattr(given.data, name):
                raise InputError(
                    f"--data.{name} is missing: name the {what} lines, a labels file (path<TAB>text), "
                    "a folder or scheme:SPEC"
                )
        try:
            run(study, given, Path(parsed.command.workdir))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "the study is interrupted; give the same command again to resume"
            ) from None
    raise SystemExit(0)


def run(study: Study, given: Study, workdir: Path) -> None:
    """Continues a study to its report.

    Args:
        study: as it stands in its file.
        given: as the command line changed it.
        workdir: its folder.

    Raises:
        InputError: see the parts.
        KeyboardInterrupt: after the runs in training have been saved.
    """
    from ocr_tf.study import planning  # statistics

    conditions = study.resolved(given)
    settings, test = given.study, given.data.test
    folder = StudyFolder(workdir)
    begun = folder.check(study.name, conditions, test)
    folder.check_tuning(settings.tune, settings.tune_over, settings.tune_seeds)
    planning.check(folder, given)
    check(settings, conditions, test, begun)
    folder.make()
    with folder.lock():
        from ocr_tf.study.shared_lines import pin  # TensorFlow

        folder.remove_temporary()
        pinned = pin(folder, conditions, begun, test)
        written = planning.declare(folder, given, conditions)
        folder.write(study.name, conditions, test, written.sha256 if written else None)
        if settings.tune:
            pinned, tried = tune.tune(folder, pinned, settings)
            atomic_write(folder.tuned_path, tuning.dump(tried).encode())
        jobs = plan(folder, pinned, settings, test)
        scheduler.run(jobs, settings.at_a_time(len(jobs)), settings.engine)
        kept = up_to_date.kept_lines(folder, given, pinned)
        if kept is not None:
            print("\n".join([*kept, "nothing has changed: the report is up to date"]))
            return
        from ocr_tf.study import compare

        up_to_date.forget(folder)
        lines = compare.study(folder, given, pinned)
        up_to_date.remember(folder, given, pinned, lines)


def check(
    settings: Settings,
    conditions: Mapping[str, Experiment],
    test: Sequence[str],
    begun: Collection[str],
) -> None:
    """Looks at everything that flags name, in the moment before TensorFlow is loaded.

    Args:
        settings: of the study.
        conditions: what is to be trained.
        test: where the test lines are.
        begun: the conditions that were begun before.

    Raises:
        InputError: a file, a run or a package is missing, or an expression matches no line.
    """
    scheduler.check_engine(settings.engine)
    searches.parse(settings.search)
    if settings.tune:
        tune.check(conditions, settings)
    _check_test(test, settings)
    sources = {}
    for name, experiment in conditions.items():
        checks.check_train(experiment.train)
        if experiment.train.strategy == "multi_worker":
            raise InputError(
                "--train.strategy=multi_worker is for single trainings, one command on each machine; "
                "--study.engine=ray trains the runs of a study on several machines"
            )
        sources[experiment.data.train, experiment.data.val, experiment.data.alphabet] = experiment
        parent = experiment.train.init_from
        if parent and name not in begun:
            RunFolder.open(parent).checkpoints.state("best")
    for experiment in sources.values():
        checks.check_data(experiment.data)


def _check_test(test: Sequence[str], settings: Settings) -> None:
    samples = open_sources(test).samples
    flag = f"--data.test={','.join(test)}"
    if len(samples) < 2:
        raise InputError(f"{flag}: one line; a comparison needs two or more")
    if not any(sample.text for sample in samples):
        raise InputError(f"{flag}: no line has a text; there is nothing to compare readings with")
    ids = [sample.id for sample in samples]
    if settings.longer_than:
        ids = longer([sample.text for sample in samples], settings.longer_than, ids)
    if settings.groups:
        grouped(ids, settings.groups, "--study.groups")


def plan(
    folder: StudyFolder,
    conditions: dict[str, Experiment],
    settings: Settings,
    test: tuple[str, ...],
) -> list[Job]:
    """Lists every condition under every seed; seed by seed, so that a part of a study is balanced."""
    every = searches.parse(settings.search)
    return [
        Job(
            f"{name}, seed {seed}",
            dataclasses.replace(experiment, train=dataclasses.replace(experiment.train, seed=seed)),
            folder.run(name, seed),
            test,
            settings.normalize,
            every,
        )
        for seed in range(settings.seeds)
        for name, experiment in conditions.items()
    ]
