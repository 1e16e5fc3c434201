"""Searches by their text form, and what every one of SEARCHES promises a head."""

from __future__ import annotations

import dataclasses

import pytest
import tensorflow as tf

import ocr_tf
from ocr_tf import registry
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import SEARCHES, Beam, Greedy, Search, parse_search, search_text
from ocr_tf.decode.autoregressive import Decoder
from ocr_tf.errors import InputError
from ocr_tf.types import Frames


@pytest.mark.parametrize(
    "text, search",
    [
        ("greedy", Greedy()),
        ("greedy:early_stop=false", Greedy(early_stop=False)),
        ("beam", Beam()),
        ("beam:16", Beam(width=16)),
        ("beam:16,best=4", Beam(width=16, best=4)),
        ("beam:best=4,width=16", Beam(width=16, best=4)),
    ],
)
def test_a_text_names_a_search_and_its_options(text, search):
    assert parse_search(text) == search
    assert parse_search(search_text(search)) == search


def test_the_text_of_a_search_leaves_out_what_is_usual():
    assert search_text(Beam(width=8, best=1)) == "beam"
    assert search_text(Beam(width=8, best=2)) == "beam:best=2"
    assert search_text(Greedy(early_stop=False)) == "greedy:early_stop=false"


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "beem",
            "--search=beem: the searches are greedy, beam, lm, lexicon; not 'beem' (did you mean beam?)",
        ),
        ("", "the searches are greedy, beam, lm, lexicon"),
        ("lm:none.arpa", "none.arpa: cannot read the language model"),
        ("lexicon:none.txt,width=4", "none.txt: cannot read the lexicon"),
        ("lm", "--search=lm: name a file, as lm:FILE"),
        ("beam:lm_weight=much", "lm_weight is a number, not 'much'"),
        ("beam:wide=3", "ctc_weight, rescore; not 'wide=3' (did you mean width?)"),
        ("beam:3,4", "the options are width, best, lm, lm_weight, bonus"),
        ("beam:x", "--search=beam:x: width is a whole number, not 'x'"),
        ("beam:0", "cannot give"),
        ("beam:2,best=3", "a beam of width 2 cannot give the 3 best"),
        ("greedy:early_stop=maybe", "early_stop is true or false, not 'maybe'"),
    ],
)
def test_a_wrong_text_is_told_what_there_is(text, message):
    with pytest.raises(InputError) as error:
        parse_search(text)
    assert message in str(error.value)


def test_a_search_of_ones_own_is_found_by_its_name(monkeypatch):
    @dataclasses.dataclass(frozen=True)
    class Own(Search):
        def ctc(self, log_probs, alphabet):
            return "read"

    monkeypatch.setitem(SEARCHES, "own", Own)
    frames = Frames(tf.zeros([1, 1, 2]), tf.constant([1]))
    assert parse_search("own").ctc(frames, Alphabet("a")) == "read"
    assert search_text(Own()) == "own"
    with pytest.raises(InputError, match="the options are none"):
        parse_search("own:3")
    decoder = Decoder(lambda copies: (), lambda ids, state: None, Alphabet("a"))
    with pytest.raises(InputError, match="Own: cannot be used with an autoregressive head"):
        parse_search("own").autoregressive(decoder, tf.constant([1]))


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_a_frozen_value(name):
    search = SEARCHES[name]()
    assert search == SEARCHES[name]() and hash(search) == hash(SEARCHES[name]())
    assert search.best >= 1


def test_a_search_is_registered_from_outside():
    @ocr_tf.register("search", "registered")
    @dataclasses.dataclass(frozen=True)
    class Registered(Search):
        pass

    try:
        assert parse_search("registered") == Registered()
        (part,) = registry.parts([("search", "registered"), ("search", "greedy")])
        assert part["file"] == __file__
    finally:
        del SEARCHES["registered"], SEARCHES.outside["registered"]
