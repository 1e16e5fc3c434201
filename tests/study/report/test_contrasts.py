"""The question of a study that asks whether a gain changes, answered first and in words."""

from __future__ import annotations

import csv
import dataclasses
import html
import io

import pytest

from ocr_tf.study.report import contrasts, formatting, page, tables, tensorboard, verdict_text
from tests.study import fake

NAMES = ("ctc-0", "attention-0", "ctc-2", "attention-2")
GAIN = {"gain of attention, from 0 to 2 layers": (NAMES[:2], NAMES[2:])}
TURNED = {"loss of attention, from 0 to 2 layers": ((NAMES[1], NAMES[0]), (NAMES[3], NAMES[2]))}


def grid(step, **settings):
    """Each condition has so much more errors than the one before: the differences grow with it."""
    return fake.grid(200, 3, NAMES, step=step, **settings)


@pytest.fixture(scope="module")
def large():
    return fake.answer(grid(0.9), last=grid(0.0, key=1), contrasts=GAIN)


@pytest.fixture(scope="module")
def tied():
    return fake.answer(grid(0.0), contrasts={**GAIN, **TURNED})


def test_a_gain_that_falls(large):
    (said,) = contrasts.contrasts(large)
    (change,) = large.changes
    found = change.contrast
    # Attention is worse with 0 layers, and worse by more with 2.
    assert found.differences[1] < found.differences[0] < 0 < found.low
    assert said.outcome == "falls"
    by = formatting.width(found.value)
    assert said.title == f"Gain of attention, from 0 to 2 layers: falls by {by}"
    before, after = map(formatting.points, found.differences)
    assert f"The gain of attention-0 over ctc-0 is {before} of CER" in said.lead
    assert f"that of attention-2 over ctc-2 {after}" in said.lead
    # It is what the report's own pairs say of its value.
    values = {(pair.a, pair.b): pair.recipes.value for pair in large.pairs}
    expected = values[NAMES[:2]] - values[NAMES[2:]]
    assert found.value == pytest.approx(expected)


def test_turned_around_it_rises():
    (said,) = contrasts.contrasts(fake.answer(grid(0.9), contrasts=TURNED))
    assert said.outcome == "rises" and said.high < 0 and "rises by" in said.title


def test_a_tie_is_no_sign_of_equality(tied):
    for said in contrasts.contrasts(tied):
        assert said.outcome == "tied at this size" and said.title.endswith(": tied at this size")
        assert "no sign that they are equal" in said.lead and said.low < 0 < said.high
        assert said.detectable > 0


def test_one_seed_withholds_the_verdict():
    one = fake.answer(fake.grid(40, 1, NAMES), contrasts=GAIN)
    (said,) = contrasts.contrasts(one)
    assert said.outcome == "withheld" and said.title.endswith("no verdict")
    assert "has one seed" in said.lead and said.low is said.p is said.detectable is None
    assert "has one seed" in contrasts.three_lines(one)[0]


def test_on_few_lines_it_says_so():
    report = fake.answer(fake.grid(20, 3, NAMES), contrasts=GAIN)
    (said,) = contrasts.contrasts(report)
    assert said.low is not None and said.detectable is None
    assert "rests on few lines: 20 lines, fewer than 30" in said.lead
    assert "it rests on few lines: 20 lines" in contrasts.three_lines(report)[0]


def test_the_terminal_answers_the_question_first(large, tied):
    for report in (large, tied):
        lines = contrasts.three_lines(report)
        assert len(lines) == 3 and all(line.isascii() for line in lines)
        assert lines[0].startswith("Gain of attention, from 0 to 2 layers: ")
        assert "(ctc-0 - attention-0) - (ctc-2 - attention-2) = " in lines[0]
        assert lines[1:] == verdict_text.three_lines(report)[1:]
    assert "1 other contrast: see the report" in lines[0]
    without = dataclasses.replace(large, contrasts={})
    assert contrasts.three_lines(without) == verdict_text.three_lines(without)


def test_the_page_and_tensorboard_say_it_first(large):
    (said,) = contrasts.contrasts(large)
    text, drawings = page.render(large, fake.LineImages(large))
    assert text.index(said.title) < text.index(verdict_text.verdict(large).title)
    assert text.count('<h2 class="verdict">') == 1 and said.terms in text
    assert "contrasts" in {drawing.name for drawing in drawings}
    assert html.unescape(tensorboard._verdict(large)).startswith(f"### {said.title}")


def test_tables_read_back(large, tied):
    files = tables.files(large)
    best, last = csv.DictReader(io.StringIO(files["contrasts.csv"]))
    (change,) = large.changes
    assert (best["checkpoint"], last["checkpoint"]) == ("best", "last")
    assert [best[key] for key in "abcd"] == list(NAMES)
    for key, value in (("difference", "value"), ("low", "low"), ("p_adjusted", "p_adjusted")):
        assert float(best[key]) == getattr(change.contrast, value)
    assert best["outcome"] == "falls" and best["signature"] == verdict_text.signature(large)
    assert "falls" in files["contrasts.tex"] and "contrasts.csv" in tables.files(tied)
    assert "(adjusted)" in tables.files(tied)["contrasts.tex"]
