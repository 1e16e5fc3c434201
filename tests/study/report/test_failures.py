"""Failed trainings are named; where every one of a condition failed, nobody is called better; anywhere."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import re

import pytest
from markupsafe import Markup

from ocr_tf.heads import Attention
from ocr_tf.metrics.failures import DIVERGED, FailedRun, Failures
from ocr_tf.study.report import (
    as_json,
    contrasts,
    failure_text,
    formatting,
    page,
    plots,
    svg,
    tables,
    tensorboard,
    verdict_text,
)
from tests.experiment import tiny
from tests.study import fake
from tests.study.report import parsed

# Words that make one of two conditions the better one.
CLAIMS = re.compile(
    r"better(?! p)|fewer errors|more errors|tied|told apart|would settle|would help"
)
NAMES = ("ctc-0", "attention-0", "ctc-2", "attention-2")
GAIN = {"gain of attention, from 0 to 2 layers": (NAMES[:2], NAMES[2:])}


def claims(text: str) -> list[str]:
    text = text.replace("no choice can do better", "")  # of lines that either reads
    return CLAIMS.findall(text)


@pytest.fixture(scope="module", autouse=True)
def undrawn():
    """Figures keep their texts alone, which takes less time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg, "_svg", lambda figure, name: Markup(" ").join(_texts(figure)))
        patch.setattr(svg, "_png", lambda figure: b"")
        yield


def _texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text"))]


@pytest.fixture(scope="module")
def grid():
    """A difference that anybody would see."""
    return fake.grid(60, 3, rate=0.1, step=1.5)


@pytest.fixture(scope="module")
def one(grid):
    return fake.report(grid, last=grid, failed={"attention": [0, 1, 2]})


@pytest.fixture(scope="module")
def content(one):
    return page.render(one, fake.LineImages(one))[0]


@pytest.fixture(scope="module")
def shown(content):
    return parsed.Page(content).text


def test_without_failures_there_would_be_a_verdict(grid):
    report = fake.answer(grid)
    assert verdict_text.verdict(report).title == "ctc makes fewer errors"
    assert claims(" ".join(verdict_text.three_lines(report)))


def test_the_title_names_who_failed_and_the_lead_says_how(one):
    said = verdict_text.verdict(one)
    assert said.title == "attention did not align" and said.better is None
    for words in (
        "under 3 of 3 seeds: seed 0 (best validation CER 76.00 %, alignment entropy 0.93 of 1)",
        "spread evenly over the line",
        "compare trainings that failed, not what attention can read",
        "train longer, on more lines, or from a trained encoder (--train.init_from)",
    ):
        assert words in said.lead.replace(formatting.SPACE, " ")
    assert one.headline.verdict.outcome == "withheld" and one.headline.detectable is None
    assert not one.summary.findings and one.summary.settles is None


def test_no_text_calls_the_other_one_better(one, shown):
    every = {
        "page": shown,
        "terminal": " ".join(contrasts.three_lines(one)),
        "TensorBoard": html.unescape(tensorboard._verdict(one)),
        "tables": " ".join(tables.files(one).values()),
        "sentence": one.headline.verdict.sentence,
    }
    for place, text in every.items():
        assert "attention did not align" in text and claims(text) == [], place
    assert contrasts.three_lines(one)[0].startswith("attention did not align. The figures below ")
    (best, last) = csv.DictReader(io.StringIO(tables.files(one)["comparisons.csv"]))
    said = "withheld (attention did not align under 3 of 3 seeds)"
    assert best["outcome"] == last["outcome"] == said


def test_where_some_trained_the_verdict_is_given_with_and_without_the_failures(grid):
    report = fake.report(grid, failed={"attention": [2]})
    said = verdict_text.verdict(report)
    assert said.title == "ctc makes fewer errors; attention did not align under 1 of 3 seeds"
    usual = verdict_text.verdict(fake.answer(grid))
    assert said.targets == usual.targets and said.lead.startswith(usual.lead)
    assert (
        "Failed trainings count here as they read. Among those that trained: ctc better ("
        in said.lead
    )
    assert "is a change of plan" in said.lead
    (apart,) = report.among_trained
    assert apart.value != report.headline.verdict.value
    shown = parsed.Page(page.render(report, fake.LineImages(report))[0]).text
    assert "up to 63 %" in shown.replace(formatting.SPACE, " ")  # of ctc, 0 of 3
    assert "2 % to 86 %" in shown.replace(formatting.SPACE, " ")
    assert formatting.points(apart.value) in shown and not report.summary.findings
    assert failure_text.lines(report) == [
        "failed: attention did not align under 1 of 3 seeds: seed 2 (best validation CER 76.00 %, "
        "alignment entropy 0.93 of 1); at 95 % confidence 2 % to 86 % of its trainings fail"
    ]


def test_where_none_is_left_without_the_failures_that_is_said(grid):
    few = dataclasses.replace(grid, paired=True)
    report = fake.answer(few, by_seed=True, failed={"attention": [0, 2], "ctc": [1]})
    assert "Without them too few runs are left to compare." in verdict_text.verdict(report).lead


def test_no_color_and_no_other_metric_does_either(one, grid, content):
    clear = fake.answer(grid)
    assert {other.better for other in verdict_text.beside(clear)} == {"ctc"}
    assert {other.better for other in verdict_text.beside(one)} == {None}
    looks = svg.looks(["ctc", "attention"])
    colored, plain = (plots._difference_rows(r, r.headline, looks) for r in (clear, one))
    assert all(row.a for row in colored) and not any(row.a or row.b for row in plain)
    assert 'id="verdict" class="undecided"' in content


