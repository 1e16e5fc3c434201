"""Runs the jobs of a study: one after another, several at a time, or on a Ray cluster.

TensorFlow-free: every run is a process of its own (`ocr_tf.study.worker`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Optional, Union

from ocr_tf.errors import InputError
from ocr_tf.metrics.failures import SAID
from ocr_tf.processor import cores
from ocr_tf.progress import Progress, clock
from ocr_tf.study.job import DIVERGED, Job
from ocr_tf.study.time_left import TimeLeft

TAIL = 5  # lines of a failed run's log that are shown
PAUSE = 0.5  # seconds between looks at what has ended
LOOK = 5.0  # seconds between looks at how far runs are
PATIENCE = 10.0  # seconds for a cluster to answer
WORKER = "ocr_tf.study.worker"  # the module that does a job


def run(jobs: Sequence[Job], parallel: int = 1, engine: str = "local") -> None:
    """Does the jobs that are not done, in their order; a training that diverges ends its job, no other.

    Args:
        jobs: all of the study's.
        parallel: how many to do at the same time.
        engine: `local`, in processes of this machine, or `ray`.

    Raises:
        InputError: a job could not be done, or see `check_engine`.
        KeyboardInterrupt: after the runs have saved where they were.
    """
    left = [job for job in jobs if not job.done]
    if not left:
        return
    check_engine(engine)
    began, total = time.monotonic(), len(left)
    kept = f", {len(jobs) - total} are done already" if total < len(jobs) else ""
    trained = all(job.steps >= job.experiment.train.steps for job in left)
    runs = f"{total} {'run' if total == 1 else 'runs'} to {'evaluate' if trained else 'train'}"
    print(f"{runs}{kept}", file=sys.stderr)
    time_left = TimeLeft(left, parallel)
    steps = _Steps(left, time_left)
    if engine == "local" and parallel == 1:
        ended = _one_by_one(left, time_left)
    else:
        print(f"{parallel} at a time; what they say is in {left[0].log} and so on", file=sys.stderr)
        started = _Ray(parallel) if engine == "ray" else _Processes(parallel)
        ended = _several(left, parallel, started, steps, time_left)
    for done, job in enumerate(ended, 1):
        elapsed, seconds = time.monotonic() - began, time_left.seconds()
        eta = f", ETA {clock(seconds)}" if seconds is not None and done < total else ""
        failed = job.failed
        how = f", but {SAID[failed.kind]}" if failed else ""
        steps.say(f"{job.title} is done{how}: {done} of {total} in {clock(elapsed)}{eta}")


def _one_by_one(jobs: Sequence[Job], time_left: TimeLeft) -> Iterator[Job]:
    """Each has the terminal and says itself how far it is, and when all will be done."""
    for number, job in enumerate(jobs, 1):
        print(f"== {job.title} ({number} of {len(jobs)})", file=sys.stderr)
        time_left.start(job)
        with _worker(job._replace(afterwards=time_left.after(job)), None) as process:
            try:
                code = process.wait()
            except KeyboardInterrupt:  # it has got the same Ctrl-C
                _wait_for([process])
                raise
            _check(job, code, "")
        time_left.end(job)
        yield job


def _several(
    jobs: Sequence[Job],
    parallel: int,
    started: Union[_Processes, _Ray],
    steps: _Steps,
    time_left: TimeLeft,
) -> Iterator[Job]:
    waiting = list(jobs)
    try:
        while waiting or started.running:
            while waiting and len(started.running) < parallel:
                time_left.start(waiting[0])
                started.start(waiting.pop(0))
            for job, code in started.ended():
                _check(job, code, _tail(job))
                time_left.end(job)
                yield job
            steps.show()
    finally:
        steps.clear()
        started.stop()


class _Steps:
    """How far runs are together that do not have the terminal."""

    def __init__(self, jobs: Sequence[Job], time_left: TimeLeft):
        self.jobs, self.time_left = jobs, time_left
        self.taken = sum(job.steps for job in jobs)
        total = sum(job.experiment.train.steps for job in jobs)
        # Runs start and trace at times of their own: only `time_left` knows when they will be done.
        self.progress = Progress("steps of all runs", total, done=self.taken, warm_up=total)
        self.looked = time.monotonic()

    def show(self) -> None:
        if time.monotonic() - self.looked > LOOK:
            taken = sum(job.steps for job in self.jobs)
            if self.taken < taken < self.progress.total:
                self.progress.show(taken, seconds_left=self.time_left.seconds())
            self.taken, self.looked = taken, time.monotonic()

    def say(self, line: str) -> None:
        self.progress.say(line)

    def clear(self) -> None:
        self.progress.clear()


class _Processes:
    """Runs in processes of this machine, each with its share of the cores."""

    def __init__(self, parallel: int):
        self.threads = max(1, cores() // parallel)
        self.running: dict[subprocess.Popen[bytes], Job] = {}
        self.stack = contextlib.ExitStack()

    def start(self, job: Job) -> None:
        self.running[self.stack.enter_context(_worker(job, self.threads))] = job

    def ended(self) -> list[tuple[Job, int]]:
        """The jobs that have ended since the last call, with their codes; waits a little."""
        time.sleep(PAUSE)
        codes = {process: process.poll() for process in self.running}
        return [(self.running.pop(p), code) for p, code in codes.items() if code is not None]

    def stop(self) -> None:
        """Lets what still runs save and end."""
        _say_stopping(self.running.values())
        with self.stack:
            _interrupt(self.running)


class _Ray:
    """Runs on the cluster that RAY_ADDRESS names, or one made of this machine.

    Every machine of it sees the folder and the data under the same names.
    """

    def __init__(self, parallel: int):
        import ray

        self.ray = ray
        try:
            ray.init(ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError) as error:
            raise _no_cluster(error) from None
        cores = [_cores(node["Resources"]) for node in ray.nodes() if node["Alive"]]
        # A share of all cores, but no more than one machine has.
        self.threads = max(1, min(sum(cores) // parallel, max(cores)))
        self.train = ray.remote(num_cpus=self.threads, max_retries=0)(_train)
        self.running: dict[Any, Job] = {}

    def start(self, job: Job) -> None:
        self.running[self.train.remote(job, self.threads, os.getcwd())] = job

    def ended(self) -> list[tuple[Job, int]]:
        """As `_Processes.ended`. Raises InputError if a machine was lost."""
        time.sleep(PAUSE)  # a Ctrl-C that falls into Ray's own wait with a limit is lost
        ended, _ = self.ray.wait(list(self.running), num_returns=len(self.running), timeout=0)
        return [(job, self._code(job, ref)) for ref in ended for job in [self.running.pop(ref)]]

    def _code(self, job: Job, ref: Any) -> int:
        try:
            return self.ray.get(ref)
        except self.ray.exceptions.RayError as error:
            raise InputError(
                f"{job.title}: Ray lost it ({type(error).__name__}); give the same command again"
            ) from None

    def stop(self) -> None:
        _say_stopping(self.running.values())
        for ref in self.running:
            self.ray.cancel(ref)
        if self.running:
            self.ray.wait(list(self.running), num_returns=len(self.running))
        self.ray.shutdown()


def check_engine(engine: str) -> None:
    """Refuses an engine that is not installed or does not answer, before anything is written.

    Raises:
        InputError: Ray is asked for and is not installed, or its cluster cannot be reached.
    """
    if engine != "ray":
        return
    if importlib.util.find_spec("ray") is None:
        raise InputError(
            "--study.engine=ray: Ray is not installed; pip install 'ray>=2,<3', or leave the flag out"
        )
    # Ray itself would try for minutes to reach an address that does not answer.
    host, _, port = _address().rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        except OSError as error:
            raise _no_cluster(error) from None


def _cores(resources: Mapping[str, float]) -> int:
    """The cores of a machine of the cluster; 1 where it does not say."""
    return int(resources["CPU"]) if "CPU" in resources else 1


def _address() -> str:
    """The cluster's address; empty: one is made of this machine."""
    return os.getenv("RAY_ADDRESS", "")


