"""The findings that open a report: at most five sentences, chosen by one rule for all studies.

Candidates are all differences between the headline's two conditions that the report estimates beside the
verdict: on slices of the lines, by kind of edit, on probes against their controls, in calibration, in where
the networks emit. The rule:

    1. The p of all candidates are adjusted together (Benjamini and Hochberg 1995). One is kept if its
       adjusted p is at most ALPHA and the end of its interval nearest to 0 is at least LEAST away from 0.
    2. Those kept are ordered by that end, the surest size of the difference, and at most PER_SECTION of a
       section are told.
    3. Costs have no p. The greatest ratio of what reading a line takes is told if it is at least
       LEAST_RATIO and the quartiles of the two conditions' times do not overlap.

Of a pair that a failed training is part of, nothing is told: every difference may be of that.

Everything told here is exploratory, and the page says so. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator, Mapping
from typing import Optional

from statsmodels.stats.multitest import multipletests

from ocr_tf.metrics import paired
from ocr_tf.metrics.paired import ALPHA, NotComparable
from ocr_tf.study.analysis.content import Analysis
from ocr_tf.study.analysis.cost_content import Cost
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.formatting import counted, percent, width

MOST = 5  # findings
PER_SECTION = 2
LEAST = 0.001  # a fraction: differences that may be smaller are not worth a sentence
LEAST_RATIO = 1.1


@dataclasses.dataclass(frozen=True)
class Finding:
    """A sentence, and the section of the page that shows it at length."""

    sentence: str
    section: str  # an anchor of the page
    p: Optional[float] = None  # adjusted over all candidates; None for a cost


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a person reads first, below the verdict."""

    findings: tuple[Finding, ...]
    candidates: int  # among which the findings were chosen
    settles: Optional[str]  # what would settle a tie; None where nothing is tied, or nobody can say


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A difference that could be told."""

    sentence: str
    section: str
    p: float
    low: float
    high: float

    @property
    def surest_size(self) -> float:
        """The end of the interval nearest to 0; 0 if the interval holds 0."""
        return max(self.low, -self.high, 0.0)


def summarize(
    pair: Optional[ComparedPair],
    metric: str,
    analysis: Optional[Analysis],
    cost: Optional[Cost],
) -> Optional[Summary]:
    """Chooses the findings on the headline's pair, and says what would settle a tie.

    Args:
        pair: the headline; None where nothing was compared.
        metric: what the pair's rates are of, as the page calls it: "CER".
        analysis: None where there is none.
        cost: None where nothing was measured.

    Returns:
        The summary; None without a pair.
    """
    if pair is None:
        return None
    if pair.verdict.failures:
        return Summary((), 0, None)
    candidates = [] if analysis is None else list(_candidates(pair, metric, analysis))
    findings = _chosen(candidates)
    costs = None if cost is None else _cost(pair, cost)
    if costs is not None:
        findings = [*findings[: MOST - 1], costs]
    return Summary(tuple(findings), len(candidates), _settles(pair))


def _chosen(candidates: list[_Candidate]) -> list[Finding]:
    if not candidates:
        return []
    adjusted = multipletests([c.p for c in candidates], method="fdr_bh")[1]
    kept = [
        (candidate, float(p))
        for candidate, p in zip(candidates, adjusted)
        if p <= ALPHA and candidate.surest_size >= LEAST
    ]
    kept.sort(key=lambda item: -item[0].surest_size)
    findings: list[Finding] = []
    for candidate, p in kept:
        told = sum(finding.section == candidate.section for finding in findings)
        if told < PER_SECTION and len(findings) < MOST:
            findings.append(Finding(candidate.sentence, candidate.section, p))
    return findings


def _candidates(pair: ComparedPair, metric: str, analysis: Analysis) -> Iterator[_Candidate]:
    yield from _of_slices(pair, metric, analysis)
    yield from _of_probes(pair, analysis)
    for name, kind in analysis.edits.items():
        estimate = kind.difference(pair.a, pair.b)
        sentence = f"{_more(pair, estimate)} {name}: {_both(pair, kind.rates)}"
        yield from _of_estimate(sentence, "errors", estimate)
    brier = analysis.calibration.brier
    if {pair.a, pair.b} <= set(brier.rates):
        estimate = brier.difference(pair.a, pair.b)
        worse = pair.a if estimate is not None and estimate.value > 0 else pair.b
        scores = ", ".join(f"{name} {brier.rates[name].value:.3f}" for name in (pair.a, pair.b))
        sentence = (
            f"{worse}’s confidences say less of which lines are read right: Brier score {scores}"
        )
        yield from _of_estimate(sentence, "causes", estimate)
    if analysis.alignments is not None:
        empty = analysis.alignments.empty_spans.lines
        estimate = empty.difference(pair.a, pair.b)
        sentence = (
            f"{_more(pair, estimate)} lines in which a symbol is emitted where nothing is written "
            f"(so its span is not the place of a glyph): {_both(pair, empty.rates)}"
        )
        yield from _of_estimate(sentence, "causes", estimate)


def _of_slices(pair: ComparedPair, metric: str, analysis: Analysis) -> Iterator[_Candidate]:
    for part in analysis.slices:
        difference = part.difference(pair.a, pair.b)
        if difference is None or difference.inside is None:
            continue
        worse, better = _ordered(pair, difference.rate_a, difference.rate_b)
        sentence = (
            f"{part.family}, {part.name}: {worse}, {better} {metric} on {counted(part.lines, 'line')}; the "
            f"gap between the two is {_other(difference)} on all other lines"
        )
        yield from _of_estimate(sentence, "slices", difference.against_rest)


def _of_probes(pair: ComparedPair, analysis: Analysis) -> Iterator[_Candidate]:
    for name, probe in analysis.probes.items():
        for level in probe.levels:
            difference = level.control and level.control.difference(pair.a, pair.b)
            if not difference or difference.inside is None or level.control is None:
                continue
            worse, better = _ordered(pair, difference.rate_a, difference.rate_b)
            control = f"{level.control.family} {level.control.level}"
            sentence = (
                f"lines made on purpose, {name} {level.level}: {worse}, {better} CER; the gap between the "
                f"two is {_other(difference)} on {control}"
            )
            yield from _of_estimate(sentence, "causes", difference.against_rest)


def _other(difference: paired.Slice) -> str:
    """Says how far a slice's difference is from that on the other lines, to be followed by those."""
    if difference.against_rest is None:
        return "not that"
    return f"{width(abs(difference.against_rest.value))} from that"


