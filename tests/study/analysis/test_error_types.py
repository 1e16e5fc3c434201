from collections import Counter

import numpy as np
import pytest

from ocr_tf.metrics.confusions import confusions
from ocr_tf.study.analysis import error_types
from ocr_tf.study.analysis.error_types import (
    MeanDifference,
    Run,
    merged,
    misread,
    repeated,
    runs,
    skipped,
)
from tests.study.analysis.grids import grid


@pytest.mark.parametrize(
    "reference, text, expected",
    [
        ("abc", "abc", []),
        ("abcdef", "abf", [Run(3, 0, "")]),
        ("abcdef", "abXYef", [Run(0, 2, "XY")]),
        ("abc", "abcXY", [Run(0, 0, "XY")]),
        ("abcdefgh", "Xbcdeh", [Run(0, 1, "X"), Run(2, 0, "")]),
        ("", "ab", [Run(0, 0, "ab")]),
        ("ab", "", [Run(2, 0, "")]),
    ],
)
def test_stretches_between_right_symbols(reference, text, expected):
    assert runs(reference, text) == expected


@pytest.mark.parametrize(
    "reference, text, yes",
    [
        ("hello", "helo", True),
        ("aaaa", "aa", True),
        ("hello", "heo", False),  # the whole run is gone
        ("hello", "helxo", False),  # replaced, not merged
        ("hello", "hllo", False),
        ("helo", "hello", False),
        ("Assorted", "Asorted", True),
        ("22", "2", True),
        ("aabb", "ab", True),  # two runs, each next to the other
        ("hello", "Helo", True),  # wrong, but not next to the run
        ("hello", "hel0", False),  # the symbol after the run is wrong
        ("hello", "hxlo", False),
        ("llama", "xlama", False),
        ("mall", "malx", False),
        ("22", "a", False),
        ("off", "OU", False),
        ("WILL", "GARAXIA", False),
        ("MALL", "BL", False),
        ("", "", False),
    ],
)
def test_merged(reference, text, yes):
    assert merged(reference, text) == yes


@pytest.mark.parametrize(
    "reference, text, yes",
    [
        ("griff haſtig ihre", "griff haſtig haſtig haſtig ihre", True),
        ("7 bis 9 ist", "7 bis 7 bis 9 ist", True),
        ("abcdef", "abcabc", True),  # read again in the place of what follows
        ("hallo", "halloooo", True),
        ("hallo", "halloo", False),
        ("the cat bat", "the cat cat", False),  # a symbol mistaken, and a chance
        ("abcdef", "abcdefxyz", False),
    ],
)
def test_repeated(reference, text, yes):
    assert repeated(reference, text) == yes


@pytest.mark.parametrize(
    "reference, text, yes",
    [
        ("one two three", "one three", True),
        ("one two three", "one two", True),
        ("one two", "onewo", False),
        ("one two three", "one X three", False),  # something stands in its place
    ],
)
def test_skipped(reference, text, yes):
    assert skipped(reference, text) == yes


@pytest.mark.parametrize(
    "reference, text, yes",
    [
        ("abcdefgh", "abXYZVWh", True),
        ("abcdefgh", "abXYZVgh", False),
        ("abcdefgh", "XbXdXfXX", False),
        ("abcdefgh", "abh", False),  # skipped, not misread
        ("touch", "TOUCH", False),
        ("touch", "SRLLO", True),
        ("straße", "STRAßE", False),
    ],
)
def test_misread(reference, text, yes):
    assert misread(reference, text) == yes


REFERENCES = ["hello", "one two three", "abcdefgh", "all of it", "right"]
READINGS = {
    "ctc": [["helo", "one two three", "abXYZVWh", "al of it", "right"]] * 2,
    "attention": [
        ["hello", "one three", "abcdefgh", "all of all of it", "right"],
        ["hello", "one two three", "abcdefgh", "all of it", "right"],
    ],
}


