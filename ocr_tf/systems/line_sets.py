"""The lines that all systems read: test sets by name, and drawn lines by difficulty; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import hashlib
import re

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError
from ocr_tf.systems.config import CompareSystems
from ocr_tf.systems.named import NAME


@dataclasses.dataclass(frozen=True, eq=False)
class LineSet:
    """Labeled lines that all systems read."""

    spec: str
    flag: str  # that named them
    source: Source
    key: str  # of lines and images, as far as it can be told without reading them


@dataclasses.dataclass(frozen=True)
class LineSets:
    """All lines. A set that is in both has one key, and is read once."""

    tests: dict[str, LineSet]  # by name, in the order of the table
    levels: dict[float, LineSet]  # by difficulty, ascending

    def distinct(self) -> dict[str, LineSet]:
        """Lists the sets to read, by key."""
        return {one.key: one for one in (*self.tests.values(), *self.levels.values())}


def open_sets(config: CompareSystems, alphabet: Alphabet) -> LineSets:
    """Opens all sets.

    Args:
        config: names them.
        alphabet: of the systems.

    Raises:
        InputError: no set, one that cannot be opened or has one line, a level that is none, or a text
            that no system can write.
    """
    tests: dict[str, LineSet] = {}
    for given in config.test:
        name, _, spec = given.partition("=")
        if not re.fullmatch(NAME, name) or not spec or name in tests:
            raise InputError(
                f"--test={given}: {'named twice' if name in tests else 'no NAME=SPEC'}; write each test set "
                "as clean=lines/labels.tsv, under names of their own"
            )
        tests[name] = _open(spec, f"--test={given}", alphabet)
    if not tests:
        raise InputError("--test is empty: name a test set, as clean=lines/labels.tsv")
    levels: dict[float, LineSet] = {}
    if config.ladder:
        if not config.ladder.startswith("synthetic:") or "?" not in config.ladder:
            raise InputError(
                f"--ladder={config.ladder}: only the presets synthetic:PRESET?OPTIONS are drawn at several "
                "difficulties; name one, or give --ladder="
            )
        for level in sorted(_level(text) for text in config.levels):
            spec = (
                f"{config.ladder}{'' if config.ladder.endswith('?') else '&'}difficulty={level:g}"
            )
            levels[level] = _open(spec, f"--ladder={config.ladder}", alphabet)
    return LineSets(tests, levels)


def _level(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--levels={text}: numbers from 0 to 2, as 0,0.5,1,1.5,2") from None


def _open(spec: str, flag: str, alphabet: Alphabet) -> LineSet:
    source = open_source(spec)
    if len(source) < 2:
        raise InputError(f"{flag}: one line; an interval needs two or more")
    if not any(source.texts):
        raise InputError(f"{flag}: no line has a text; there is nothing to compare readings with")
    key = hashlib.sha256(source.name.encode())
    for i, text in enumerate(source.texts):
        unknown = alphabet.unknown(text)
        if unknown:
            raise InputError(
                f"{source.sample(i).place}: {''.join(unknown)!r} is not in the systems' alphabet; take lines "
                "of the symbols that they were trained on"
            )
        key.update(f"\0{source.line_id(i)}\0{text}\0{source.stamp(i)}".encode())
    return LineSet(spec, flag, source, key.hexdigest())
