"""The command of a study: train what is missing, compare, report, and give the answer in three lines.

A study's file ends in

    if __name__ == "__main__":
        command.main(STUDY, __doc__)

TensorFlow-free until the flags are right.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Optional

from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import program_name
from ocr_tf.experiment.runs.atomic import atomic_write
from ocr_tf.options import option
from ocr_tf.study.comparison import tuning
from ocr_tf.study.config import Study
from ocr_tf.study.job import Job
from ocr_tf.study.study_folder import StudyFolder


@dataclasses.dataclass(frozen=True)
class Command:
    """Flags of the command that are not the study's."""

    workdir: str = option(
        "", "Folder of the study, made by the first start and continued by the next; needed."
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
                    f"--data.{name} is missing: name the {what} lines, a labels file (path<TAB>text) "
                    "or synthetic:SPEC"
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
    conditions = study.resolved(given)
    settings, test = given.study, given.data.test
    folder = StudyFolder(workdir)
    begun = folder.check(study.name, conditions, test)
    folder.check_tuning(settings.tune)
    if settings.groups:
        from ocr_tf.data.dataset import open_sources
        from ocr_tf.study.comparison.results import grouped

        ids = [sample.id for sample in open_sources(test).samples]
        grouped(ids, settings.groups, "--study.groups")
    folder.make()
    with folder.lock():
        from ocr_tf.study.shared_lines import pin  # TensorFlow

        folder.remove_temporary()
        pinned = pin(folder, conditions, begun, test)
        folder.write(study.name, conditions, test)
        if settings.tune:
            from ocr_tf.study.tune import tune

            pinned, tried = tune(folder, pinned, settings.tune)
            atomic_write(folder.tuned_path, tuning.dump(tried).encode())
        jobs = plan(folder, pinned, settings.seeds, test, settings.normalize)
        from ocr_tf.study import scheduler

        scheduler.run(jobs, settings.parallel, settings.engine)
        from ocr_tf.study import compare

        compare.study(folder, given, pinned)


def plan(
    folder: StudyFolder,
    conditions: dict[str, Experiment],
    seeds: int,
    test: tuple[str, ...],
    normalize: str,
) -> list[Job]:
    """Every condition under every seed; seed by seed, so that a part of a study is balanced."""
    return [
        Job(
            f"{name}, seed {seed}",
            dataclasses.replace(experiment, train=dataclasses.replace(experiment.train, seed=seed)),
            folder.run(name, seed),
            test,
            normalize,
        )
        for seed in range(seeds)
        for name, experiment in conditions.items()
    ]
