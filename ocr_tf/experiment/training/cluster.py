"""Finds this process' place among those that train together, from TF_CONFIG. TensorFlow-free."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment, Train
from ocr_tf.experiment.runs.run_folder import RESUMABLE
from ocr_tf.version import __version__

KINDS = ("chief", "worker")  # of tasks, in TensorFlow's order: the first task is the chief
FORM = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)

# Flags of files, which may lie elsewhere on every machine: what is in them is compared itself.
FILES = (
    "data.train",
    "data.val",
    "data.lines",
    "data.alphabet",
    "train.init_from",
    "train.continue_from",
)


class Task(NamedTuple):
    """A process' place among the workers of a cluster."""

    number: int = 0  # 0 is the chief
    workers: int = 1

    @property
    def chief(self) -> bool:
        """Tells whether it writes the run folder and says how far the training is."""
        return self.number == 0


def task(train: Train, environment: Mapping[str, str] = os.environ) -> Task:
    """Finds this process' place; without --train.strategy=multi_worker it is alone.

    Raises:
        InputError: TF_CONFIG is missing, malformed or contradicts itself.
    """
    if train.strategy != "multi_worker":
        return Task()
    text = environment.get("TF_CONFIG", "")
    if not text.strip():
        raise InputError(
            f"--train.strategy=multi_worker needs TF_CONFIG in the environment, as TF_CONFIG='{FORM}'"
        )
    try:
        return _parse(json.loads(text))
    except json.JSONDecodeError as error:
        raise InputError(f"TF_CONFIG: not JSON ({error}); write it as {FORM}") from None
    except _Wrong as wrong:
        raise InputError(f"TF_CONFIG: {wrong}; write it as {FORM}") from None


def agreed(experiment: Experiment) -> str:
    """Returns as a text what must be the same in all workers, but for the data."""
    leaves = options.leaves(experiment)
    numbers = {leaf.name: leaf.value for leaf in leaves if leaf.name not in RESUMABLE + FILES}
    return repr((experiment.encoder_name, experiment.head_name, __version__, numbers))


class _Wrong(Exception):
    """Says what is wrong with TF_CONFIG."""


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _Wrong(otherwise)


def _parse(content: Any) -> Task:
    _require(isinstance(content, dict), "no JSON object")
    cluster, own = content.get("cluster"), content.get("task")
    _require(isinstance(cluster, dict) and bool(cluster), "no cluster")
    _require(isinstance(own, dict), "no task: every worker says which it is")
    unknown = [kind for kind in cluster if kind not in KINDS]
    _require(not unknown, f"tasks of type {', '.join(unknown)}: there are {' and '.join(KINDS)}")
    for kind, addresses in cluster.items():
        listed = isinstance(addresses, list) and all(map(_is_address, addresses))
        _require(listed, f"cluster.{kind} is no list of host:port")
    every = [(kind, i) for kind in KINDS for i in range(len(cluster.get(kind, [])))]
    addresses = [cluster[kind][i] for kind, i in every]
    _require(len(cluster.get("chief", [])) <= 1, "more than one chief")
    _require(len(set(addresses)) == len(addresses), "two tasks have one address")
    kind, index = own.get("type"), own.get("index")
    _require(
        type(index) is int and (kind, index) in every, f"task {kind} {index} is not in the cluster"
    )
    return Task(every.index((kind, index)), len(every))


def _is_address(value: Any) -> bool:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and port.isdecimal() and 0 < int(port) < 2**16
