"""The looks at a study: what each costs, and the file that remembers them."""

from __future__ import annotations

import dataclasses
import os

import pytest

from ocr_tf import atomic
from ocr_tf.errors import InputError
from ocr_tf.metrics.paired import NextLook, spending
from ocr_tf.study.comparison import interim_looks
from ocr_tf.study.comparison.interim_looks import InterimLook, charge, check_order, upcoming
from tests.study import fake


def look(seeds, planned=True, level=0.05):
    return InterimLook(
        "2026-12-01T00:00:00+00:00", seeds, 12, "cer", planned, level, "a", f"r{seeds}"
    )


def taken(*steps, looks=()):
    """Looks at (seeds, whether they ask what the plan asks), one after another."""
    found = []
    for seeds, as_planned in steps:
        cost = charge(found, seeds, looks, as_planned)
        found.append(look(seeds, cost.planned, cost.level))
    return found


def kinds(found):
    return [one.planned for one in found]


def test_without_planned_looks_the_first_has_the_whole_level():
    found = taken((3, True), (5, True), (10, True))
    assert [one.level for one in found] == [0.05, 0.005, 0.0016]
    assert kinds(found) == [True, False, False]


def test_planned_looks_are_those_of_the_plan_in_its_order():
    looks = 3, 5, 10
    assert kinds(taken((3, True), (5, True), (10, True), looks=looks)) == [True] * 3
    # Left out, more than planned, fewer than before, the same again, another question.
    assert taken((10, True), looks=looks)[0].level == 0.05
    assert kinds(taken((3, True), (4, True), (5, True), (12, True), looks=looks)) == [
        True,
        False,
        True,
        False,
    ]
    assert kinds(taken((5, True), (3, True), (5, True), looks=looks)) == [True, False, False]
    assert kinds(taken((3, False), (3, True), looks=looks)) == [False, True]


def test_whatever_is_looked_at_spends_at_most_six_percent():
    steps = [
        (seeds, as_planned) for seeds in (3, 5, 4, 10, 7, 10, 20) for as_planned in (True, False)
    ]
    for looks in ((), (3, 5, 10), (5,)):
        for start in range(len(steps)):
            found = taken(*steps[start:], *steps[:start], looks=looks)
            assert sum(one.level for one in found) <= spending.ALPHA + spending.EXTRA


def test_the_next_look_is_the_next_planned_one_or_twice_the_seeds():
    looks = 3, 5, 10
    after = [upcoming(taken((s, True), looks=looks), s, looks) for s in looks]
    assert [(one.seeds, one.planned) for one in after] == [(5, True), (10, True), (20, False)]
    assert after[0].level == taken((3, True), (5, True), looks=looks)[1].level
    assert upcoming(taken((3, True)), 3, ()) == NextLook(6, 0.005, False)


def test_planned_looks_go_up():
    seen = [look(3), look(5)]
    for seeds in (3, 5, 10, 6):
        check_order(seen, seeds, (3, 5, 10), "--study.seeds")
    check_order(seen, 4, (), "--study.seeds")  # none are planned
    with pytest.raises(InputError, match="--study.seeds=4: the study was looked at with 5 seeds"):
        check_order(seen, 4, (3, 4, 5), "--study.seeds")


def test_the_file_is_appended_to_or_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "looks.jsonl"
    assert interim_looks.read(path) == ()
    first = dataclasses.replace(look(3), said="Größe\nfällt", value=-0.01, p=0.04)
    interim_looks.append(path, first)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            interim_looks.append(path, look(5))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["looks.jsonl"]
    interim_looks.append(path, look(5))
    assert path.read_bytes().startswith(before)
    assert interim_looks.read(path) == (first, look(5))
    for damaged in (before[:-9], b"{}\n", b'{"seeds": 3}\n', b"\xff\n"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="looks.jsonl: damaged; restore it"):
            interim_looks.read(path)


def test_readings_are_the_same_only_if_everything_read_is():
    one = fake.grid(10, 2)
    read = interim_looks.readings([one])
    assert read == interim_looks.readings([fake.grid(10, 2)])
    cells = {name: list(row) for name, row in one.cells.items()}
    last = cells["ctc"][1]
    predictions = [*last.predictions[:-1], last.predictions[-1]._replace(text="?")]
    cells["ctc"][1] = last._replace(predictions=predictions)
    others = [
        dataclasses.replace(one, cells=cells),
        fake.grid(10, 3),
        fake.grid(9, 2),
        dataclasses.replace(one, references=["?", *one.references[1:]]),
    ]
    found = [interim_looks.readings([other]) for other in others]
    found.append(interim_looks.readings([one, one]))
    assert len({read, *found}) == 1 + len(found)
