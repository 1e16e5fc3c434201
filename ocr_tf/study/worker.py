"""One run of a study, in a process of its own: trains it, then evaluates its best and last checkpoint.

    python -m ocr_tf.study.worker JOB.json

Exits as `launch.main` does, and with DIVERGED where the loss is no longer finite.

Its standard input is a pipe that its parent holds open: when the parent dies, however it dies, the
pipe ends and so does the worker, and the study can be started again at once. What a killed training
loses, the same run makes again bit for bit.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from ocr_tf.errors import Diverged, InputError
from ocr_tf.experiment.description import rebuild
from ocr_tf.experiment.launch import exits
from ocr_tf.experiment.tools import CHECKPOINTS, Evaluate, TestData
from ocr_tf.study.schedule import DIVERGED


def main(path: str) -> None:
    """Does the job that a file describes; see `ocr_tf.study.schedule.Job`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        job = json.loads(Path(path).read_bytes())
        experiment = rebuild(job["experiment"], path)
        workdir, test = Path(job["workdir"]), tuple(job["test"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no job of a study ({error})") from None
    from ocr_tf.experiment import evaluate, train  # TensorFlow, once the job is known to be one

    train.run(experiment, workdir)
    for checkpoint in CHECKPOINTS if test else ():
        evaluate.run(
            Evaluate(
                checkpoint=checkpoint,
                name=checkpoint,
                normalise=job["normalise"],
                data=TestData(test),
            ),
            str(workdir),
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
