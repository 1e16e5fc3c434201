"""Goes on from another run under other flags (--train.continue_from): a new run that begins as its copy.

The new run takes the other one's last checkpoint, its best one and its records: weights, optimizer, step,
curves. Its seed is the same, so random numbers and batches go on as they would have. What the flags say of
steps and learning rate holds for the whole training: at step t the rate is that of a run that was started
with them. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import shutil

from ocr_tf.alphabet import Alphabet
from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.differences import differences
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.checkpoints import Checkpoint, Checkpoints
from ocr_tf.experiment.runs.description import Origin
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import MOVABLE, RESUMABLE, RunFolder

# The flags that may differ from the other run's, beside those that touch no weight.
OTHER = (
    "train.continue_from",
    "train.init_from",
    "train.init_parts",
    "train.steps",
    "train.learning_rate",
    "train.warmup_steps",
    "train.decay",
    "train.weight_decay",
    "train.momentum",
    "train.normalize_gradient",
    "train.clip_norm",
    "train.evaluate_every",
    "train.patience",
)
COPY = ".continued"  # the folder in a run in which its first checkpoints are made


def check(experiment: Experiment) -> None:
    """Looks whether an experiment can go on from the run that it names.

    Raises:
        InputError: there is no such run or nothing of it is saved, more than the flags of OTHER differ, or
            it has taken as many steps.
    """
    parent = RunFolder.open(experiment.train.continue_from)
    flag = f"--train.continue_from={parent.path}"
    if experiment.train.init_from:
        raise InputError(f"{flag}: has weights already; leave out --train.init_from")
    began, now = parent.experiment, parent.settled(experiment)
    differing = differences(began, now, OTHER + RESUMABLE + MOVABLE)
    if differing:
        raise InputError(
            f"{flag}: was started with {'; '.join(differing)}: give the same, or start from its weights "
            "alone with --train.init_from"
        )
    step = (parent.checkpoints.steps() or [0])[-1]
    if not step:
        raise InputError(f"{flag}: no step of it is saved; train anew")
    if step >= experiment.train.steps:
        raise InputError(f"{flag}: is at step {step}; give --train.steps above that")


def origin(parent: RunFolder) -> Origin:
    """Describes what a new run goes on from, for its run.json."""
    steps, stopped = parent.checkpoints.steps(), divergence(parent.path)
    return Origin(str(parent.path), steps[-1], None if stopped is None else stopped.step)


def adopt(folder: RunFolder, parent: RunFolder, alphabet: Alphabet) -> None:
    """Gives a new run, which is locked, the checkpoints and records of another one.

    It is done or not done: stopped on the way, it begins anew.

    Raises:
        InputError: the data or the alphabet are others, or a checkpoint is damaged.
    """
    flag = f"--train.continue_from={parent.path}"
    if (folder.description.data, alphabet) != (parent.description.data, parent.alphabet):
        raise InputError(f"{flag}: was trained on other lines or symbols; give the same --data.*")
    last = parent.checkpoints.load("last")
    saved = [last]
    if last.state.best_step not in (None, last.step):
        saved.insert(0, parent.checkpoints.load("best"))
    records = parent.metrics.path.read_bytes()[: last.state.metrics]
    atomic_write(folder.metrics.path, records)
    copy = Checkpoints(folder.path / COPY)
    shutil.rmtree(copy.run, ignore_errors=True)
    copy.run.mkdir()
    for checkpoint in saved:
        copy.save(*_unfinished(checkpoint))
    copy.path.rename(folder.checkpoints.path)
    copy.run.rmdir()


def _unfinished(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint of a training that goes on, with as much patience as at its start."""
    state = dataclasses.replace(checkpoint.state, finished=False, worse=0)
    return checkpoint._replace(state=state)
