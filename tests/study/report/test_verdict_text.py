"""The verdict in words: never "equal", always with its size, target and limits."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from ocr_tf.metrics.paired import equivalence, verdict
from ocr_tf.metrics.paired.verdict import excludes_zero
from ocr_tf.study.comparison import statistics
from ocr_tf.study.config import Compare, Settings
from ocr_tf.study.report import detectable_text, formatting, tables, verdict_text
from tests.study import fake


def report(**settings):
    return fake.answer(fake.grid(**settings))


@pytest.fixture(scope="module")
def clear():
    """A difference that anybody can see."""
    return report(lines=300, seeds=4, step=1.2)


@pytest.fixture(scope="module")
def tied():
    return report(lines=60, seeds=3, step=0.0)


@pytest.fixture(scope="module")
def easy():
    """Nearly everything is read."""
    return report(lines=104, seeds=3, rate=0.0008)


def test_a_winner_is_named_with_its_numbers(clear):
    said = verdict_text.verdict(clear)
    assert said.better == "ctc" and said.title == "ctc makes fewer errors" and said.few is None
    recipes = clear.headline.recipes
    assert formatting.percent(recipes.rate_a) in said.lead
    assert formatting.percent(recipes.rate_b) in said.lead
    assert "300 lines and 4 seeds of each" in said.lead


def test_the_other_side_wins_when_names_change_places(clear):
    verdict = dataclasses.replace(clear.headline.verdict, better="attention")
    swapped = fake.edited(clear, verdict=verdict)
    assert verdict_text.verdict(swapped).title == "attention makes fewer errors"


def test_both_targets_are_named_the_recipes_first(clear):
    first, second = verdict_text.verdict(clear).targets
    pair = clear.headline
    assert (first.name, second.name) == ("These recipes", "These trained models")
    for target, found in ((first, pair.recipes), (second, pair.models)):
        assert target.value == formatting.points(found.value)
        assert target.interval == formatting.interval(found.low, found.high)
        assert target.p == formatting.probability(found.p)
    assert "S = 4 and 4" in first.meaning and "N = 300" in first.meaning


def test_a_tie_is_never_equality(tied):
    said = verdict_text.verdict(tied)
    assert said.title == "Tied at this size" and said.better is None
    assert "no sign that they are equal" in said.lead and "told apart by CER" in said.lead
    every = " ".join([said.title, said.lead, said.sensitivity, *verdict_text.three_lines(tied)])
    assert every.count("equal") == 1
    assert formatting.width(tied.headline.detectable.difference) in said.sensitivity


def test_a_tie_says_what_it_rules_out(tied):
    decided, lead = tied.headline.verdict, verdict_text.verdict(tied).lead
    assert f"that ctc is better by more than {formatting.width(-decided.low)}" in lead
    assert f"or attention by more than {formatting.width(decided.high)}" in lead


def test_equivalence_is_said_within_a_margin_alone(tied, clear):
    def within(report, margin):
        alone = report.headline.recipes
        decided = verdict(alone, equivalence=equivalence(alone, margin))
        changed = fake.edited(report, verdict=decided)
        said = verdict_text.verdict(changed)
        assert verdict_text.outcome(decided) == decided.outcome
        assert said.title.lower() in (decided.outcome, f"{decided.better} makes fewer errors")
        assert verdict_text.three_lines(changed)[0].startswith(said.title)
        return said

    assert tied.headline.verdict.equivalence is None
    wide, narrow = within(tied, 0.5), within(tied, 1e-4)
    assert wide.title == "Equivalent within 50 pp"
    assert "smaller than 50.00" in wide.lead and "rules out" not in wide.lead
    assert narrow.title == "Tied at this size" and "is not shown" in narrow.lead
    better = within(clear, 0.9)  # a difference that is there may be too small to matter
    assert better.title == "ctc makes fewer errors" and "smaller than 90.00" in better.lead


@pytest.mark.parametrize("margin", ["0", "-1", "half", "nan"])
def test_a_margin_that_is_none_is_refused(margin):
    for settings, flag in ((Settings, "--study.margin"), (Compare, "--margin")):
        with pytest.raises(ValueError, match=f"{flag}: a number of percent points above 0"):
            settings(margin=margin)


def test_the_smallest_detectable_difference_has_its_power_and_its_interval(tied):
    seen, said = tied.headline.detectable, verdict_text.verdict(tied).sensitivity
    ends = f"({100 * seen.low:.2f} to {formatting.width(seen.high)})"
    assert ends in said and "about 80" in said and "two seeds" not in said
    second = verdict_text.three_lines(tied)[1]
    assert "estimated from these seeds" in second
    assert ends.replace(formatting.SPACE, " ") in second
    assert "With two seeds both are less sure" in verdict_text.verdict(report(seeds=2)).sensitivity


def test_few_errors_cannot_separate(easy):
    said = verdict_text.verdict(easy)
    assert said.better is None
    assert "cannot separate the two" in said.few and "104 lines" in said.few
    wrong = [row.edits for rows in easy.rates["best"].values() for row in rows]
    assert str(max(wrong)) in said.few and "reads nearly all" in said.few


def test_little_that_is_misread_is_no_easy_test_set():
    tiny = report(lines=5, seeds=2, rate=0.9, step=0.0)
    said = verdict_text.verdict(tiny)
    symbols = tiny.test_set.symbols
    assert f"The test set is too small: {symbols} symbols in 5 lines" in said.few
    assert "nearly all" not in said.few


def test_what_rests_on_few_lines_says_so(tied):
    easy = report(lines=60, seeds=3, rate=0.0003, step=0.0)
    too_small = easy.headline.too_small
    assert too_small and too_small in verdict_text.verdict(easy).sensitivity
    for target in verdict_text.verdict(easy).targets:
        assert target.interval and too_small in target.rests
    assert all(target.rests is None for target in verdict_text.verdict(tied).targets)
    second = verdict_text.three_lines(easy)[1]
    assert too_small in second and "detectable" not in second
    found = tables.files(easy)
    assert " & -- & " in found["comparisons.tex"].splitlines()[6]
    (row,) = csv.DictReader(io.StringIO(found["comparisons.csv"]))
    assert row["detectable"] == "" and row["recipes_low"]


def test_no_difference_anywhere_withholds_the_interval():
    same = report(lines=30, seeds=2, rate=1e-9)
    said = verdict_text.verdict(same)
    assert said.title == "Tied at this size"
    assert [target.interval for target in said.targets] == [None, None]
    assert "cannot be said" in said.sensitivity
    assert not any("None" in line for line in verdict_text.three_lines(same))


def test_what_another_metric_would_say_is_said(clear, tied):
    assert verdict_text.verdict(clear).otherwise is None  # All metrics agree.
    pair = next(pair for pair in tied.by_metric if pair.metric == "exact")
    assert (pair.a, pair.b) == ("ctc", "attention")

    def reported(report, low, high):
        found = dataclasses.replace(
            pair.recipes, value=(low + high) / 2, low=low, high=high, p=0.01
        )
        return dataclasses.replace(report, by_metric=(dataclasses.replace(pair, recipes=found),))

    for low, high, better in (
        (0.01, 0.09, "attention"),
        (-0.09, -0.01, "ctc"),
        (-0.01, 0.09, None),
    ):
        other = reported(tied, low, high)
        said = verdict_text.verdict(other).otherwise
        assert verdict_text.beside(other)[0].better == better
        assert (said is None) == (better is None)
        if better:
            assert f"by lines misread {better} would make fewer errors" in said
            assert formatting.interval(low, high) in said and "without a correction" in said
            assert "Other metrics would say otherwise" in verdict_text.three_lines(other)[2]
    one = reported(clear, -0.09, -0.01)
    assert verdict_text.verdict(one).otherwise is None
    assert verdict_text.beside(one)[0].better == "ctc"


def test_one_seed_gives_no_verdict_about_recipes():
    alone = report(lines=40, seeds=1)
    said = verdict_text.verdict(alone)
    assert said.title == "No verdict" and said.targets[0].interval is None
    assert "one seed" in said.targets[0].withheld
    assert said.targets[1].interval  # Of these trained models there is one.


def test_why_there_is_no_test_of_each_seed():
    grid = fake.grid(lines=30, seeds=3)
    assert verdict_text.verdict(fake.answer(grid)).no_mcnemar is None
    row = grid.cells["ctc"]
    uneven = dataclasses.replace(grid, cells={**grid.cells, "ctc": row[:2]})
    assert "do not have the same seeds" in verdict_text.verdict(fake.answer(uneven)).no_mcnemar
    pages = dataclasses.replace(grid, groups=tuple("abc" * 10))
    assert "come in groups" in verdict_text.verdict(fake.answer(pages)).no_mcnemar


def paired(by_seed, **settings):
    return fake.answer(fake.grid(lines=60, **settings), by_seed=by_seed)


def test_what_pairing_would_give_never_contradicts_its_numbers():
    told = set()
    for seeds, key in ((3, 0), (3, 1), (5, 2), (5, 3)):
        plain, declared = (paired(by_seed, seeds=seeds, key=key) for by_seed in (False, True))
        crossed, within = (of.headline.recipes for of in (plain, declared))
        ends = [formatting.interval(of.low, of.high) for of in (within, crossed)]
        wider = within.high - within.low > crossed.high - crossed.low
        said, other = verdict_text.verdict(plain).pairing, verdict_text.verdict(declared).pairing
        assert f"{ends[0]}, {'wider' if wider else 'narrower'} than {ends[1]}" in said
        assert f"{ends[1]}, {'narrower' if wider else 'wider'} than {ends[0]}" in other
        assert "here it was not" in said and "because that was chosen" in other
        assert "beforehand" not in said + other
        assert "lines vary too" in said
        first = verdict_text.verdict(declared).targets[0]
        assert first.interval == ends[0] and f"S = {seeds}, paired by seed" in first.meaning
        assert "paired:by seed" in verdict_text.signature(declared)
        assert "paired" not in verdict_text.signature(plain)
        assert f"{seeds} seeds of each, paired" in verdict_text.three_lines(declared)[0]
        told.add(wider)
    assert told == {True, False}
    assert verdict_text.verdict(report(lines=30, seeds=1)).pairing is None


def with_system(**settings):
    """The last condition is another system."""
    grid = fake.grid(lines=100, seeds=3, **settings)
    name = grid.conditions[-1]
    cells = {**grid.cells, name: grid.cells[name][:1]}
    return fake.answer(dataclasses.replace(grid, cells=cells), systems=[name])


@pytest.mark.parametrize("step, better", [(1.5, "ctc"), (-1.5, "attention"), (0.0, None)])
def test_with_another_system_the_answer_is_about_these_models(step, better):
    one = with_system(step=step)
    said, pair = verdict_text.verdict(one), one.headline
    models = pair.models
    assert said.better == better == (better if excludes_zero(models) else None)
    tied = "These trained models are tied at this size"
    assert said.title == (
        f"Of these trained models {better} makes fewer errors" if better else tied
    )
    assert "attention has one set of readings" in said.lead and "models alone" in said.lead
    assert "other seeds" not in said.lead
    assert [target.headline for target in said.targets] == [False, True]
    assert said.targets[0].interval is None
    assert said.targets[1].interval == formatting.interval(models.low, models.high)
    assert verdict_text.outcome(pair.verdict).endswith(" (these trained models)")
    assert detectable_text.would_help(pair) is None
    every = [said.lead, said.sensitivity, *verdict_text.three_lines(one)]
    assert not any("train another" in text for text in every)
    assert "detectable" in verdict_text.three_lines(one)[2]


def test_pairs_with_another_system_are_corrected_with_the_others():
    one = with_system(conditions=("a", "b", "c"), step=0.4)
    runs, *systems = one.pairs
    assert runs.verdict.target == "recipes"
    for pair in systems:
        assert pair.verdict.target == "models"
        assert pair.verdict.p == pair.adjusted.p_adjusted >= pair.models.p
        assert pair.verdict.low < pair.models.low


def test_three_lines_for_a_terminal(clear, tied, easy):
    for one in (clear, tied, easy):
        lines = verdict_text.three_lines(one)
        assert len(lines) == 3 and all(line.isascii() and "\n" not in line for line in lines)
        terms = "These recipes (the training procedure, over seeds and lines): ctc - attention = "
        assert lines[1].startswith(terms)
        assert lines[2].startswith("These trained models (these checkpoints, over lines): ")
    assert "smallest detectable difference" in verdict_text.three_lines(tied)[1]
    assert verdict_text.three_lines(dataclasses.replace(clear, comparisons={})) == [
        "nothing was compared"
    ]


def test_of_several_pairs_the_corrected_decides():
    several = report(lines=80, seeds=3, conditions=("a", "b", "c"), step=0.5)
    assert len(several.pairs) == 3
    said = verdict_text.verdict(several)
    for pair, words in zip(several.pairs[1:], said.others):
        assert words.startswith(f"{pair.verdict.outcome}: ")
        assert formatting.interval(pair.verdict.low, pair.verdict.high) in words
        assert formatting.probability(pair.adjusted.p_adjusted) in words
    assert said.targets[0].p == formatting.probability(several.headline.adjusted.p_adjusted)


def test_the_parts_of_the_variance_say_what_would_help(tied):
    pair = tied.headline
    now = pair.detectable.difference

    def with_more(seeds, lines):
        more = statistics.MoreData(
            dataclasses.replace(pair.more.seeds, difference=seeds * now),
            dataclasses.replace(pair.more.lines, difference=lines * now),
        )
        return dataclasses.replace(pair, more=more)

    for seeds, lines, advice in (
        (0.68, 0.89, "by 32 %, twice the lines by 11 %: more seeds would help most"),
        (0.9, 0.7, "by 10 %, twice the lines by 30 %: more test lines would help most"),
        (0.8, 0.8, "either would help as much"),
    ):
        said = detectable_text.would_help(with_more(seeds, lines))
        assert advice in said.replace(formatting.SPACE, " ")
    grouped = dataclasses.replace(pair.recipes.signature, groups=7)
    recipes = dataclasses.replace(pair.recipes, signature=grouped)
    assert "twice the groups" in detectable_text.would_help(
        dataclasses.replace(pair, recipes=recipes)
    )


def test_how_numbers_are_written():
    assert formatting.points(-0.00001) == formatting.points(0.0) == "0.00\N{NO-BREAK SPACE}pp"
    assert formatting.points(-0.0123, unit=False) == "−1.23"
    assert formatting.points(0.5) == "+50.00\N{NO-BREAK SPACE}pp"
    assert formatting.interval(-0.01, 0.02, unit=False) == "−1.00 to +2.00"
    assert formatting.interval(None, None) == formatting.percent(None) == formatting.NOTHING
    assert formatting.rates_interval(-0.01, 0.02) == "0.00 to 2.00\N{NO-BREAK SPACE}%"
    assert (
        formatting.probability(0.00099) == "p < 0.001"
        and formatting.probability(0.05) == "p = 0.050"
    )
    assert formatting.listed(["a"]) == "a" and formatting.listed(["a", "b", "c"]) == "a, b and c"
    assert formatting.mean([0.5, None]) is None and formatting.deviation([0.5]) is None
