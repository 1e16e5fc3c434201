"""Which worker of a cluster a process is, and what TF_CONFIG may not say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Train
from ocr_tf.experiment.training import cluster
from tests.experiment import tiny

WORKERS = ["a:1", "b:2"]
MULTI = Train(strategy="multi_worker")


def task(clusters, kind="worker", index=0) -> cluster.Task:
    content = {"cluster": clusters, "task": {"type": kind, "index": index}}
    return cluster.task(MULTI, {"TF_CONFIG": json.dumps(content)})


def test_the_first_task_is_the_chief():
    assert task({"worker": WORKERS}, index=0) == (0, 2)
    assert task({"worker": WORKERS}, index=1) == (1, 2)
    both = {"worker": WORKERS, "chief": ["c:3"]}
    assert task(both, "chief") == (0, 3) and task(both, "chief").chief
    assert task(both, "worker", 1) == (2, 3) and not task(both, "worker").chief


def test_without_the_strategy_a_process_is_alone_whatever_its_environment_says():
    assert cluster.task(Train(), {"TF_CONFIG": "no JSON"}) == (0, 1)
    assert cluster.task(Train(strategy="mirrored"), {}).chief


@pytest.mark.parametrize(
    "text, cause",
    [
        (None, "needs TF_CONFIG"),
        (" ", "needs TF_CONFIG"),
        ("{", "not JSON"),
        ("[1]", "no JSON object"),
        ("{}", "no cluster"),
        ('{"cluster": {"worker": ["a:1"]}}', "no task"),
        ('{"cluster": {"worker": "a:1"}, "task": {}}', "no list of host:port"),
        ('{"cluster": {"worker": ["a"]}, "task": {}}', "no list of host:port"),
        ('{"cluster": {"worker": ["a:99999"]}, "task": {}}', "no list of host:port"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {}}', "task None None is not in the cluster"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "task worker 1 is not in the cluster",
        ),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}',
            "task chief 0 is not in the cluster",
        ),
        ('{"cluster": {"worker": ["a:1", "a:1"]}, "task": {}}', "two tasks have one address"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}, "task": {}}', "more than one chief"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {}}', "tasks of type ps"),
    ],
)
def test_what_tf_config_may_not_say(text, cause):
    with pytest.raises(InputError, match=cause) as error:
        cluster.task(MULTI, {} if text is None else {"TF_CONFIG": text})
    assert "\n" not in str(error.value)


def test_workers_may_differ_in_where_files_lie_and_in_nothing_that_is_trained():
    e = tiny.experiment()
    for name, value in (("data.train", ("elsewhere.tsv",)), ("train.log_every", 7)):
        assert cluster.agreed(options.replace(e, {name: value})) == cluster.agreed(e)
    for name, value in (("train.seed", 3), ("data.height", 24), ("head", tiny.HEADS["attention"])):
        assert cluster.agreed(options.replace(e, {name: value})) != cluster.agreed(e)


def test_a_cluster_that_is_not_there_is_refused_before_tensorflow_is_loaded(tmp_path):
    code = (
        "import sys; from ocr_tf.cli import launch; from tests.experiment import tiny\n"
        "try: launch.main(tiny.experiment(), '', sys.argv[1:])\n"
        "finally: assert 'tensorflow' not in sys.modules"
    )
    flags = [f"--workdir={tmp_path}/run", "--train.strategy=multi_worker"]
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-c", code, *flags], cwd=root, capture_output=True, text=True, env={}
    )
    assert run.returncode == 2, run.stderr
    assert len(run.stderr.splitlines()) == 1 and "needs TF_CONFIG" in run.stderr
