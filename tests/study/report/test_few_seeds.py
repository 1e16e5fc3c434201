"""What is said beside verdicts of few seeds, on the page and in the terminal."""

import dataclasses

import pytest

from ocr_tf.study.report import few_seeds, formatting, verdict_text
from tests.study import fake


def with_seeds(pair, counts, deviations):
    """The pair, told apart by so many seeds whose rates have these standard deviations."""
    variances = tuple(deviation**2 / count for count, deviation in zip(counts, deviations))
    recipes = dataclasses.replace(pair.recipes, seed_counts=counts, variance_seeds=variances)
    verdict = dataclasses.replace(pair.verdict, better=pair.b)
    return dataclasses.replace(pair, recipes=recipes, verdict=verdict)


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(40, 2))


def test_few_or_unequal_seeds_are_named(report):
    for counts, deviations, said in (
        ((2, 2), (0.1, 0.1), "Two seeds"),
        ((10, 2), (0.1, 0.1), "Two seeds"),
        ((3, 3), (0.1, 0.3), "vary unequally"),
        ((3, 10), (0.1, 0.1), "not as many"),
        ((3, 3), (0.1, 0.1), None),
        ((5, 10), (0.1, 0.9), None),
    ):
        pair = with_seeds(report.headline, counts, deviations)
        found = few_seeds.caution(pair)
        assert (found is None) == (said is None) and (said or "") in (found or "")
        for hushed in ({"better": None}, {"target": "models"}):
            verdict = dataclasses.replace(pair.verdict, **hushed)
            assert few_seeds.caution(dataclasses.replace(pair, verdict=verdict)) is None
    many = with_seeds(report.headline, (3, 3), (0.1, 0.1))
    many = dataclasses.replace(many, verdict=dataclasses.replace(many.verdict, pairs=15))
    assert "six or more" in few_seeds.caution(many)


def test_page_and_terminal_say_it(report):
    pair = with_seeds(report.headline, (2, 2), (0.1, 0.1))
    told = dataclasses.replace(report, comparisons={"best": (pair,)})
    caution = few_seeds.caution(pair)
    assert caution in verdict_text.verdict(told).lead
    plain = caution.replace(formatting.SPACE, " ")
    assert plain in verdict_text.three_lines(told)[2]
