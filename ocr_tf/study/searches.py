"""The searches of a study, and the conditions that they make of what it trains; TensorFlow-free.

A run is trained once and reads the test lines with every search. With one search the report's conditions are
those that were trained; with several each is a training and a search, "ctc, beam:8".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ocr_tf.decode import parse_search, search_text
from ocr_tf.errors import InputError

FLAG = "--study.search"
SEPARATOR = ";"  # a search's own options have commas


class ReadCondition(NamedTuple):
    """A condition of the report: what was trained, and a search that it reads with."""

    name: str
    training: str  # the name of what was trained
    place: int  # of the search among the study's, from 0


def split(text: str) -> tuple[str, ...]:
    """Splits the flag's value into the searches, as they are written. Raises InputError for an empty one."""
    searches = tuple(search.strip() for search in text.split(SEPARATOR))
    if len(searches) > 1 and "" in searches:
        raise InputError(f"{FLAG}={text}: one of the searches is empty; name it, or leave it out")
    return searches


def parse(text: str) -> tuple[str, ...]:
    """Checks the flag's value, and the files that searches name.

    Returns:
        The searches, as `decode.search_text` writes them.

    Raises:
        InputError: one is wrong or empty, or stands twice.
    """
    found: dict[str, str] = {}
    for written in split(text):
        search = search_text(parse_search(written, FLAG))
        if search in found:
            raise InputError(
                f"{FLAG}={text}: {found[search]} and {written} are the same search; leave one out"
            )
        found[search] = written
    return tuple(found)


def conditions(text: str, trainings: Iterable[str]) -> tuple[ReadCondition, ...]:
    """Lists the report's conditions: all trainings under the first search, then under the next.

    Args:
        text: the flag's value.
        trainings: the names of what is trained, in the report's order.

    Raises:
        InputError: as `split`.
    """
    names, searches = tuple(trainings), split(text)
    return tuple(
        ReadCondition(f"{name}, {search}" if len(searches) > 1 else name, name, place)
        for place, search in enumerate(searches)
        for name in names
    )


def evaluation(checkpoint: str, place: int) -> str:
    """Names the evaluation of a checkpoint by the search of a place: best, best-2, best-3."""
    return f"{checkpoint}-{place + 1}" if place else checkpoint


def in_full(name: str, read: Iterable[ReadCondition]) -> str:
    """Names a condition as the report does: a training's name alone is its reading by the first search."""
    return next((one.name for one in read if one.training == name and not one.place), name)
