"""What is said beside verdicts of few seeds, on the page and in the terminal."""

import dataclasses

import pytest

from ocr_tf.study.report import cautions, formatting, verdict_text
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
        found = cautions.caution(pair)
        assert (found is None) == (said is None) and (said or "") in (found or "")
        for hushed in ({"better": None}, {"target": "models"}):
            verdict = dataclasses.replace(pair.verdict, **hushed)
            assert cautions.caution(dataclasses.replace(pair, verdict=verdict)) is None
    many = with_seeds(report.headline, (3, 3), (0.1, 0.1))
    many = dataclasses.replace(many, verdict=dataclasses.replace(many.verdict, pairs=15))
    assert "six or more" in cautions.caution(many)


def test_page_and_terminal_say_it(report):
    pair = with_seeds(report.headline, (2, 2), (0.1, 0.1))
    told = dataclasses.replace(report, comparisons={"best": (pair,)})
    caution = cautions.caution(pair)
    assert caution in verdict_text.verdict(told).lead
    plain = caution.replace(formatting.SPACE, " ")
    assert plain in verdict_text.three_lines(told)[2]


def test_groups_of_which_one_has_most_lines_are_named(report):
    pair = with_seeds(report.headline, (5, 5), (0.1, 0.1))
    signature = dataclasses.replace(pair.recipes.signature, groups=20)

    def said(units, effective):
        recipes = dataclasses.replace(
            pair.recipes, signature=signature, units=units, effective_units=effective
        )
        return cautions.caution(dataclasses.replace(pair, recipes=recipes))

    assert "A few groups have most of the lines" in said(20, 2.5)
    assert said(20, 8.0) is None
    assert said(3, 3.0) is None  # few, but of one size