def test_failures_are_counted_for_every_condition_with_their_lines():
    there = grid(REFERENCES, READINGS, predictions={("attention", 1, 4): {"ended": False}})
    found = error_types.failures(there, {"ctc": np.eye(5, dtype=bool)[0], "attention": np.zeros(5)})
    assert {name: (f.counts["ctc"], f.counts["attention"]) for name, f in found.items()} == {
        "merged": ((2, 2), (0, 0)),
        "repeated": ((0, 0), (1, 0)),
        "skipped": ((0, 0), (1, 0)),
        "misread": ((1, 1), (0, 0)),
        "not ended": ((0, 0), (0, 1)),
        "too few steps": ((1, 1), (0, 0)),
    }
    assert found["merged"].lines == {"ctc": ((0, 2), (3, 2)), "attention": ()}
    assert found["repeated"].lines["attention"] == ((3, 1),)
    assert found["not ended"].lines["attention"] == ((4, 1),)
    of_three = found["merged"].rates["ctc"]  # lines with a run
    assert of_three.value == pytest.approx(2 / 3) and of_three.signature.lines == 3
    assert found["misread"].rates["ctc"].value == pytest.approx(1 / 5)
    assert found["misread"].differences[0].value == pytest.approx(1 / 5)
    assert "too few steps" not in error_types.failures(there)


def test_a_failure_that_can_happen_to_no_line_is_left_out():
    there = grid(["ab", "cd"], {"a": [["b", "cd"]], "b": [["ab", "cd"]]})
    assert set(error_types.failures(there)) == {"repeated", "skipped", "misread", "not ended"}


def test_a_line_without_an_image_is_none_that_did_not_end():
    there = grid(
        ["ab"] * 2,
        {"a": [["", ""]], "b": [["ab", "ab"]]},
        predictions={("a", 0, 0): {"ok": False, "ended": False}},
    )
    assert error_types.failures(there)["not ended"].counts == {"a": (0,), "b": (0,)}


def test_kinds_of_edits_add_up_to_the_edits():
    there = grid(REFERENCES, READINGS)
    told = error_types.edits(there)
    for condition in there.conditions:
        by_kind = np.sum([told[kind].counts[condition] for kind in error_types.KINDS], axis=0)
        assert by_kind.tolist() == there.errors(condition, "cer").sum(axis=1).tolist()
    assert told["deletions"].counts["ctc"] == (2, 2)
    assert told["deletions"].lines["ctc"] == ((0, 2), (3, 2))
    symbols = sum(map(len, REFERENCES))
    assert told["insertions"].rates["attention"].value == pytest.approx(7 / symbols / 2)


def test_a_planted_loss_of_symbols_is_found_among_deletions_alone():
    draw = np.random.default_rng(3)
    references = ["".join(draw.choice(list("abcdefgh"), 10)) for _ in range(120)]

    def reads(less):
        return [
            [
                r[1:] if draw.random() < less else "x" + r[1:] if draw.random() < 0.2 else r
                for r in references
            ]
            for _ in range(3)
        ]

    told = error_types.edits(grid(references, {"a": reads(0.4), "b": reads(0.1)}))
    assert told["deletions"].differences[0].low > 0
    assert told["deletions"].differences[0].target == "recipes"
    p = told["substitutions"].differences[0].p
    assert p is None or p > 0.01
    assert told["insertions"].differences[0].withheld


def test_confusions_are_those_of_the_lines_most_frequent_first():
    there = grid(
        ["aab", "ab", "cab"],
        {
            "x": [["aob", "ob", "cab"], ["aab", "ab", "cb"]],
            "y": [["aab", "ab", "cob"], ["aab", "abb", "cob"]],
        },
    )
    told = error_types.confused(there)
    first = told[0]
    assert (first.reference, first.read) == ("a", "o")
    assert first.counts == {"x": (2, 0), "y": (1, 1)}
    assert first.lines == {"x": ((0, 1), (1, 1)), "y": ((2, 2),)}
    assert first.differences == (MeanDifference("x", "y", 0.0),)
    assert {(c.reference, c.read) for c in told[1:]} == {("a", ""), ("", "b")}
    total = Counter()
    for condition in there.conditions:
        for texts in there.texts(condition):
            total += confusions(zip(there.references, texts))
    assert {(c.reference, c.read): sum(map(sum, c.counts.values())) for c in told} == total
    assert error_types.confused(there, number=1) == told[:1]


def test_what_normalization_takes_away_is_no_failure():
    there = grid(["He--llo!", "a"], {"a": [["hello", "a"]], "b": [["Helo", "a"]]}, "alphanumeric")
    assert error_types.failures(there)["merged"].counts == {"a": (0,), "b": (1,)}
    (only,) = error_types.confused(there)
    assert (only.reference, only.read) == ("l", "")
