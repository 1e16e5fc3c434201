"""A ranking with ties and a matrix of pairs."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from ocr_tf.metrics.failures import NOT_ALIGNED, FailedRun, Failures
from ocr_tf.study.report import page, ranking, verdict_text
from tests.study import fake
from tests.study.report.test_page import Bare

NAMES = ("a", "b", "c", "d", "e", "f")


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(60, 3, NAMES, step=0.4))


def test_letters_and_cells_agree_with_every_verdict(report):
    ranked = ranking.ranking(report)
    rows = {row.condition: row for row in ranked.rows}
    assert [row.rate for row in ranked.rows] == sorted(row.rate for row in ranked.rows)
    assert [row.place for row in ranked.rows] == [1, 2, 3, 4, 5, 6]
    apart = 0
    for pair in report.pairs:
        first, second = sorted((rows[pair.a], rows[pair.b]), key=lambda row: row.place)
        cell = second.cells[first.place - 1]
        assert cell.value == pytest.approx(second.rate - first.rate) and cell.value >= 0
        assert cell.apart == (pair.verdict.better == first.condition)
        assert cell.apart == (not set(first.letters) & set(second.letters))
        apart += cell.apart
    assert 0 < apart < len(report.pairs)
    for row in ranked.rows:
        assert row.interval.low < row.rate < row.interval.high


def test_a_condition_whose_trainings_failed_is_left_out():
    failed = fake.answer(fake.grid(60, 3, NAMES, step=0.4), failed={"c": [0, 1, 2]})
    ranked = ranking.ranking(failed)
    assert ranked.left_out == ["c"] and [row.condition for row in ranked.rows] == list("abdef")


def test_few_conditions_are_told_in_sentences(report):
    few = fake.answer(fake.grid(40, 2, NAMES[:3]))
    assert ranking.ranking(few) is None
    said, _ = page.render(few, Bare())
    assert "The other pairs" in said and "All conditions" not in said
    many, _ = page.render(report, Bare())
    assert "The other pairs" not in many and "All conditions" in many
    assert len(verdict_text.verdict(report).others) == 14


def test_letters_do_not_end():
    names = [ranking.letter(i) for i in range(60)]
    assert names[:2] == ["a", "b"] and names[25:28] == ["z", "a2", "b2"]
    assert len(set(names)) == 60 == len(list(itertools.chain(names)))


def test_readings_of_a_training_that_failed_are_left_out_whatever_their_names(report):
    read = tuple(
        dataclasses.replace(one, training="t") if one.name in "cd" else one
        for one in report.conditions
    )
    runs = [FailedRun(seed, NOT_ALIGNED, 0.9, 0.9) for seed in range(3)]
    failed = dataclasses.replace(report, conditions=read, failures=(Failures.of("t", 3, runs),))
    ranked = ranking.ranking(failed)
    assert ranked.left_out == ["c", "d"] and [row.condition for row in ranked.rows] == list("abef")
