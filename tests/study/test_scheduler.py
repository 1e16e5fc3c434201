from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.study import scheduler
from ocr_tf.study.job import Job


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(scheduler, "WORKER", "tests.study.quick_worker")


def jobs(folder, *names):
    return [Job(n, Experiment(n), folder / n, ("synthetic:digits",), "none") for n in names]


def starts(folder):
    return [line.split() for line in (folder / "starts").read_text().splitlines()]


def test_jobs_are_done_in_order_and_only_once(tmp_path, capsys):
    first = jobs(tmp_path, "a", "b")
    scheduler.run(first)
    assert all(job.done for job in first)
    scheduler.run(jobs(tmp_path, "a", "b", "c"))
    assert [name for name, _ in starts(tmp_path)] == ["a", "b", "c"]
    assert "1 run to train, 2 are done already" in capsys.readouterr().err
    scheduler.run(jobs(tmp_path, "c"))
    assert len(starts(tmp_path)) == 3


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_training_that_failed_is_told_at_its_end_and_stops_no_other(tmp_path, capsys, parallel):
    every = jobs(tmp_path, "stuck", "diverges", "a")
    scheduler.run(every, parallel)
    said = capsys.readouterr().err
    assert "stuck is done, but did not align:" in said and "diverges is done, but diverged:" in said
    assert "a is done:" in said and "3 of 3" in said
    assert [job.failed and job.failed.kind for job in every] == ["not aligned", "diverged", None]
    scheduler.run(every, parallel)  # what would diverge in the same way is not trained again
    assert len(starts(tmp_path)) == 3


def test_of_several_searches_what_was_not_read_is_missing(tmp_path, capsys):
    (job,) = jobs(tmp_path, "a")
    scheduler.run([job])
    more = job._replace(searches=("greedy", "beam:width=2", "beam"))
    assert job.done and not more.done
    assert [tuple(one) for one in more.missing] == [
        ("best-2", "best", "beam:width=2"),
        ("last-2", "last", "beam:width=2"),
        ("best-3", "best", "beam"),
        ("last-3", "last", "beam"),
    ]
    record = {"step": job.experiment.train.steps}
    (job.workdir / "metrics.jsonl").write_text(json.dumps(record) + "\n")
    assert "1 run to train" in capsys.readouterr().err
    scheduler.run([more])
    assert "1 run to evaluate" in capsys.readouterr().err and more.done
    turned = job._replace(searches=("beam", "greedy"))
    assert [one.name for one in turned.missing] == ["best", "last", "best-2", "last-2"]
    assert Job.read(str(more.write())).searches == more.searches


def test_an_evaluation_of_an_unfinished_run_does_not_count(tmp_path):
    (job,) = jobs(tmp_path, "a")
    scheduler.run([job])
    path = job.workdir / "evaluations" / "last" / "results.json"
    path.write_text('{"fingerprint": "f", "finished": false}')
    assert not job.done


def test_a_failure_stops_and_says_which_run(tmp_path):
    with pytest.raises(InputError, match="fails: its run ended with code 2"):
        scheduler.run(jobs(tmp_path, "a", "fails", "b"))
    assert [name for name, _ in starts(tmp_path)] == ["a", "fails"]


def test_in_parallel_runs_share_the_cores_and_speak_to_their_logs(tmp_path):
    done = jobs(tmp_path, "a", "b", "c")
    scheduler.run(done, parallel=2)
    share = str(max(1, os.cpu_count() // 2))
    assert sorted(starts(tmp_path)) == [[name, share] for name in "abc"]
    assert all(job.done and job.log.exists() for job in done)
    with pytest.raises(InputError, match="error: no such data"):
        scheduler.run(jobs(tmp_path, "fails"), parallel=2)


CHILD = """
import sys
from pathlib import Path
from tests.study.test_scheduler import jobs
from ocr_tf.study import scheduler
scheduler.WORKER = "tests.study.quick_worker"
scheduler.run(jobs(Path(sys.argv[1]), "waits"))
"""


def wait_for(condition, seconds=30.0):
    deadline = time.time() + seconds
    while not condition() and time.time() < deadline:
        time.sleep(0.05)
    return condition()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except OSError:
        return False


def test_a_run_ends_with_the_study_that_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)]) as child:
        pid = tmp_path / "waits" / "pid"
        assert wait_for(lambda: pid.exists() and pid.read_text())
        worker = int(pid.read_text())
        assert alive(worker)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert wait_for(lambda: not alive(worker))


INTERRUPTED = """
import signal, sys
from pathlib import Path
from tests.study.test_scheduler import jobs
from ocr_tf.experiment.config.exits import exits
from ocr_tf.study import scheduler
scheduler.WORKER = "tests.study.quick_worker"
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests may ignore it
with exits():
    scheduler.run(jobs(Path(sys.argv[1]), "waits1", "waits2", "later"), parallel=2)
"""


def test_interrupted_in_parallel_every_run_saves_and_ends(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        pids = [tmp_path / name / "pid" for name in ("waits1", "waits2")]
        assert wait_for(lambda: all(pid.exists() and pid.read_text() for pid in pids))
        child.send_signal(signal.SIGINT)
        said = child.communicate()[1]
    assert child.returncode == 130 and "Traceback" not in said
    assert "letting waits1; waits2 save and end" in said
    assert all(pid.with_name("saved").exists() for pid in pids)
    assert not (tmp_path / "later").exists()
    assert not any(alive(int(pid.read_text())) for pid in pids)


def test_a_run_that_fails_lets_the_others_save(tmp_path):
    # It fails when the other has begun to wait.
    with pytest.raises(InputError, match="fails: its run ended with code 2: error: no such data"):
        scheduler.run(jobs(tmp_path, "waits", "fails"), parallel=2)
    assert (tmp_path / "waits" / "saved").exists()


def test_in_parallel_the_progress_is_that_of_all_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scheduler, "LOOK", 0.0)
    monkeypatch.setattr(scheduler, "PAUSE", 0.1)
    found = jobs(tmp_path, "steps1", "steps2")
    total = sum(job.experiment.train.steps for job in found)
    monkeypatch.setattr(
        scheduler.Progress, "show", lambda line, done, **_: seen.append((done, line.total))
    )
    seen = []
    scheduler.run(found, parallel=2)
    assert {of for _, of in seen} == {total} and [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert seen[-1][0] == 2 * 7  # what the stand-in records of each


def test_ray_is_asked_for_by_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'ray>=2,<3'"):
        scheduler.run(jobs(tmp_path, "a"), engine="ray")


def test_a_ray_cluster_that_is_not_there_is_told_at_once(tmp_path, monkeypatch):
    pytest.importorskip("ray", reason="Ray is an extra")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(InputError, match="no cluster at RAY_ADDRESS=127.0.0.1:1 .*; start it, or"):
        scheduler.run(jobs(tmp_path, "a"), engine="ray")


@pytest.mark.slow
def test_ray_does_the_jobs(tmp_path):
    pytest.importorskip("ray", reason="Ray is an extra")
    done = jobs(tmp_path, "a", "b")
    # Ray's processes import the module anew, so here the job goes to the real worker and fails there.
    with pytest.raises(InputError, match="its run ended with code 2"):
        scheduler.run([job._replace(test=("none.tsv",)) for job in done], engine="ray")
