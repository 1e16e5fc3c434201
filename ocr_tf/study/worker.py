"""One run of a study, in a process of its own: trains it, then evaluates its best and last checkpoint.

It evaluates them with every search of the study, but for what is there already. A training that diverged is
evaluated as it was last saved, and is not trained again, which would end in the same way.

    python -m ocr_tf.study.worker JOB.json

Exits as `launch.main` does, and with DIVERGED where the loss was not finite.

Its standard input is a pipe that its parent holds open: when the parent dies, however it dies, the
pipe ends and so does the worker, and the study can be started again at once. What a killed training
loses, the same run makes again bit for bit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Optional

from ocr_tf.errors import Diverged
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study.job import DIVERGED, Job


def main(path: str) -> None:
    """Does the job that a file describes; see `ocr_tf.study.job.Job`.

    Raises:
        Diverged: the loss was not finite, now or at an earlier start; what was saved is evaluated.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = Job.read(path)
    # TensorFlow, once the job is known to be one.
    from ocr_tf.experiment.inference import evaluate, evaluate_nothing
    from ocr_tf.experiment.training import loop

    if divergence(job.workdir) is None:
        with contextlib.suppress(Diverged):
            loop.run(job.experiment, job.workdir, job.afterwards)
    diverged, state = divergence(job.workdir), _saved(job)
    for evaluation in job.missing if job.test else ():
        # One that diverged before its first validation has no best checkpoint yet.
        best = diverged is None or (state is not None and state.best_step is not None)
        config = Evaluate(
            checkpoint=evaluation.checkpoint if best else "last",
            name=evaluation.name,
            normalize=job.normalize,
            search=evaluation.search,
            data=TestData(job.test),
        )
        if state is None:
            evaluate_nothing.run(config, str(job.workdir))
        else:
            evaluate.run(config, str(job.workdir), quiet=True)
    if diverged is not None:
        raise Diverged(diverged.message)


def _saved(job: Job) -> Optional[TrainingState]:
    """The state of the job's last checkpoint; None where it diverged before it had one."""
    checkpoints = RunFolder(job.workdir).checkpoints
    return checkpoints.state() if checkpoints.steps() else None


def _end_with_parent() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock would outlive a normal end
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with exits():
        try:
            main(sys.argv[1])
        except Diverged as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(DIVERGED) from None
