"""A trained network from its run folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Union

from ocr_tf import keyed
from ocr_tf.experiment.config import Experiment
from ocr_tf.experiment.runs import RunFolder
from ocr_tf.experiment.train import assign, build
from ocr_tf.recognizer import Recognizer


class Trained(NamedTuple):
    folder: RunFolder
    experiment: Experiment
    model: Recognizer
    step: int  # of the checkpoint
    elapsed: float  # seconds of training until then


def restore(path: Union[str, Path], which: str = "best") -> Trained:
    """The network of a run with the weights of its best or last checkpoint.

    Raises:
        InputError: there is no run, no finished checkpoint, or another version wrote it.
    """
    folder = RunFolder.open(path)
    checkpoint = folder.load_checkpoint(which)
    experiment = folder.experiment
    model = build(experiment, folder.alphabet)
    assign({keyed.path(v): v for v in model.variables}, checkpoint.arrays, str(path))
    return Trained(folder, experiment, model, checkpoint.step, checkpoint.state["elapsed"])
