"""One run of a study, in a process of its own: trains it, then evaluates its best and last checkpoint.

It evaluates them with every search of the study, but for what is there already.

    python -m ocr_tf.study.worker JOB.json

Exits as `launch.main` does, and with DIVERGED where the loss is no longer finite.

Its standard input is a pipe that its parent holds open: when the parent dies, however it dies, the
pipe ends and so does the worker, and the study can be started again at once. What a killed training
loses, the same run makes again bit for bit.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ocr_tf.errors import Diverged
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.study.job import DIVERGED, Job


def main(path: str) -> None:
    """Does the job that a file describes; see `ocr_tf.study.job.Job`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = Job.read(path)
    from ocr_tf.experiment.inference import evaluate  # TensorFlow, once the job is known to be one
    from ocr_tf.experiment.training import loop

    loop.run(job.experiment, job.workdir, job.afterwards)
    for evaluation in job.missing if job.test else ():
        evaluate.run(
            Evaluate(
                checkpoint=evaluation.checkpoint,
                name=evaluation.name,
                normalize=job.normalize,
                search=evaluation.search,
                data=TestData(job.test),
            ),
            str(job.workdir),
            quiet=True,
        )


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