def test_every_run_has_the_step_since_which_it_is_aligned(one, shown):
    rows = list(csv.DictReader(io.StringIO(tables.files(one)["rates.csv"])))
    steps = {(row["condition"], row["seed"]): row["aligned_at"] for row in rows}
    assert steps["ctc", "1"] == "1251" and steps["attention", "2"] == ""
    assert "–, –, –" in shown and "1,250, 1,251, 1,252" in shown
    assert "1,251" in tensorboard._rates(one) or "1&#44;251" in tensorboard._rates(one)


def test_all_that_failed_are_named(grid):
    report = fake.answer(grid, failed={"ctc": [0, 1, 2], "attention": [0, 1, 2]})
    said = verdict_text.verdict(report)
    assert said.title == "ctc and attention did not align"
    assert "ctc did not align under 3 of 3 seeds: seed 0 (" in said.lead
    assert "; attention did not align under 3 of 3 seeds: seed 0 (" in said.lead
    assert "compare trainings that failed, not what ctc and attention can read" in said.lead


def test_the_way_out_names_the_options_of_the_heads_that_failed(grid):
    for head, failed, flags in (
        ("attention", {"attention": [0, 1, 2]}, [a.option for a in Attention.AIDS if a.aligns]),
        ("ctc", {"ctc": [0, 1, 2]}, []),
    ):
        report = fake.answer(grid, failed=failed)
        conditions = tuple(
            dataclasses.replace(c, experiment=tiny.experiment(c.name)) for c in report.conditions
        )
        report = dataclasses.replace(report, conditions=conditions)
        said = failure_text.remedy(report, report.untrained)
        assert re.findall(r"--head\.(\w+)", said) == flags, head


def test_the_way_out_of_a_divergence_is_a_lower_rate(grid):
    lost = Failures.of("ctc", 1, [FailedRun(0, DIVERGED, step=3)])
    said = failure_text.remedy(fake.answer(grid), [lost])
    assert said == "To compare them, lower --train.learning_rate or --train.clip_norm."


def test_pairs_of_others_are_compared_as_ever():
    several = fake.grid(80, 3, ("a", "b", "c"), step=0.9)
    usual, report = fake.answer(several), fake.answer(several, failed={"c": [0, 1, 2]})
    assert [one.condition for one in report.untrained] == ["c"]
    for before, now in zip(usual.pairs, report.pairs):
        if "c" in (now.a, now.b):
            assert now.verdict.better is None and now.verdict.outcome == "withheld"
            assert now.verdict.p == before.verdict.p  # figures stay
        else:
            assert now == before and now.verdict.better == "a"
    said = verdict_text.verdict(report)
    assert said.title == "a makes fewer errors"
    assert all(words.startswith("withheld (c did not align under 3 of 3") for words in said.others)
    assert plots._sides(*usual.pairs) != plots._sides(*report.pairs) == ("", "")


def test_a_change_that_rests_on_one_is_withheld():
    four = fake.grid(100, 3, NAMES, step=0.9)
    assert "falls by" in contrasts.contrasts(fake.answer(four, contrasts=GAIN))[0].title
    report = fake.answer(four, contrasts=GAIN, failed={"attention-2": [0, 1, 2]})
    (said,) = contrasts.contrasts(report)
    assert said.title == "Gain of attention, from 0 to 2 layers: attention-2 did not align"
    assert said.outcome == "withheld (attention-2 did not align under 3 of 3 seeds)"
    assert said.detectable is None
    assert "compare trainings that failed" in said.lead and "gain of" not in said.lead
    first = contrasts.three_lines(report)[0]
    assert first.startswith(said.title) and "attention-2 did not align under 3 of 3 seeds" in first
    (row,) = csv.DictReader(io.StringIO(tables.files(report)["contrasts.csv"]))
    assert row["outcome"] == said.outcome and said.outcome in tables.files(report)["contrasts.tex"]
    # The headline's own pair was trained, and is decided.
    assert report.headline.verdict.better == "ctc-0"
    rests = " ".join(_texts(contrasts.forest(report, 800)))
    assert "it falls" not in rests and "withheld" in rests


def test_a_change_that_rests_on_some_failures_is_decided():
    four = fake.grid(100, 3, NAMES, step=0.9)
    usual = fake.answer(four, contrasts=GAIN)
    report = fake.answer(four, contrasts=GAIN, failed={"attention-2": [1]})
    (before,), (said,) = contrasts.contrasts(usual), contrasts.contrasts(report)
    assert said.title == before.title and said.outcome.startswith(before.outcome)
    assert said.lead.endswith("Failed trainings count here as they read.")


def test_another_system_beside_a_failed_run(grid):
    cells = {**grid.cells, "ctc": grid.cells["ctc"][:1]}
    with_system = dataclasses.replace(grid, cells=cells)
    report = fake.answer(with_system, systems=["ctc"], failed={"attention": [0, 1, 2]})
    said = verdict_text.verdict(report)
    assert said.title == "attention did not align" and report.aligned_at.keys() == {"attention"}
    assert claims(" ".join(verdict_text.three_lines(report))) == []


def test_what_is_withheld_is_read_back_from_the_report(one):
    (found,) = as_json.load_verdicts(as_json.dump(one))
    assert found == one.headline.verdict and found.failures[0].failed[2].seed == 2


def test_the_verdict_among_those_that_trained_names_its_own_confidence(grid):
    report = fake.answer(grid, failed={"attention": [0]})
    (decided,) = report.among_trained
    at_look = dataclasses.replace(
        report, among_trained=(dataclasses.replace(decided, confidence=0.9948),)
    )
    assert "95\N{NO-BREAK SPACE}% interval" in failure_text.apart(report, report.headline)
    assert "99.48\N{NO-BREAK SPACE}% interval" in failure_text.apart(at_look, report.headline)
