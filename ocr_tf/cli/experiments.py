"""The experiments that come with the toolkit, by name."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Optional

from ocr_tf.data.dataset import did_you_mean
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment


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
