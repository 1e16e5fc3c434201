"""Turns a --search into what the classical recognizer searches by; TensorFlow-free."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.classical.recognizer import WIDTH
from ocr_tf.classical.search import Guide
from ocr_tf.decode import Beam, Greedy, Search
from ocr_tf.errors import InputError
from ocr_tf.language import arpa
from ocr_tf.language.automaton import of_ngrams

TAKEN = ("width", "lm", "lm_weight", "bonus")  # options of a beam that mean the same here


class Guided(NamedTuple):
    """A language model and how widely is searched with it."""

    guide: Optional[Guide]
    width: int


def check_search(search: Search, place: str) -> None:
    """Refuses a search that the classical recognizer does not have.

    Args:
        search: as `parse_search` gives it.
        place: where it was given, for messages.

    Raises:
        InputError: neither greedy, nor a beam with no more than a language model.
    """
    others = [
        leaf.name
        for leaf in options.leaves(search)
        if leaf.name not in TAKEN and leaf.value != getattr(type(search)(), leaf.name)
    ]
    if not isinstance(search, (Greedy, Beam)) or others:
        raise InputError(
            f"{place}: a classical recognizer searches by greedy, beam:WIDTH or "
            f"lm:FILE with {', '.join(TAKEN[2:])}, and nothing else"
        )


def guided(search: Search, alphabet: Alphabet) -> Guided:
    """Opens the language model of a search that `check_search` has passed.

    Raises:
        InputError: the model cannot be read, or does not fit the alphabet.
    """
    if not isinstance(search, Beam):
        return Guided(None, WIDTH)
    if not search.lm:
        return Guided(None, search.width)
    automaton = of_ngrams(arpa.read(search.lm), alphabet, search.lm)
    return Guided(Guide(automaton, search.lm_weight, search.bonus), search.width)
