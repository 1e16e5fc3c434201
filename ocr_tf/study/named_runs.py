"""Finds the conditions among the runs and other systems that `compare` names. TensorFlow-free."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Optional

from ocr_tf import options
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.run_folder import RESUMABLE, RunFolder
from ocr_tf.study.comparison.controls import Runs


def find(
    paths: Sequence[Path], name: str
) -> tuple[dict[str, dict[int, Path]], dict[str, dict[int, RunFolder]]]:
    """Finds the evaluation folders of every condition and seed, and the runs where they are runs.

    Args:
        paths: run folders, and folders of other systems' evaluations.
        name: of the runs' evaluations.

    Raises:
        InputError: what is named is neither, or two are one condition under one seed.
    """
    folders: dict[str, dict[int, Path]] = {}
    runs: dict[str, dict[int, RunFolder]] = {}
    experiments: dict[str, Optional[Experiment]] = {}  # None: another system
    given: set[Path] = set()
    for path in paths:
        if path.resolve() in given:
            raise InputError(f"{path}: named twice; name it once")
        given.add(path.resolve())
        results = predictions.results(path)
        if results is not None:
            owner = path.resolve().parent.parent
            if RunFolder(owner).begun:
                raise InputError(
                    f"{path}: the evaluation of a run; name the run, {owner}, with "
                    f"--name={path.resolve().name}"
                )
            condition, seed, folder = _unused(results.system, experiments), 0, path
            experiments[condition] = None
        else:
            opened = RunFolder.open(path)
            experiment = opened.experiment
            seed, folder = experiment.train.seed, path / "evaluations" / name
            condition = _name(experiment, experiments)
            runs.setdefault(condition, {})[seed] = opened
        if seed in folders.setdefault(condition, {}):
            raise InputError(
                f"{path}: {folders[condition][seed]} is condition {condition} under seed {seed} too; "
                "name one of them"
            )
        folders[condition][seed] = folder
    return folders, runs


def _name(experiment: Experiment, known: dict[str, Optional[Experiment]]) -> str:
    """Finds the condition of an experiment, whatever its seed and the options that touch no weight."""
    usual = {leaf.name: leaf.value for leaf in options.leaves(Experiment(""))}
    unseeded = options.replace(experiment, {n: usual[n] for n in ("train.seed", *RESUMABLE)})
    for name, other in known.items():
        if other == unseeded:
            return name
    name = _unused(experiment.name, known)
    known[name] = unseeded
    return name


def _unused(name: str, known: Container[str]) -> str:
    """Adds a number to a name where something else has it."""
    unused, number = name, 1
    while unused in known:
        number += 1
        unused = f"{name}-{number}"
    return unused


def refuse_other_alphabets(runs: Runs) -> None:
    """Refuses runs of different alphabets. Raises InputError."""
    every = [run for by in runs.values() for run in by.values()]
    for other in every[1:]:
        if other.alphabet != every[0].alphabet:
            lacks = [s for s in every[0].alphabet.symbols if s not in other.alphabet.symbols]
            adds = [s for s in other.alphabet.symbols if s not in every[0].alphabet.symbols]
            raise InputError(
                f"{other.path}: its alphabet is not that of {every[0].path} (lacks {_few(lacks)}, "
                f"adds {_few(adds)}); train both with one --data.alphabet"
            )


def refuse_other_seeds(folders: Mapping[str, Mapping[int, Path]]) -> None:
    """Refuses conditions of different seeds, which cannot be paired. Raises InputError."""
    first, *others = ((name, sorted(seeds)) for name, seeds in folders.items())
    for other in others:
        if other[1] != first[1]:
            seeds_of = (f"{name} {', '.join(map(str, seeds))}" for name, seeds in (first, other))
            raise InputError(
                f"--paired: the seeds of {' and of '.join(seeds_of)} cannot be paired; name runs of the same "
                "seeds, or leave the flag out"
            )


def _few(symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
    return " ".join(map(repr, symbols[:NAMED])) + more if symbols else "none"
