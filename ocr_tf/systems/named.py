"""The systems that a command line names, looked at before any is opened; TensorFlow-free."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from ocr_tf.alphabet import Alphabet
from ocr_tf.classical import model_file
from ocr_tf.classical.guided import check_search
from ocr_tf.decode import Search
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder

NAME = r"[\w. +-]*\w[\w. +-]*"  # of a system or of a set of lines; it also names files


class Named(NamedTuple):
    """A system that is there, and what tells it from others."""

    name: str
    path: str
    classical: bool  # or a run
    alphabet: Alphabet
    digest: str  # of what was trained


def find(arguments: list[str], checkpoint: str, search: Search, flag: str) -> list[Named]:
    """Finds the systems, in the order given.

    Args:
        arguments: PATH or NAME=PATH each.
        checkpoint: of runs.
        search: with which all read.
        flag: that gave the search, for messages.

    Raises:
        InputError: a path that is no system, a name that stands twice, a search that one does not have, or
            systems of different alphabets.
    """
    found: dict[str, Named] = {}
    for argument in arguments:
        one = _named(argument, checkpoint)
        if one.classical:
            check_search(search, flag)
        if one.name in found:
            raise InputError(
                f"{argument}: there is a system {one.name} already; name this one OTHER={one.path}"
            )
        found[one.name] = one
    systems = list(found.values())
    for other in systems[1:]:
        _check_alphabets(systems[0], other)
    return systems


def _named(argument: str, checkpoint: str) -> Named:
    name, equals, path = argument.partition("=")
    if not equals or Path(argument).exists():
        path = argument
        name = Path(path).stem if path.endswith(model_file.ENDING) else Path(path).resolve().name
    if not re.fullmatch(NAME, name):
        raise InputError(
            f"{argument}: {name!r} is no name of a system; take letters, digits, spaces and . + -"
        )
    if path.endswith(model_file.ENDING):
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file; make it with train_classical")
        alphabet = model_file.load(path).recognizer.alphabet
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return Named(name, path, True, alphabet, digest)
    folder = RunFolder.open(path)
    return Named(name, path, False, folder.alphabet, _digest(folder, checkpoint))


def _digest(folder: RunFolder, checkpoint: str) -> str:
    """Digests a run's description and the arrays of a checkpoint."""
    digest = hashlib.sha256((folder.path / "run.json").read_bytes())
    for name, array in sorted(folder.checkpoints.load(checkpoint).arrays.items()):
        digest.update(name.encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _check_alphabets(first: Named, other: Named) -> None:
    """Refuses systems of which one may write what the other cannot."""
    one, two = set(first.alphabet.symbols), set(other.alphabet.symbols)
    for own, less, more in ((two - one, first, other), (one - two, other, first)):
        if own:
            raise InputError(
                f"{more.path}: its alphabet has {''.join(sorted(own))!r}, which {less.path} does not write; "
                "compare systems of one alphabet"
            )