def _of_estimate(sentence: str, section: str, estimate: object) -> Iterator[_Candidate]:
    """One candidate where there is an interval and a p, else none."""
    if isinstance(estimate, (RateEstimate, paired.Estimate)):
        p, low, high = estimate.p, estimate.low, estimate.high
        if p is not None and low is not None and high is not None:
            yield _Candidate(sentence, section, p, low, high)


def _more(pair: ComparedPair, estimate: Optional[RateEstimate]) -> str:
    """Begins a sentence on a rate with the condition that has more of it."""
    return f"{pair.a if estimate is not None and estimate.value > 0 else pair.b} has more"


def _both(pair: ComparedPair, rates: Mapping[str, RateEstimate]) -> str:
    return f"{pair.a} {percent(rates[pair.a].value)}, {pair.b} {percent(rates[pair.b].value)}"


def _ordered(pair: ComparedPair, rate_a: float, rate_b: float) -> tuple[str, str]:
    """Names both conditions with their rates, the one with more errors first."""
    named = [(rate_a, f"{pair.a} {percent(rate_a)}"), (rate_b, f"{pair.b} {percent(rate_b)}")]
    (_, better), (_, worse) = sorted(named)
    return worse, better


def _cost(pair: ComparedPair, cost: Cost) -> Optional[Finding]:
    """Tells what reading a line alone costs, if the quartiles of the times lie apart."""
    latency = cost.timing.latency
    if not {pair.a, pair.b} <= set(latency):
        return None
    ends = {
        name: [
            statistics.fmean(getattr(seconds, end) for seconds in latency[name].own.each)
            for end in ("low", "median", "high")
        ]
        for name in (pair.a, pair.b)
    }
    cheap, dear = sorted(ends, key=lambda name: ends[name][1])
    ratio = ends[dear][1] / ends[cheap][1]
    if ratio < LEAST_RATIO or ends[dear][0] <= ends[cheap][2]:
        return None
    sentence = (
        f"{dear} takes {ratio:.1f} times as long as {cheap} to read a line "
        f"({1e3 * ends[dear][1]:.3g} against {1e3 * ends[cheap][1]:.3g} ms, medians)"
    )
    return Finding(sentence, "cost")


def _settles(pair: ComparedPair) -> Optional[str]:
    """Says how much more data would tell a tied pair apart, if the difference stayed as it is."""
    if pair.verdict.outcome != paired.TIED or pair.too_small or not pair.recipes.value:
        return None
    if pair.recipes.target != paired.RECIPES or pair.verdict.target != paired.RECIPES:
        return None
    alone = dataclasses.replace(pair.recipes, confidence=1 - ALPHA)
    try:
        answer = paired.settling(alone)
    except NotComparable:
        return None
    several = alone.confidence != pair.recipes.confidence  # the level is shared among looks
    would = "would, in a study of one look," if several else "would"
    ways = []
    if answer.seeds is not None:
        ways.append(f"about {answer.seeds} seeds of each condition on these lines")
    if answer.units is not None:
        unit = "lines" if pair.recipes.signature.groups is None else "groups of lines"
        ways.append(f"about {answer.units:,} {unit} with these seeds")
    if not ways:
        return (
            f"Were the true difference the {width(answer.difference)} seen here, neither 100 seeds of each "
            "condition nor 1,000 times the lines would be likely to show it."
        )
    return (
        f"Were the true difference the {width(answer.difference)} seen here, {' or '.join(ways)} {would} "
        "show it more often than not. These numbers rest on variances of few seeds: take them as orders "
        "of magnitude."
    )
