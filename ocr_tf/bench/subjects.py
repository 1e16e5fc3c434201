"""What a command line asks to measure: experiments by name, run folders, exports."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import did_you_mean
from ocr_tf.errors import InputError
from ocr_tf.experiment import restore
from ocr_tf.experiment.config import Experiment
from ocr_tf.experiment.runs import RunFolder
from ocr_tf.recognizer import Recognizer

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"  # where an experiment has learnt no alphabet yet


class Network(NamedTuple):
    """An experiment, and the run that trained it, if there is one."""

    name: str
    experiment: Experiment
    alphabet: Alphabet
    run: Optional[RunFolder] = None

    def build(self, experiment: Experiment) -> Recognizer:
        """The network of a variant of the experiment: with the run's best weights, or new ones."""
        model = restore.build(experiment, self.alphabet)
        if self.run is not None:
            arrays = self.run.load_checkpoint("best").arrays
            restore.assign(restore.variables(model), arrays, self.name)
        return model


class Export(NamedTuple):
    """A folder with a SavedModel."""

    name: str
    path: Path


def find(names: list[str]) -> tuple[list[Network], list[Export]]:
    """The networks and the exports among `names`, each in the order given.

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


def experiment(name: str) -> Experiment:
    """The experiment in experiments/NAME.py.

    Raises:
        InputError: there is none.
    """
    folder = importlib.import_module("experiments").__path__
    names = [module.name for module in pkgutil.iter_modules(folder)]
    if name in names:
        found = _experiment_in(name)
        if found is not None:
            return found
    names = [other for other in names if _experiment_in(other) is not None]
    raise InputError(
        f"{name}: no experiment, run folder or export{did_you_mean(Path(name).stem, names)}; "
        f"experiments are {', '.join(names)}"
    )


def _experiment_in(module: str) -> Optional[Experiment]:
    found = getattr(importlib.import_module(f"experiments.{module}"), "EXPERIMENT", None)
    return found if isinstance(found, Experiment) else None
