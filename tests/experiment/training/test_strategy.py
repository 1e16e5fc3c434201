"""Training on several devices and in several processes: it is that of one, and its end is orderly."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.runs.description import SharedDevices
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import strategy
from ocr_tf.experiment.training.cluster import Task
from tests.experiment.training.test_loop import QUIET, record, same, start

PATIENCE = 300  # seconds for a process


def test_mirrored_over_one_device_is_no_strategy(capsys):
    with strategy.devices(Train(strategy="mirrored"), Task()) as devices:
        assert devices.strategy is tf.distribute.get_strategy()
        assert devices.shared() == SharedDevices()
        assert devices.any(True, False) == [True, False]
    assert "one CPU" in capsys.readouterr().err


@contextlib.contextmanager
def two_workers(heads, folders, *where):
    """Two processes of one cluster; `where` the second one kills itself."""
    with socket.socket() as one, socket.socket() as two:
        for end in (one, two):
            end.bind(("localhost", 0))
        addresses = [f"localhost:{end.getsockname()[1]}" for end in (one, two)]
    children = []
    with contextlib.ExitStack() as stack:
        for index, (head, folder) in enumerate(zip(heads, folders)):
            task = {"type": "worker", "index": index}
            config = json.dumps({"cluster": {"worker": addresses}, "task": task})
            command = [sys.executable, "-m", "tests.experiment.tiny", head, str(folder)]
            child = subprocess.Popen(
                command + (list(map(str, where)) if index else []),
                env={**QUIET, "TINY_STRATEGY": "multi_worker", "TF_CONFIG": config},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(child)
            stack.callback(child.kill)
            children.append(child)
        yield children


def ends(children) -> list[str]:
    """What they say until they have ended."""
    return [child.communicate(timeout=PATIENCE)[1] for child in children]


def equal_but_for_rounding(folder, other):
    """The curves and what was read: Adam makes steps of rounding errors where a gradient is 0."""
    runs = [RunFolder(path) for path in (folder, other)]
    chains = [[r["batches"] for r in run.metrics.records() if "batches" in r] for run in runs]
    assert chains[0] == chains[1]
    for name in ("train/loss", "train/gradient_norm", "val/loss"):
        one, two = ([r[name] for r in run.metrics.records() if name in r] for run in runs)
        assert len(one) > 2
        np.testing.assert_allclose(one, two, rtol=1e-2, err_msg=name)


@pytest.mark.slow
def test_two_workers_train_as_one_and_a_lost_one_ends_the_other(tmp_path):
    head = "attention"
    with two_workers((head, head), [tmp_path / "unbroken", tmp_path / "none"]) as children:
        said = ends(children)
    assert [child.returncode for child in children] == [0, 0], said
    assert not (tmp_path / "none").exists()
    assert start(head, tmp_path / "alone").returncode == 0
    equal_but_for_rounding(tmp_path / "unbroken", tmp_path / "alone")
    description = RunFolder(tmp_path / "unbroken").description
    assert description.surroundings.devices == SharedDevices("multi_worker", 2, 2)

    with two_workers((head, head), [tmp_path / "run", tmp_path / "none"], "step", 6) as children:
        children[1].wait(PATIENCE)
        lost = time.monotonic()
        said, _ = ends(children)
        assert time.monotonic() - lost < 60
    assert [child.returncode for child in children] == [2, -signal.SIGKILL]
    assert "another of the 2 workers has ended" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert RunFolder(tmp_path / "run").checkpoints.steps() == [4]

    with two_workers((head, head), [tmp_path / "run", tmp_path / "none"]) as children:
        said = ends(children)
    assert [child.returncode for child in children] == [0, 0], said
    same(record(tmp_path / "unbroken"), record(tmp_path / "run"))


@pytest.mark.slow
def test_ctrl_c_at_one_worker_ends_both_and_saves(tmp_path):
    with two_workers(("ctc", "ctc"), [tmp_path / "run", tmp_path / "none"]) as children:
        for line in children[0].stderr:
            if line.startswith("step"):  # validated
                break
        children[1].send_signal(signal.SIGTERM)
        said = ends(children)
    assert [child.returncode for child in children] == [130, 130], said
    assert "is saved; give the same command again" in said[0]
    assert len(RunFolder(tmp_path / "run").checkpoints.steps()) > 0


@pytest.mark.slow
def test_workers_that_were_not_given_the_same_are_refused(tmp_path):
    with two_workers(("ctc", "attention"), [tmp_path / "run", tmp_path / "none"]) as children:
        said = ends(children)
    assert [child.returncode for child in children] == [2, 2], said
    assert all("the workers' flags differ" in text.splitlines()[-1] for text in said)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_replicas_are_killed_and_resume_in_the_same_bits(tmp_path, monkeypatch):
    head = "attention"
    assert start(head, tmp_path / "alone").returncode == 0
    monkeypatch.setitem(QUIET, "TINY_STRATEGY", "mirrored")
    monkeypatch.setitem(QUIET, "TINY_CPUS", "2")
    assert start(head, tmp_path / "unbroken").returncode == 0
    assert start(head, tmp_path / "run", "step", 8).returncode == -signal.SIGKILL
    assert start(head, tmp_path / "run").returncode == 0
    same(record(tmp_path / "unbroken"), record(tmp_path / "run"))
    equal_but_for_rounding(tmp_path / "unbroken", tmp_path / "alone")


@pytest.mark.slow
def test_resuming_on_another_number_of_devices_warns(tmp_path, monkeypatch):
    assert start("ctc", tmp_path / "run", "step", 8).returncode == -signal.SIGKILL
    monkeypatch.setitem(QUIET, "TINY_STRATEGY", "mirrored")
    monkeypatch.setitem(QUIET, "TINY_CPUS", "2")
    resumed = start("ctc", tmp_path / "run")
    assert resumed.returncode == 0
    assert "devices changed from" in resumed.stderr and "not bit-exact" in resumed.stderr
