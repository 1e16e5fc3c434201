"""The sentences on plans and looks: true of each kind of report, and never more than it knows."""

from __future__ import annotations

import dataclasses

import pytest

from ocr_tf.metrics.paired import NextLook
from ocr_tf.study.comparison import statistics
from ocr_tf.study.comparison.interim_looks import InterimLook, InterimLooks
from ocr_tf.study.comparison.plan import ChangedValue, Declared, Plan
from ocr_tf.study.report import detectable_text, findings, plan_text
from tests.study import fake

PLAN = Plan("s", "cer", "none", "", 0, False, None, 3, (3, 5), ("greedy",), ("a", "b"), (), ("t",))
DECLARED = Declared("plan.json", "2026-12-01T02:30:59+00:00", "ab" * 32, True, PLAN, ())

NEXT = NextLook(5, 0.049, True)


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(40, 3))


def looked(report, *looks, current=0, planned=(3, 5)):
    return dataclasses.replace(report, interim=InterimLooks(looks, current, planned, NEXT))


def look(seeds, planned, level):
    stamp = "2026-12-01T03:30:00+01:00"
    return InterimLook(
        stamp, seeds, 40, "cer", planned, level, "", "", "Tied", -0.01, -0.1, 0.1, 0.4
    )


def test_only_a_plan_that_was_there_before_the_runs_is_declared_beforehand(report):
    said = plan_text.plan(report)
    assert said.kind == "exploratory" and "no plan was given" in said.sentence
    begun = plan_text.plan(looked(report, look(3, True, 0.05)))
    assert "the study's folder was begun without a plan" in begun.sentence
    changed = dataclasses.replace(DECLARED, changes=(ChangedValue("metric", "cer", "wer"),))
    elsewhere = dataclasses.replace(DECLARED, before_runs=False)
    sentences = {}
    for declared in (DECLARED, changed, elsewhere):
        one = dataclasses.replace(report, declared=declared)
        sentences[declared] = plan_text.plan(one).sentence
        assert "2026-12-01 02:30 UTC (plan.json, sha256 abababababab)" in sentences[declared]
        # The line in the terminal says nothing else.
        assert ("beforehand" in plan_text.line(one)) == (declared == DECLARED)
    assert [s.startswith("Declared beforehand") for s in sentences.values()] == [True, False, False]
    assert sentences[changed].startswith("Changed after the plan: metric was cer, is wer. ")


def test_looks_are_listed_with_what_they_have_spent(report):
    first, late = look(3, True, 0.0012), look(4, False, 0.005)
    said = plan_text.looks(looked(report, first, late, current=1))
    assert said.title == "2 looks at this study" and "have spent 0.62" in said.spent
    assert said.lead.startswith(
        "Look 2, not planned, with 4 seeds of each condition, has a level of 0.5"
    )
    assert [(row.when, row.kind, row.current) for row in said.rows] == [
        ("2026-12-01 02:30 UTC", "planned", False),
        ("2026-12-01 02:30 UTC", "not planned", True),
    ]
    assert said.rows[0].p == "p = 0.400" and said.rows[0].metric == "CER"
    earlier = plan_text.looks(looked(report, first, late))
    assert earlier.lead.startswith("Look 1 of 2, planned, with 3 seeds")
    alone = plan_text.looks(looked(report, first, planned=()))
    assert alone.spent == "" and "No series of looks was planned" in alone.rule
    assert plan_text.looks(report) is None


def test_a_price_is_that_of_the_seeds_that_are_missing(report):
    def timed(*seconds):
        curves = {
            name: tuple(
                dataclasses.replace(c, timing=dataclasses.replace(c.timing, elapsed=(1.0, s)))
                for c, s in zip(every, seconds)
            )
            for name, every in report.curves.items()
        }
        return dataclasses.replace(report, curves=curves)

    # Two trainings, two more seeds of each, an hour each in the mean.
    assert plan_text.price(timed(1800, 3600, 5400), 5) == pytest.approx(4.0)
    assert plan_text.price(timed(1800, 3600, 5400), 3) == 0
    assert plan_text.price(timed(1800, None, 5400), 5) is None
    assert plan_text.price(dataclasses.replace(report, curves={}), 5) is None
    for seconds, said in (
        (3600, "4.0 hours"),
        (36000, "40 hours"),
        (60, "4.0 minutes"),
        (5, "20 sec"),
    ):
        one = looked(timed(seconds, seconds, seconds), look(3, True, 0.05))
        assert f"for about {said}" in plan_text.looks(one).next.replace("\N{NO-BREAK SPACE}", " ")


def test_what_more_seeds_would_detect_is_said_of_the_next_look(report):
    pair = report.headline
    now = pair.detectable.difference

    def said(share, planned):
        more = dataclasses.replace(
            pair.more,
            seeds=dataclasses.replace(pair.more.seeds, difference=share * now),
            look=NextLook(5, 0.0052, planned),
        )
        one = dataclasses.replace(pair, more=more)
        both = detectable_text.sensitivity(one), detectable_text.would_help(one)
        return [text.replace("\N{NO-BREAK SPACE}", " ") for text in both]

    sensitivity, helps = said(0.8, True)
    assert "At the next planned look, with 5 seeds at a level of 0.52 %, it would be" in sensitivity
    assert "more seeds would lower it by 20 % at the next planned look" in helps
    sensitivity, helps = said(1.1, False)
    assert "At a look that was not planned, with 5 seeds" in sensitivity
    assert "more seeds would not lower it at a look that was not planned" in helps


def test_what_would_settle_a_tie_does_not_depend_on_the_level_of_the_look():
    grid = fake.grid(60, 3, step=0.2, key=2)
    found = []
    for level in (0.05, 0.0052):
        (pair,) = statistics.comparisons(grid, "cer", confidence=1 - level)
        assert pair.verdict.tied
        found.append(findings.summarize(pair, "CER", None, None).settles)
    assert found[1] == found[0].replace(" would show it", " would, in a study of one look, show it")
    assert found[1] != found[0]
