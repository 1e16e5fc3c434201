"""The findings that open a report: one rule, nothing by chance, nothing that the intervals do not carry."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.study.report import findings
from ocr_tf.study.report.findings import LEAST, MOST, PER_SECTION, _Candidate, _chosen
from tests.study import fake


def candidate(section="slices", p=0.0001, low=0.01, high=0.03, sentence="x"):
    return _Candidate(sentence, section, p, low, high)


def test_the_surest_size_comes_first_and_sections_share_the_room():
    many = [candidate("slices", low=0.01 * (i + 1), high=1, sentence=f"s{i}") for i in range(5)]
    others = [candidate(name, low=0.002, high=0.9, sentence=name) for name in ("errors", "causes")]
    chosen = [finding.sentence for finding in _chosen([*others, *many])]
    assert chosen == ["s4", "s3", "errors", "causes"]
    assert len(_chosen([candidate(str(i)) for i in range(MOST + 3)])) == MOST
    assert PER_SECTION == 2


def test_what_an_interval_does_not_grant_is_not_told():
    assert _chosen([candidate(low=-0.01, high=0.5)]) == []
    assert _chosen([candidate(low=LEAST / 2, high=0.5)]) == []
    assert _chosen([candidate(low=-0.5, high=-0.01)])
    assert _chosen([candidate(p=0.04)])
    assert _chosen([candidate(p=0.04), *[candidate(p=0.9)] * 9]) == []  # one of ten, by chance


def test_nothing_is_told_of_chance_more_often_than_the_level():
    draw = np.random.default_rng(1)
    told = 0
    for _ in range(2000):
        ps = draw.uniform(size=30)
        told += bool(_chosen([candidate(p=p) for p in ps]))
    assert told <= 0.06 * 2000


@pytest.fixture(scope="module")
def drawn():
    """A report on conditions that differ by chance."""
    return fake.report(fake.grid(lines=400, rate=0.03, step=0.02))


def test_a_report_tells_its_summary(drawn):
    summary = drawn.summary
    assert summary.candidates > 10 and len(summary.findings) <= MOST
    sections = {"slices", "errors", "causes", "cost"}
    assert {finding.section for finding in summary.findings} <= sections
    for finding in summary.findings:
        assert finding.section == "cost" or finding.p <= 0.05


def latencies(report, factor):
    """The report's cost, attention's times multiplied."""
    cost = report.cost
    latency = dict(cost.timing.latency)
    ctc = latency["ctc"]
    each = tuple(
        dataclasses.replace(s, **{k: factor * v for k, v in dataclasses.asdict(s).items()})
        for s in ctc.own.each
    )
    slow = dataclasses.replace(ctc.own, each=each)
    latency["attention"] = dataclasses.replace(ctc, own=slow)
    return dataclasses.replace(cost, timing=dataclasses.replace(cost.timing, latency=latency))


@pytest.mark.parametrize("factor, told", [(3.0, True), (1.05, False), (1 / 3, True)])
def test_a_cost_is_told_where_the_quartiles_lie_apart(drawn, factor, told):
    cost = latencies(drawn, factor)
    summary = findings.summarize(drawn.headline, "CER", None, cost)
    assert bool(summary.findings) == told and summary.candidates == 0
    if told:
        dear = "attention" if factor > 1 else "ctc"
        (finding,) = summary.findings
        assert finding.sentence.startswith(f"{dear} takes 3.0 times") and finding.section == "cost"


def test_a_tie_says_what_would_settle_it_and_a_decision_does_not():
    tied = fake.report(fake.grid(lines=200, rate=0.1, step=0.02))
    assert tied.headline.verdict.better is None
    assert "orders of magnitude" in tied.summary.settles or "neither" in tied.summary.settles
    apart = fake.report(fake.grid(lines=200, rate=0.02, step=2.5))
    assert apart.headline.verdict.better == "ctc" and apart.summary.settles is None


def test_without_a_pair_there_is_no_summary():
    assert findings.summarize(None, "CER", None, None) is None
