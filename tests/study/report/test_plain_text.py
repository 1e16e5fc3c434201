"""Plain words: true to the numbers, and to who is ahead."""

from __future__ import annotations

import dataclasses

import pytest

from ocr_tf.study.comparison.plain import Ahead, of_pair
from ocr_tf.study.report import plain_text
from ocr_tf.study.report.formatting import SPACE
from tests.study import fake


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(lines=200, seeds=4, step=0.5))


def with_rates(report, a, b, metric="cer"):
    recipes = dataclasses.replace(report.headline.recipes, rate_a=a, rate_b=b)
    return fake.edited(report, recipes=recipes, metric=metric)


@pytest.mark.parametrize(
    "rates, metric, said",
    [
        ((0.0421, 0.0634), "cer", "ctc makes 42 errors in 1,000 characters, attention 63."),
        ((0.2, 1.25), "wer", "ctc makes 200 errors in 1,000 words, attention 1,250."),
        ((0.31, 0.0041), "exact", "Of 10,000 lines ctc misreads 3,100, attention 41."),
        ((0.00002, 0.00012), "cer", "ctc makes 2 errors in 100,000 characters, attention 12."),
    ],
)
def test_errors_are_counted_in_what_the_metric_counts(report, rates, metric, said):
    assert plain_text.sentences(with_rates(report, *rates, metric))[0] == said


def test_a_metric_that_counts_nothing_has_no_such_sentence(report):
    said = plain_text.sentences(with_rates(report, 0.1, 0.2, "one_minus_ned"))
    assert said and "in 1,000" not in " ".join(said)


@pytest.mark.parametrize(
    "ahead, said",
    [
        (Ahead(5, 0, 5, True), "ctc is ahead in 5 of 5 seeds."),
        (
            Ahead(1, 3, 5, True),
            "attention is ahead in 3 of 5 seeds, ctc in 1, the two are level in 1.",
        ),
        (Ahead(13, 2, 15, False), "ctc is ahead in 13 of 15 pairs of trainings, attention in 2."),
        (Ahead(0, 0, 3, True), "The two are level in all 3 seeds."),
        (Ahead(1, 0, 1, True), None),
    ],
)
def test_who_is_ahead(report, ahead, said):
    assert plain_text._ahead(report.headline, ahead) == said


def test_another_training_is_told_of_the_one_that_looks_better(report):
    found = of_pair(report.plain, "ctc", "attention").superiority
    turned = dataclasses.replace(
        found, value=1 - found.value, low=1 - found.high, high=1 - found.low
    )
    worse, better = (plain_text._superiority(one, False) for one in (turned, found))
    assert found.value > 0.5 and "training of ctc would" in better and "one of attention" in better
    assert worse == better.replace("of ctc", "*").replace("of attention", "of ctc").replace(
        "*", "of attention"
    )
    assert f"probability of {100 * found.value:.0f}{SPACE}%" in better
    assert "another network" in plain_text._superiority(found, True)


def test_failed_trainings_have_no_plain_words():
    failed = fake.answer(fake.grid(lines=60, seeds=3), failed={"ctc": [1]})
    assert plain_text.sentences(failed) == [] and plain_text.best_of(failed) == []


def test_two_seeds_say_no_probability_and_no_best():
    few = fake.answer(fake.grid(lines=60, seeds=2))
    assert "probability" not in " ".join(plain_text.sentences(few))
    assert plain_text.best_of(few) == []


def test_who_makes_no_error_is_not_said_to_make_none_in_thousands(report):
    pair = report.headline
    none = dataclasses.replace(pair, recipes=dataclasses.replace(pair.recipes, rate_a=0.0))
    assert "errors in" in plain_text._errors(pair) and plain_text._errors(none) is None
