"""How long a study still takes: from the pace of each condition, measured where it is known."""

from __future__ import annotations

import pytest

from ocr_tf import options
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.metrics_log import MetricsLog
from ocr_tf.progress import Afterwards
from ocr_tf.study import time_left
from ocr_tf.study.job import Job
from ocr_tf.study.time_left import TimeLeft


@pytest.fixture
def now(monkeypatch):
    time = [1000.0]
    monkeypatch.setattr(time_left.time, "time", lambda: time[0])
    return time


@pytest.fixture
def jobs(tmp_path):
    def job(condition, seed):
        experiment = options.replace(Experiment(condition), {"train.steps": 100})
        folder = tmp_path / f"{condition}-{seed}"
        folder.mkdir()
        return Job(f"{condition}, seed {seed}", experiment, folder, (), "none")

    return [job(condition, seed) for seed in (0, 1) for condition in ("ctc", "attention")]


def record(job, step, wall):
    MetricsLog(job.workdir / "metrics.jsonl").append({"step": step, "wall": wall})


def test_it_is_known_as_soon_as_a_run_has_a_pace(jobs, now):
    left = TimeLeft(jobs, 1)
    left.start(jobs[0])
    assert left.seconds() is None
    record(jobs[0], 10, 1030.0)  # thirty seconds to start and trace
    assert left.seconds() is None
    record(jobs[0], 20, 1040.0)
    assert left.seconds() == 80 + 3 * 100


def test_each_condition_has_its_own_pace_and_runs_share_the_time(jobs, now):
    left = TimeLeft(jobs, 2)
    for job in jobs[:2]:
        left.start(job)
    now[0] += 50
    for job in jobs[:2]:
        record(job, 100, now[0])
    left.end(jobs[0])
    now[0] += 100
    left.end(jobs[1])
    assert left.seconds() == (100 * 0.5 + 100 * 1.5) / 2


def test_what_follows_a_run_is_as_fast_as_itself_where_nothing_better_is_known(jobs, now):
    left = TimeLeft(jobs, 1)
    left.start(jobs[0])
    assert left.after(jobs[0]) == Afterwards("all runs", 300, 0.0)
    now[0] += 200
    record(jobs[0], 100, now[0])
    left.end(jobs[0])
    left.start(jobs[1])
    assert left.after(jobs[1]) == Afterwards("all runs", 100, 200.0)
    for job in jobs[1:3]:
        left.start(job)
        left.end(job)
    assert left.after(jobs[3]) is None


def test_a_run_that_was_resumed_counts_from_there(jobs, now):
    record(jobs[0], 50, 1.0)
    left = TimeLeft(jobs, 1)
    left.start(jobs[0])
    now[0] += 100
    record(jobs[0], 100, now[0])
    left.end(jobs[0])
    assert left.seconds() == 3 * 100 * 2
