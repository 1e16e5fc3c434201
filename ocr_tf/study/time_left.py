"""Estimates how long the runs of a study still take, from the pace of those so far. TensorFlow-free."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Optional

from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.progress import Afterwards
from ocr_tf.study.job import Job


class TimeLeft:
    """The pace of each condition, in seconds a training step.

    That of a run that has ended holds its start and its evaluations too; before one of a condition has,
    the records of one in training tell. A condition that has not begun is taken to be as fast as the
    others are on average.
    """

    def __init__(self, jobs: Sequence[Job], parallel: int):
        """Measures nothing yet.

        Args:
            jobs: all that are to be done.
            parallel: how many are done at the same time.
        """
        self._left = list(jobs)
        self._parallel = parallel
        self._started: dict[Job, tuple[float, int]] = {}  # Unix time in seconds, steps done before
        self._ended: dict[str, float] = {}  # condition: seconds a step of its last run

    def start(self, job: Job) -> None:
        """Says that a job starts."""
        self._started[job] = (time.time(), job.steps)

    def end(self, job: Job) -> None:
        """Says that a job has ended."""
        since, before = self._started.pop(job, (time.time(), 0))
        steps = job.experiment.train.steps - before
        self._left.remove(job)
        if steps > 0 and divergence(job.workdir) is None:
            self._ended[job.experiment.name] = (time.time() - since) / steps

    def seconds(self) -> Optional[float]:
        """Seconds until all jobs are done; None while no pace is known."""
        paces = self._paces()
        if not paces:
            return None
        usual = sum(paces.values()) / len(paces)
        work = sum(
            max(0, job.experiment.train.steps - job.steps) * paces.get(job.experiment.name, usual)
            for job in self._left
        )
        return work / max(1, min(self._parallel, len(self._left)))

    def after(self, job: Job) -> Optional[Afterwards]:
        """What follows on a job, where jobs are done one after another; None if nothing does."""
        later = [other for other in self._left if other is not job]
        if not later:
            return None
        known = {n: p for n, p in self._ended.items() if n != job.experiment.name}
        units, seconds = 0, 0.0
        for other in later:
            steps = max(0, other.experiment.train.steps - other.steps)
            if other.experiment.name in known:
                seconds += steps * known[other.experiment.name]
            else:
                units += steps
        return Afterwards("all runs", units, seconds)

    def _paces(self) -> dict[str, float]:
        paces = dict(self._ended)
        for job, (since, _) in self._started.items():
            pace = RunFolder(job.workdir).metrics.seconds_a_step(since)
            if pace is not None:
                paces.setdefault(job.experiment.name, pace)
        return paces
