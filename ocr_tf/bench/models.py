"""Sorts what a command line names to be measured: experiments, run folders, exports."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, NamedTuple, Optional

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.inference import load
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.recognizer import Recognizer

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"  # where an experiment has learned no alphabet yet


class Network(NamedTuple):
    """An experiment, and the run that trained it, if there is one."""

    name: str
    experiment: Experiment
    alphabet: Alphabet
    run: Optional[RunFolder] = None

    def build(self, experiment: Experiment) -> Recognizer:
        """Builds a variant of the experiment's network: with the run's best weights, or new ones."""
        model = load.build(experiment, self.alphabet)
        if self.run is not None:
            arrays = self.run.checkpoints.load("best").arrays
            load.assign(load.variables(model), arrays, self.name)
        return model


class Export(NamedTuple):
    """A folder with a SavedModel."""

    name: str
    path: Path


def find(
    names: list[str], experiment: Callable[[str], Experiment]
) -> tuple[list[Network], list[Export]]:
    """Sorts `names` into networks and exports, each in the order given.

    Args:
        names: experiments, run folders and exports.
        experiment: gives the experiment of a name, or raises InputError.

    Raises:
        InputError: a name is none of the three, or stands there twice.
    """
    networks, exports = [], []
    for position, name in enumerate(names):
        if name in names[:position]:
            raise InputError(f"{name} is named twice; once is enough")
        path = Path(name)
        if (path / "saved_model.pb").exists():
            exports.append(Export(name, path))
        elif path.is_dir():
            folder = RunFolder.open(path)
            networks.append(Network(name, folder.experiment, folder.alphabet, folder))
        else:
            networks.append(Network(name, experiment(name), Alphabet(SYMBOLS)))
    return networks, exports
