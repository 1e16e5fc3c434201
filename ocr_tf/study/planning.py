"""The plan of a study's folder: written before the first run, then read and compared. TensorFlow-free."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from ocr_tf.errors import InputError
from ocr_tf.study.comparison import interim_looks, plan
from ocr_tf.study.comparison.plan import Declared, Plan, WrittenPlan
from ocr_tf.study.config import Study, planned_looks
from ocr_tf.study.study_folder import StudyFolder

WAY_OUT = "restore it, or choose another --workdir"


def written(folder: StudyFolder, study: str) -> Optional[WrittenPlan]:
    """Reads the plan that a folder's study was begun with; None where it was begun without one.

    Raises:
        InputError: the plan is lost, was edited or replaced, or is another study's.
    """
    path, begun_with = folder.plan_path, folder.plan_sha256
    if begun_with is None:
        if folder.begun and path.exists():
            raise InputError(
                f"{path}: the study was begun without a plan, so that this is none of its; delete it"
            )
        return None
    found = plan.read(path, WAY_OUT)
    if found.plan.study != study:
        raise InputError(f"{path}: the plan of study {found.plan.study}, not {study}; {WAY_OUT}")
    if found.sha256 != begun_with:
        raise InputError(f"{path}: not the plan that the study was begun with; {WAY_OUT}")
    return found


def check(folder: StudyFolder, given: Study) -> None:
    """Looks at a folder's plan and looks before anything is trained.

    Raises:
        InputError: as `written`, the looks are damaged, or seeds are fewer than a planned look has seen.
    """
    found = written(folder, given.name)
    looks = planned_looks(given.study.looks) or (found.plan.looks if found else ())
    taken = interim_looks.read(folder.looks_path)
    interim_looks.check_order(taken, given.study.seeds, looks, "--study.seeds")


def declare(folder: StudyFolder, given: Study, conditions: Iterable[str]) -> Optional[WrittenPlan]:
    """Writes the plan of a study that was not begun; of one that was, reads it.

    Raises:
        InputError: as `written`.
    """
    if folder.begun:
        return written(folder, given.name)
    declared = WrittenPlan(plan.now(), plan.plan_of(given, conditions))
    plan.write(folder.plan_path, declared)
    return declared


def declared(found: WrittenPlan, asked: Plan, file: str, before_runs: bool) -> Declared:
    """Compares what is asked with a plan.

    Args:
        found: the plan.
        asked: what is asked, in the form of a plan.
        file: of the plan, for the report.
        before_runs: whether the plan is known to have been written before the first run.
    """
    changes = plan.changes(found.plan, asked)
    return Declared(file, found.when, found.sha256, before_runs, found.plan, changes)
