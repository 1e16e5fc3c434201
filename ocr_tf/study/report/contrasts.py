"""A study's differences of differences in words: does a gain rise or fall, and by how much?

Of a contrast ((a, b), (c, d)) the gain is what b has fewer errors than a, from the first pair to what
d has fewer than c. Whether it falls or rises is decided in `ocr_tf.metrics.paired.verdict`.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from matplotlib.figure import Figure

from ocr_tf.metrics.failures import did_fail
from ocr_tf.metrics.paired import FALLS, RISES, TIED, WITHHELD, Change, Contrast
from ocr_tf.study.report import failure_text, forest_plot, formatting, svg, verdict_text
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.forest_plot import Group, Row
from ocr_tf.study.report.formatting import MINUS, SPACE, interval, points, probability, width


class ChangeText(NamedTuple):
    """One contrast, with interval and p of all together where there are several."""

    name: str
    outcome: str  # "falls", "rises", "tied at this size" or "withheld", with whose trainings failed
    title: str
    lead: str
    terms: str  # (a − b) − (c − d)
    value: float  # above 0: it falls
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]
    withheld: Optional[str]
    few: Optional[str]  # why the interval rests on too few lines
    detectable: Optional[float]
    failed: str  # whose trainings of the four failed; empty: none did
    level: float  # of all together

    @property
    def sure(self) -> str:
        """The confidence of the interval."""
        return formatting.level(1 - self.level)

    @property
    def numbers(self) -> str:
        """+1.52 pp, 95 % interval +0.31 to +2.73 pp, p = 0.021."""
        said = [points(self.value)]
        if self.low is not None:
            said.append(f"{self.sure} interval {interval(self.low, self.high)}")
        if self.p is not None:
            said.append(probability(self.p, self.level))
        return ", ".join(said + ([self.withheld] if self.withheld else []))


class Answer(NamedTuple):
    """What a report says first."""

    title: str
    value: float
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]


def answer(report: Report) -> Optional[Answer]:
    """Gives the answer to the first question: a contrast where there is one, else the headline's pair.

    None where nothing was compared.
    """
    for change in contrasts(report):
        return Answer(change.title, change.value, change.low, change.high, change.p)
    said, pair = verdict_text.verdict(report), report.headline
    if said is None or pair is None:
        return None
    decided = pair.verdict
    return Answer(said.title, decided.value, decided.low, decided.high, decided.p)


def contrasts(report: Report) -> list[ChangeText]:
    """Words the contrasts that the study asks, the first first; none where it asks none."""
    return [_worded(report, change) for change in report.changes]


def three_lines(report: Report) -> list[str]:
    """As `verdict_text.three_lines`; the first answers the study's question where that is a contrast."""
    lines = verdict_text.three_lines(report)
    every = contrasts(report)
    if not every:
        return lines
    first, *others = every
    more = (
        f"; {formatting.counted(len(others), 'other contrast')}: see the report" if others else ""
    )
    seen = ""
    if first.detectable:
        seen = f"; smallest detectable difference {width(first.detectable)}, estimated from these seeds"
    few = f"; it rests on few lines: {first.few}" if first.few else ""
    failed = f"; {first.failed}" if first.failed else ""
    numbers = f"{first.terms} = {first.numbers} with {verdict_text.size(report)}"
    line = f"{first.title}: {numbers}{seen}{few}{failed}{more}"
    return [line.replace(MINUS, "-").replace(SPACE, " "), *lines[1:]]


def forest(report: Report, page_width: int) -> Optional[Figure]:
    """Paints every contrast's interval, at every checkpoint."""
    groups = []
    for i, change in enumerate(report.changes):
        rows = [
            _row(formatting.checkpoint(name), every[i].contrast, name == report.checkpoint)
            for name, every in report.contrasts.items()
        ]
        withheld = ", withheld" if change.untrained else ""
        groups.append(Group(svg.short(change.contrast.name, 48) + withheld, rows))
    if not groups:
        return None
    untrained = any(change.untrained for change in report.changes)
    sides = ("", "") if untrained else (f"it {RISES}", f"it {FALLS}")
    return forest_plot.forest(groups, page_width, *sides)


def _row(label: str, contrast: Contrast, strong: bool) -> Row:
    note = formatting.with_interval(contrast.value, contrast.low, contrast.high)
    return Row(label, contrast.value, contrast.low, contrast.high, note, strong)


def outcome(change: Change) -> str:
    """Words an outcome for a table; names whose trainings failed."""
    failed = f" ({failure_text.phrases(change.failures)})" if change.failures else ""
    return f"{change.outcome}{failed}"


def _worded(report: Report, change: Change) -> ChangeText:
    contrast, said = change.contrast, change.outcome
    (a, b), (c, d) = contrast.pairs
    title = "no verdict" if said == WITHHELD else said
    if change.untrained:
        title = did_fail(change.untrained)
    elif said in (FALLS, RISES):
        title = f"{said} by {width(abs(contrast.value))}"
    return ChangeText(
        name=contrast.name,
        outcome=outcome(change),
        title=f"{contrast.name[:1].upper()}{contrast.name[1:]}: {title}",
        lead=_lead(report, change),
        terms=f"({a} {MINUS} {b}) {MINUS} ({c} {MINUS} {d})",
        value=contrast.value,
        low=contrast.low,
        high=contrast.high,
        p=contrast.p_adjusted,
        withheld=contrast.withheld,
        few=change.too_small if contrast.low is not None else None,
        detectable=change.detectable.difference if change.detectable else None,
        failed=failure_text.phrases(change.failures),
        level=1 - report.confidence,
    )


def _lead(report: Report, change: Change) -> str:
    contrast, said = change.contrast, change.outcome
    if change.untrained:
        return failure_text.lead(report, change.untrained)
    (a, b), (c, d) = contrast.pairs
    moved = said in (FALLS, RISES)
    metric = verdict_text.name_of(report.study.metric)
    before, after = (points(difference) for difference in contrast.differences)
    lead = (
        f"The gain of {b} over {a} is {before} of {metric}, that of {d} over {c} {after}, measured "
        f"with {verdict_text.size(report)}. "
    )
    if moved:
        lead += "The two differ by more than other seeds and other such lines would explain."
    elif said == TIED:
        lead += "The two cannot be told apart, which is no sign that they are equal."
    else:
        lead += f"How sure the change is cannot be said: {contrast.withheld}."
    if change.too_small and contrast.low is not None:
        lead += f" The interval rests on few lines: {change.too_small}."
    if change.failures:
        lead += f" {failure_text.counted(change.failures)}"
    return lead
