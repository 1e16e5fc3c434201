"""A look at a study's results: charged before its answer, and written down before its report is.

What was seen once counts, whatever becomes of the page. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping

from ocr_tf.study import planning
from ocr_tf.study.comparison import interim_looks, plan
from ocr_tf.study.comparison.interim_looks import InterimLook, InterimLooks
from ocr_tf.study.comparison.plan import Plan
from ocr_tf.study.comparison.results import Grid
from ocr_tf.study.config import Study
from ocr_tf.study.report import contrasts
from ocr_tf.study.report.content import Report
from ocr_tf.study.study_folder import StudyFolder


class Looking:
    """A look at a study that is being taken: its level is known before its answer."""

    def __init__(
        self,
        folder: StudyFolder,
        given: Study,
        conditions: Iterable[str],
        grids: Mapping[str, Grid],
    ):
        """Finds the look among those taken, or charges a new one.

        Raises:
            InputError: as `check`.
        """
        found = planning.written(folder, given.name)
        asked = plan.plan_of(given, conditions)
        self._path = folder.looks_path
        self._taken = interim_looks.read(self._path)
        self._looks = found.plan.looks if found else ()
        grid = next(iter(grids.values()))
        as_planned = found is None or not plan.other_question(found.plan, asked)
        charge = interim_looks.charge(self._taken, given.study.seeds, self._looks, as_planned)
        question, read = _question(asked), interim_looks.readings(grids.values())
        current = interim_looks.position(self._taken, question, read)
        self._is_new = current is None
        if current is None:
            current = len(self._taken)
            new = InterimLook(
                when=plan.now(),
                seeds=given.study.seeds,
                lines=len(grid.ids),
                metric=given.study.metric,
                planned=charge.planned,
                level=charge.level,
                asked=question,
                readings=read,
            )
            self._taken = (*self._taken, new)
        self._current = current
        self.next = interim_looks.upcoming(self._taken, given.study.seeds, self._looks)
        self.declared = None
        if found is not None:
            self.declared = planning.declared(found, asked, folder.plan_path.name, True)

    @property
    def confidence(self) -> float:
        """The confidence of every interval of this look."""
        return 1 - self._taken[self._current].level

    def record(self, report: Report) -> InterimLooks:
        """Writes the look down with what it says, unless it repeats one.

        Args:
            report: the answer at this look's confidence.
        """
        if self._is_new:
            *earlier, look = self._taken
            look = _answered(look, report)
            interim_looks.append(self._path, look)
            self._taken, self._is_new = (*earlier, look), False
        return InterimLooks(self._taken, self._current, self._looks, self.next)


def _question(asked: Plan) -> str:
    """Hashes what is asked, apart from how many seeds answer it and when."""
    question = dataclasses.asdict(dataclasses.replace(asked, seeds=0, looks=()))
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _answered(look: InterimLook, report: Report) -> InterimLook:
    said = contrasts.answer(report)
    if said is None:
        return look
    return dataclasses.replace(
        look, said=said.title, value=said.value, low=said.low, high=said.high, p=said.p
    )
