"""An experiment's network: new, from its run folder, or started from another run's weights."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Union

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.data.geometry import Geometry
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Array


class Trained(NamedTuple):
    """A network with its trained weights."""

    folder: RunFolder
    experiment: Experiment
    model: Recognizer
    step: int  # of the checkpoint
    finished: bool  # the run has come to its end, be it a loss that was not finite

    @property
    def geometry(self) -> Geometry:
        """The size that the network's images are brought to."""
        return self.experiment.geometry


def build(experiment: Experiment, alphabet: Alphabet) -> Recognizer:
    """The experiment's network with its keyed first weights."""
    return Recognizer(
        experiment.encoder,
        experiment.sequence,
        experiment.head,
        alphabet,
        experiment.data.height,
        seed=experiment.train.seed,
        bfloat16=experiment.train.mixed,
        frozen=experiment.train.freeze,
    )


def restore(path: Union[str, Path], which: str = "best") -> Trained:
    """The network of a run with the weights of its best or last checkpoint.

    Raises:
        InputError: there is no run, no finished checkpoint, or another version wrote it.
    """
    folder = RunFolder.open(path)
    checkpoint = folder.checkpoints.load(which)
    experiment = folder.experiment
    model = build(experiment, folder.alphabet)
    assign(variables(model), checkpoint.arrays, str(path))
    finished = folder.checkpoints.state().finished or divergence(folder.path) is not None
    return Trained(folder, experiment, model, checkpoint.step, finished)


def initialize_from(model: Recognizer, parent: RunFolder, parts: str) -> None:
    """Gives a model the best weights of another run: `all`, or `encoder+sequence` alone.

    Raises:
        InputError: they do not fit.
    """
    flag = f"--train.init_from={parent.path}"
    arrays = parent.checkpoints.load("best").arrays
    wanted = variables(model)
    if parts != "all":
        wanted = {path: v for path, v in wanted.items() if not path.startswith("head/")}
    elif parent.alphabet != model.alphabet:
        raise InputError(
            f"{flag}: its alphabet differs; give --data.alphabet={parent.path}/alphabet.txt or "
            "--train.init_parts=encoder+sequence"
        )
    way_out = "use the same encoder, sequence and head, or --train.init_parts=encoder+sequence"
    assign(wanted, arrays, flag, way_out)


def variables(model: Recognizer) -> dict[str, tf.Variable]:
    """A model's variables by path."""
    return {rng.path(variable): variable for variable in model.variables}


def assign(
    variables: dict[str, tf.Variable], arrays: dict[str, Array], place: str, way_out: str = ""
) -> None:
    """Gives variables the values stored under their paths.

    Raises:
        InputError: a path is missing or has another shape.
    """
    for path, variable in variables.items():
        if path not in arrays:
            raise InputError(f"{place}: has no {path}; {way_out or 'its code has changed'}")
        if tuple(arrays[path].shape) != tuple(variable.shape):
            raise InputError(
                f"{place}: {path} is {arrays[path].shape}, not {tuple(variable.shape)}; "
                f"{way_out or 'its code has changed'}"
            )
    for path, variable in variables.items():
        variable.assign(arrays[path])
