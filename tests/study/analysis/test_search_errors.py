import dataclasses

import pytest

from ocr_tf.study.analysis import search_errors
from tests.study.analysis.grids import grid

REFERENCES = ["aa", "bb", "cc", "dd", "ee", "ff"]


def runs(of, *conditions):
    """Says that these conditions are runs."""
    for condition in conditions:
        of.cells[condition][:] = [
            cell._replace(results=dataclasses.replace(cell.results, run=f"nowhere/{condition}"))
            for cell in of.cells[condition]
        ]
    return of


def there():
    """A reads lines 0 and 3 right, B lines 1 and 3; nobody 2 and 4; 5 has no image for A."""
    own = {
        ("a", 0, 0): (-0.1, -0.1),
        ("a", 0, 1): (-1.0, -2.0),  # its own reading is the more probable one: the model's error
        ("a", 0, 2): (-3.0, -2.0),  # the search missed the reference
        ("a", 0, 3): (-0.1, -0.1),
        ("a", 0, 4): (-2.0, None),  # it cannot write the reference
        ("b", 0, 0): (-2.0, -2.0),  # equal: no search would have preferred the reference
        ("b", 0, 1): (-0.1, -0.1),
        ("b", 0, 2): (-2.0, -3.0),
        ("b", 0, 3): (-0.1, -0.1),
        ("b", 0, 4): (-2.0, -1.9),
        ("b", 0, 5): (-0.5, -4.0),
    }
    fields = {
        key: {"log_prob": log_prob, "reference_log_prob": reference}
        for key, (log_prob, reference) in own.items()
    }
    fields["a", 0, 5] = {"ok": False}
    return grid(
        REFERENCES,
        {"a": [["aa", "x", "x", "dd", "x", ""]], "b": [["y", "bb", "y", "dd", "y", "y"]]},
        predictions=fields,
    )


def test_whose_error_a_wrong_reading_is():
    told = search_errors.errors(runs(there(), "a", "b"))
    lines = {
        kind: {c: [one.line for one in lines] for c, lines in t.lines.items()}
        for kind, t in told.items()
    }
    assert lines == {
        "model": {"a": [1, 4], "b": [0, 2, 5]},
        "impossible": {"a": [4], "b": []},
        "search": {"a": [2], "b": [4]},
    }
    assert told["model"].counts == {"a": (2,), "b": (3,)}


def test_a_system_that_is_no_run_is_left_out():
    assert set(search_errors.errors(runs(there(), "a"))["model"].counts) == {"a"}
    assert search_errors.errors(there()) == {}


def test_who_is_right_if_the_other_chooses():
    # What each model gives to the other's reading.
    a_of_b = [-5.0, -0.5, -1.0, -0.1, -9.0, None]
    b_of_a = [-1.0, -5.0, -1.0, -0.1, -9.0, None]
    (told,) = search_errors.choices(there(), {("a", "b", 0): a_of_b, ("b", "a", 0): b_of_a})
    # A keeps its own on 0 and 3, and takes B's on 1, where B is right.
    # B takes A's on 0, where A is right, and keeps its own on 1 and 3.
    assert told.right == {"a": 2, "b": 2, "by_a": 3, "by_b": 3, "by_both": 3, "either": 3}
    assert told.gained == {"by_a": (1,), "by_b": (0,), "by_both": (1,), "either": (1,)}
    assert told.lost == {"by_a": (), "by_b": (), "by_both": (), "either": ()}


def test_a_choice_can_lose_what_was_right():
    misled = [-0.01, -9.0, -9.0, -9.0, -9.0, None]  # A prefers B's wrong reading of line 0
    never = [None] * 6
    (told,) = search_errors.choices(there(), {("a", "b", 0): misled, ("b", "a", 0): never})
    assert told.lost["by_a"] == (0,) and told.gained["by_a"] == ()
    assert told.right["by_a"] == 1
    assert told.right["by_b"] == told.right["b"]


def test_only_seeds_that_both_have_scored_are_compared():
    assert search_errors.choices(there(), {("a", "b", 0): [0.0] * 6}) == ()


def test_neither_can_be_chosen_where_both_are_impossible():
    (told,) = search_errors.choices(
        grid(["aa", "b"], {"a": [["aa", "b"]], "b": [["b", "b"]]}),
        {("a", "b", 0): [None, None], ("b", "a", 0): [None, None]},
    )
    assert told.right["by_a"] == told.right["a"] == pytest.approx(2)
    assert told.right["by_b"] == told.right["b"]
