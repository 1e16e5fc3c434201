"""Stands in for `ocr_tf.study.worker`: does a job in no time, or what the workdir's name says."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from ocr_tf.experiment.runs import failure, predictions
from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction, RateFigures
from ocr_tf.metrics.error_rates import measure
from ocr_tf.study.job import DIVERGED

job = json.loads(Path(sys.argv[1]).read_bytes())
workdir = Path(job["workdir"])
workdir.mkdir(parents=True, exist_ok=True)
with open(workdir.parent / "starts", "a") as file:
    file.write(f"{workdir.name} {os.environ.get('TF_NUM_INTRAOP_THREADS', 'all')}\n")
if "fails" in workdir.name:
    while (workdir.parent / "waits.job.json").exists() and not (
        workdir.parent / "waits" / "pid"
    ).exists():
        time.sleep(0.05)
    print("error: no such data", file=sys.stderr)
    sys.exit(2)
if "diverges" in workdir.name:
    failure.record_divergence(workdir, failure.Divergence(7, "the loss is not finite"))
if "waits" in workdir.name:
    from ocr_tf.study import worker

    def save(*_):
        time.sleep(0.3)
        (workdir / "saved").touch()
        sys.exit(130)

    signal.signal(signal.SIGTERM, save)
    worker.threading.Thread(target=worker._end_with_parent, daemon=True).start()
    (workdir / "pid").write_text(str(os.getpid()))
    time.sleep(60)
if "stuck" in workdir.name:
    record = {"step": 1, "val/cer": 0.9, "formed": False}
    (workdir / "metrics.jsonl").write_text(json.dumps(record) + "\n")
if "steps" in workdir.name:
    for step in range(1, 8):
        with open(workdir / "metrics.jsonl", "a") as file:
            file.write(json.dumps({"step": step}) + "\n")
    time.sleep(1)
for place, search in enumerate(job["searches"]):
    for checkpoint in ("best", "last"):
        name = f"{checkpoint}-{place + 1}" if place else checkpoint
        folder = workdir / "evaluations" / name
        rates = RateFigures.from_rates(measure([("a", "a")]))
        results = EvaluationResults(
            workdir.name, ("lines.tsv",), "f", rates, finished=True, search=search
        )
        predictions.write(folder, results, [Prediction("1", "a", "a")])
sys.exit(DIVERGED if "diverges" in workdir.name else 0)
