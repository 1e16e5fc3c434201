"""Runs the jobs of a study: one after another, several at a time, or on a Ray cluster.

TensorFlow-free: every run is a process of its own (`ocr_tf.study.worker`).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ocr_tf.errors import InputError
from ocr_tf.experiment import predictions
from ocr_tf.experiment.atomic import atomic_write
from ocr_tf.experiment.config import Experiment
from ocr_tf.experiment.description import configuration
from ocr_tf.experiment.tools import CHECKPOINTS
from ocr_tf.progress import clock

TAIL = 5  # lines of a failed run's log that are shown
WORKER = "ocr_tf.study.worker"  # the module that does a job


class Job(NamedTuple):
    """A training and its evaluations."""

    title: str  # "attention, seed 2"
    experiment: Experiment
    workdir: Path
    test: tuple[str, ...]  # evaluated on when trained; nothing, if empty
    normalise: str

    @property
    def done(self) -> bool:
        """Whether all that the job makes is there."""
        found = [predictions.results(self.evaluation(name)) for name in CHECKPOINTS]
        return all(results is not None and results.get("finished") for results in found)

    def evaluation(self, checkpoint: str) -> Path:
        return self.workdir / "evaluations" / checkpoint

    @property
    def log(self) -> Path:
        return self.workdir.with_name(self.workdir.name + ".log")

    def write(self) -> Path:
        """The file that the worker reads, beside the run's folder."""
        self.workdir.parent.mkdir(parents=True, exist_ok=True)
        path = self.workdir.with_name(self.workdir.name + ".job.json")
        content = {
            "experiment": configuration(self.experiment),
            "workdir": str(self.workdir),
            "test": list(self.test),
            "normalise": self.normalise,
        }
        atomic_write(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
        return path


def run(jobs: Sequence[Job], parallel: int = 1, engine: str = "local") -> None:
    """Does the jobs that are not done, in their order.

    Raises:
      InputError: a run failed, or Ray is asked for and not installed.
      KeyboardInterrupt: after the runs have saved where they were.
    """
    left = [job for job in jobs if not job.done]
    if not left:
        return
    began, total = time.monotonic(), len(left)
    kept = f", {len(jobs) - total} are done already" if total < len(jobs) else ""
    print(f"{total} runs to train{kept}", file=sys.stderr)
    if engine == "ray":
        finished = _with_ray(left, parallel)
    elif parallel == 1:
        finished = _one_by_one(left)
    else:
        finished = _in_parallel(left, parallel)
    for done, job in enumerate(finished, 1):
        elapsed = time.monotonic() - began
        eta = f", ETA {clock(elapsed / done * (total - done))}" if done < total else ""
        print(f"{job.title} is done: {done} of {total} in {clock(elapsed)}{eta}", file=sys.stderr)


def _one_by_one(jobs: Sequence[Job]) -> Iterator[Job]:
    for number, job in enumerate(jobs, 1):
        print(f"== {job.title} ({number} of {len(jobs)})", file=sys.stderr)
        with _worker(job, None) as process:
            _check(job, _wait(process))
        yield job


def _in_parallel(jobs: Sequence[Job], parallel: int) -> Iterator[Job]:
    """Each run has its share of the cores, and writes what it says to its log."""
    threads = max(1, (os.cpu_count() or 1) // parallel)
    with contextlib.ExitStack() as stack:
        waiting = list(jobs)
        running: dict[concurrent.futures.Future, tuple[Job, subprocess.Popen]] = {}
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(parallel))
        try:
            while waiting or running:
                while waiting and len(running) < parallel:
                    job = waiting.pop(0)
                    process = stack.enter_context(_worker(job, threads))
                    running[pool.submit(process.wait)] = job, process
                ended, _ = concurrent.futures.wait(running, return_when="FIRST_COMPLETED")
                for future in ended:
                    job, _ = running.pop(future)
                    _check(job, future.result())
                    yield job
        except BaseException:
            for _, process in running.values():
                process.send_signal(signal.SIGINT)  # they save and end
            raise


@contextlib.contextmanager
def _worker(job: Job, threads: Optional[int]) -> Iterator[subprocess.Popen]:
    """The process of a job; with a number of threads, it is one of several and speaks to its log."""
    command = [sys.executable, "-m", WORKER, str(job.write())]
    environment = dict(os.environ)
    with contextlib.ExitStack() as stack:
        output: Any = None
        if threads is not None:
            output = stack.enter_context(open(job.log, "ab"))
            for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
                environment[name] = str(threads)
        process = stack.enter_context(
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # it ends when we do
                stdout=output or subprocess.DEVNULL,
                stderr=output,
                env=environment,
            )
        )
        yield process


def _wait(process: subprocess.Popen) -> int:
    """Waits; a Ctrl-C, which reaches the process too, lets it save and end."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        try:
            process.wait()
        except KeyboardInterrupt:
            process.kill()
        raise KeyboardInterrupt("interrupted; give the same command again to resume") from None


def _check(job: Job, code: int) -> None:
    if code == 130:
        raise KeyboardInterrupt("interrupted; give the same command again to resume")
    if code:
        said = ""
        if job.log.exists():
            lines = job.log.read_text("utf-8", "replace").replace("\r", "\n").splitlines()
            said = ": " + " | ".join(lines[-TAIL:])
        raise InputError(
            f"{job.title}: its run ended with code {code}{said}; mend that, then give the same "
            "command again"
        )


def _with_ray(jobs: Sequence[Job], parallel: int) -> Iterator[Job]:
    """On the cluster that RAY_ADDRESS names, or one made of this machine; all must see the folder."""
    try:
        import ray
    except ImportError:
        raise InputError(
            "--study.engine=ray needs Ray: pip install 'ocr_tf[ray]', or leave the flag out"
        ) from None
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    cores = max(1, (os.cpu_count() or 1) // parallel)
    train = ray.remote(num_cpus=cores, max_retries=0)(_train)
    try:
        running = {train.remote(job, cores): job for job in jobs}
        while running:
            (ended, *_), _ = ray.wait(list(running))
            job = running.pop(ended)
            _check(job, ray.get(ended))
            yield job
    finally:
        ray.shutdown()


def _train(job: Job, threads: int) -> int:
    with _worker(job, threads) as process:
        return process.wait()
