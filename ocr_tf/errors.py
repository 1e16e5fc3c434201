"""The exceptions that people, not programmers, are meant to read; TensorFlow-free."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NAMED = 5  # lines, samples or symbols that a message names before it only counts


class InputError(Exception):
    """Bad input: a flag, a file, a line.

    The message is one line that names the place and the way out. Command lines print it without a
    traceback and exit with code 2.
    """


class Diverged(InputError):
    """A training whose loss is no longer finite."""


def did_you_mean(word: str, words: Iterable[str], prefix: str = "") -> str:
    """Asks, in brackets and after a space, whether the nearest of `words` was meant; or says nothing.

    Args:
        word: what was given.
        words: what is known.
        prefix: goes before the suggestion, as the -- of a flag.
    """
    nearest = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {prefix}{nearest[0]}?)" if nearest else ""
