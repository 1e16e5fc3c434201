"""Searches and lattices, apart from networks: they take scores or a decoder, and return hypotheses.

`SEARCHES` maps a name to a search: a frozen dataclass of its options, which is what `Head.decode` is
given, and TensorFlow-free until it searches. A new search is one file beside `greedy`, with both
methods of `search.Search`, and one line in SEARCHES; or one's own, by `ocr_tf.register("search", NAME)`.

A search's text form is its name and its options: `greedy`, `beam`, `beam:16` (the first option),
`beam:width=16,best=4`, and for a beam with a language model or a lexicon `lm:FILE` and `lexicon:FILE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocr_tf import options
from ocr_tf.decode.beam import Beam
from ocr_tf.decode.greedy import Greedy
from ocr_tf.decode.search import Search
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.registry import Registry

SEARCHES: Registry[type[Search]] = Registry("search", {"greedy": Greedy, "beam": Beam})
# A beam may be named by what guides it: `lm:FILE,width=16`.
NAMED_BY = {"lm": ("beam", "lm"), "lexicon": ("beam", "lexicon")}


def parse_search(text: str, place: str = "--search") -> Search:
    """Makes a search from its text form.

    Args:
        text: `NAME` or `NAME:OPTION=VALUE,...`; the first option may go without its name.
        place: where the text was given, for messages.

    Raises:
        InputError: there is no such search or option, or a value that the option cannot have.
    """
    name, _, rest = text.partition(":")
    first = ""
    if name in NAMED_BY:
        name, first = NAMED_BY[name]
    if name not in SEARCHES:
        raise InputError(
            f"{place}={text}: the searches are {', '.join((*SEARCHES, *NAMED_BY))}; not {name!r}"
            f"{did_you_mean(name, (*SEARCHES, *NAMED_BY))}"
        )
    try:
        search = SEARCHES[name](**dict(_values(SEARCHES[name], rest, first)))
        options.check(search)
    except ValueError as error:
        raise InputError(f"{place}={text}: {str(error).removeprefix('--')}") from None
    search.check()
    return search


def several(search: Search, count: int, width: int) -> Search:
    """Returns the search of the `count` best texts.

    Args:
        search: that of one text; one that cannot give several gives way to a beam.
        count: at least 1.
        width: of that beam.

    Raises:
        InputError: the search keeps fewer.
    """
    if "best" not in {leaf.name for leaf in options.leaves(search)}:
        return Beam(width, count)
    try:
        changed: Search = options.replace(search, {"best": count})
        return changed
    except ValueError as error:
        raise InputError(
            f"--n_best={count}: {error}; search more widely, or ask for fewer"
        ) from None


def search_text(search: Search) -> str:
    """Returns the text form of a search, with the options that differ from their defaults."""
    name = next(name for name, kind in SEARCHES.items() if type(search) is kind)
    defaults = {leaf.name: leaf.value for leaf in options.leaves(SEARCHES[name]())}
    changed = [
        f"{leaf.name}={str(leaf.value).lower()}"
        for leaf in options.leaves(search)
        if leaf.value != defaults[leaf.name]
    ]
    return ":".join(filter(None, (name, ",".join(changed))))


def _values(kind: type[Search], text: str, first: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the options that a text form sets. Raises ValueError for those that there are not.

    `first` is the option that may go without its name; by default the first of all.
    """
    leaves = {leaf.name: leaf for leaf in options.leaves(kind())}
    if first and not text:
        raise ValueError(f"name a file, as {first}:FILE")
    for position, item in enumerate(text.split(",") if text else ()):
        name, equals, value = item.partition("=")
        if not equals and position == 0 and leaves:
            name, value = first or next(iter(leaves)), item
        if name not in leaves:
            raise ValueError(
                f"the options are {', '.join(leaves) or 'none'}; not {item!r}"
                f"{did_you_mean(name, leaves)}"
            )
        yield name, _value(leaves[name], value)


def _value(leaf: options.Leaf, text: str) -> Any:
    switches = {"true": True, "false": False}
    if leaf.type is str:
        return text
    if leaf.type is bool:
        if text not in switches:
            raise ValueError(f"{leaf.name} is true or false, not {text!r}")
        return switches[text]
    try:
        return leaf.type(text)
    except ValueError:
        kind = {int: "a whole number", float: "a number"}[leaf.type]
        raise ValueError(f"{leaf.name} is {kind}, not {text!r}") from None
