"""Stands in for `ocr_tf.study.worker`: the same, but the loss of seed 1 is not finite at a step.

The step is that of its condition in DIVERGES, which its environment gives: "ctc=2,attention=20".
"""

import os
import runpy
import sys
from pathlib import Path

from ocr_tf.experiment.training import step
from ocr_tf.study.job import Job

job = Job.read(sys.argv[1])
diverges = dict(pair.split("=") for pair in os.environ["DIVERGES"].split(","))
if job.experiment.train.seed == 1 and job.experiment.name in diverges:
    finite, asked = step.Outcome.finite, []

    def until(outcome):
        asked.append(outcome)
        return len(asked) < int(diverges[job.experiment.name]) and finite(outcome)

    step.Outcome.finite = until
(Path(job.workdir).parent / f"start-{os.getpid()}").touch()
runpy.run_module("ocr_tf.study.worker", run_name="__main__")