def _no_cluster(error: Exception) -> InputError:
    return InputError(
        f"--study.engine=ray: no cluster at RAY_ADDRESS={_address()} "
        f"({error}); start it, or unset RAY_ADDRESS to use this machine"
    )


def _train(job: Job, threads: int, folder: str) -> int:
    """Does a job on a machine of the cluster, in the folder that its paths start from."""
    os.chdir(folder)
    with _worker(job, threads) as process:
        while True:
            try:
                return process.wait(PAUSE)  # Ray's cancel does not end a wait without a limit
            except subprocess.TimeoutExpired:
                pass
            except KeyboardInterrupt:
                _interrupt([process])
                raise


@contextlib.contextmanager
def _worker(job: Job, threads: Optional[int]) -> Iterator[subprocess.Popen[bytes]]:
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
                start_new_session=threads is not None,  # a Ctrl-C reaches it through us, once
            )
        )
        yield process


def _say_stopping(running: Collection[Job]) -> None:
    if running:
        print(f"letting {'; '.join(job.title for job in running)} save and end", file=sys.stderr)


def _interrupt(processes: Collection[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()  # not SIGINT, which Ray's processes block and hand on blocked
    _wait_for(processes)


def _wait_for(processes: Collection[subprocess.Popen[bytes]]) -> None:
    """Waits until they have saved and ended; a second Ctrl-C ends them at once."""
    try:
        for process in processes:
            process.wait()
    except KeyboardInterrupt:
        for process in processes:
            process.kill()


def _check(job: Job, code: int, said: str) -> None:
    if code == 130:
        raise KeyboardInterrupt
    if code not in (0, DIVERGED):
        raise InputError(
            f"{job.title}: its run ended with code {code}{said}; mend that, then give the same "
            "command again"
        )


def _tail(job: Job) -> str:
    """What a run that does not have the terminal said last."""
    try:
        lines = job.log.read_text("utf-8", "replace").replace("\r", "\n").splitlines()
    except OSError:  # it is on another machine, or never began
        return ""
    return ": " + " | ".join(lines[-TAIL:])
