"""Refuses what cannot be trained, in the moment before TensorFlow is loaded.

What takes reading the images is refused later, by `splits.prepare`. TensorFlow-free.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_sources
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import PARTS, Data, Experiment, Train
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import cluster, origin


def check(experiment: Experiment, workdir: Path) -> None:
    """Looks at everything that flags name: folders, files and what belongs together.

    Args:
        experiment: what is to be trained.
        workdir: the run folder, new or to be resumed.

    Raises:
        InputError: it is not there or cannot be used; nothing was written.
    """
    folder = RunFolder(workdir)
    task = cluster.task(experiment.train)
    if task.chief:
        folder.check_usable(experiment)
    check_train(experiment.train)
    check_data(experiment.data)
    # A run that has a checkpoint no longer depends on the one that it started from.
    if task.chief and not folder.checkpoints.steps():
        if experiment.train.continue_from:
            origin.check(experiment)
        elif experiment.train.init_from:
            RunFolder.open(experiment.train.init_from).checkpoints.state("best")


def check_data(data: Data) -> None:
    """Opens the files that --data.* names.

    Raises:
        InputError: one of them is missing or damaged, or holds no lines.
    """
    open_sources(data.train)
    if data.val_groups:
        if data.val:
            raise InputError(
                "--data.val_groups splits the training lines: give it without --data.val"
            )
        try:
            re.compile(data.val_groups)
        except re.error as error:
            raise InputError(f"--data.val_groups={data.val_groups}: {error}") from None
    if data.weights:
        parse_weights(data.weights, len(data.train))
    if data.val:
        open_sources(data.val)
    if data.alphabet:
        Alphabet.load(data.alphabet)
    if data.lines:
        named_digests(data.lines)


def parse_weights(weights: Sequence[str], sources: int) -> list[float]:
    """Reads --data.weights.

    Raises:
        InputError: a weight is no number above 0, or there are not as many as sources.
    """
    flag = f"--data.weights={','.join(weights)}"
    try:
        values = [float(weight) for weight in weights]
    except ValueError:
        values = []
    if not values or not all(0 < value < math.inf for value in values):
        raise InputError(f"{flag}: weights are numbers above 0, as 3,1")
    if len(values) != sources:
        raise InputError(f"{flag}: {len(values)} weights for {sources} sources of --data.train")
    return values


def check_train(train: Train) -> None:
    """Refuses flags that each are right but not together.

    Raises:
        InputError: what learns, or what to start from, is left open.
    """
    if train.init_parts != "all" and not train.init_from:
        raise InputError(f"--train.init_parts={train.init_parts} needs --train.init_from=RUN")
    if set(train.freeze) == set(PARTS):
        raise InputError("--train.freeze names all parts: nothing would learn; leave one out")


def named_digests(path: str) -> set[bytes]:
    """Reads the file that --data.lines names.

    Returns:
        The sha256 of the images to train on.

    Raises:
        InputError: it cannot be read, or a line is no sha256.
    """
    try:
        return {bytes.fromhex(line) for line in Path(path).read_text("utf-8").split()}
    except OSError as error:
        raise InputError(f"--data.lines={path}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"--data.lines={path}: a line is no sha256 in hexadecimal") from None
