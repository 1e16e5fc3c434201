"""What is printed neither commands a terminal nor ends a line, and can be told from what it stands for."""

from __future__ import annotations

import pytest

from ocr_tf.terminal import escape_name, escape_text

HARMFUL = {
    "\x1b[2J.png": r"\x1b[2J.png",
    "\x9b31m": r"\x9b31m",
    "\x7f\0": r"\x7f\x00",
    "a\u202egnp.exe": r"a\u202egnp.exe",
    "\u2066\u2069\u200e\u200f\u061c": r"\u2066\u2069\u200e\u200f\u061c",
    "a\u2028b\x85": r"a\u2028b\x85",
    "\udcff.png": r"\udcff.png",
    "a\tb\nc\rd": r"a\tb\nc\rd",
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_could_do_harm_is_escaped_in_names(name):
    assert escape_name(name) == HARMFUL[name]


def test_names_differ_as_what_they_stand_for_does():
    assert escape_name("a\tb") != escape_name(r"a\tb") == r"a\\tb"
    assert escape_name("ü ſ\u0301 שלום") == "ü ſ\u0301 שלום"


def test_texts_keep_what_their_script_needs():
    assert escape_text("a\\b \u200fשלום\u200e") == "a\\b \u200fשלום\u200e"
    assert escape_text("a\tb\n\x1b[1m\u2028") == r"a\tb\n\x1b[1m\u2028"
