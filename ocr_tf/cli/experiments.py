"""Experiments and studies: by name, those that come with the toolkit; by file, a researcher's own.

TensorFlow-free.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Union

from ocr_tf import registry
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import command_name
from ocr_tf.study.config import Study
from ocr_tf.version import ROOT

# Where the experiments are when the package is installed; a checkout has them beside the package.
PACKAGE = "ocr_tf.experiments"
CHECKOUT = ROOT / "experiments"
SAID = "python -m experiments."  # how docstrings name the command, which only a checkout has
KINDS = ("EXPERIMENT", "STUDY")  # the names that a file gives them


class Named(NamedTuple):
    """An experiment or a study, and the docstring of its file."""

    config: Union[Experiment, Study]
    doc: str


def load(name: str, kinds: tuple[str, ...] = KINDS) -> Named:
    """The experiment or study of a name, as captcha_ctc, or of a file's path.

    Args:
        name: what the command line gives.
        kinds: which of KINDS to look for, the first that is there is taken.

    Raises:
        InputError: there is none, or its file cannot be imported.
    """
    path = Path(name)
    if path.suffix == ".py" and path.resolve().parent != Path(_package().__path__[0]).resolve():
        loaded = _in(registry.load_file(name), kinds)
        if loaded is None:
            raise InputError(
                f"{name}: defines no {' and no '.join(kinds)}; name one so in the file"
            )
        return loaded
    module = path.stem if path.suffix == ".py" else name
    if module in _modules():
        loaded = _in(shipped(module), kinds)
        if loaded is not None:
            return loaded
    known = [other for other in _modules() if _in(shipped(other), kinds) is not None]
    raise InputError(
        f"{name}: no such experiment{did_you_mean(path.stem, known)}; there are {', '.join(known)}; "
        "or give the path of a Python file"
    )


def experiment(name: str) -> Experiment:
    """The experiment of a name or file. Raises InputError as `load` does."""
    config = load(name, ("EXPERIMENT",)).config
    assert isinstance(config, Experiment)
    return config


def summaries() -> dict[str, str]:
    """The opening of each experiment's and study's docstring, by name."""
    every = {name: _in(shipped(name), KINDS) for name in _modules()}
    docs = {name: named.doc for name, named in every.items() if named is not None}
    return {
        name: textwrap.shorten(doc.split("\n\n")[0], 76, placeholder=" ...")
        for name, doc in docs.items()
    }


def shipped(name: str) -> ModuleType:
    """The module of an experiment that comes with the toolkit."""
    return importlib.import_module(f"{_package().__name__}.{name}")


def _in(module: ModuleType, kinds: tuple[str, ...]) -> Union[Named, None]:
    for kind in kinds:
        config = getattr(module, kind, None)
        if isinstance(config, (Experiment, Study)):
            doc = (module.__doc__ or "").replace(SAID, command_name("train") + " ")
            return Named(config, doc)
    return None


def _modules() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(_package().__path__))


def _package() -> ModuleType:
    """The package of experiments, under one name wherever it lies."""
    if PACKAGE not in sys.modules and (CHECKOUT / "__init__.py").exists():
        file = CHECKOUT / "__init__.py"
        spec = importlib.util.spec_from_file_location(
            PACKAGE, file, submodule_search_locations=[str(CHECKOUT)]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[PACKAGE] = module
        spec.loader.exec_module(module)
    return importlib.import_module(PACKAGE)
