"""A study's differences of differences in words: does a gain rise or fall, and by how much?

Of a contrast ((a, b), (c, d)) the gain is what b has fewer errors than a, from the first pair to what
d has fewer than c.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from ocr_tf.metrics.paired import TIED, WITHHELD
from ocr_tf.study.report import forest_plot, formatting, plots, svg, verdict_text
from ocr_tf.study.report.forest_plot import Group, Row
from ocr_tf.study.report.formatting import MINUS, SPACE, interval, points, probability, width
from ocr_tf.study.report.svg import Drawing

Report = Mapping[str, Any]

FALLS, RISES = "falls", "rises"


class Contrasted(NamedTuple):
    """One contrast, after Holm's correction and with simultaneous intervals where there are several."""

    name: str
    outcome: str  # "falls", "rises", "tied at this size" or "withheld"
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

    @property
    def numbers(self) -> str:
        """+1.52 pp, 95 % interval +0.31 to +2.73 pp, p = 0.021."""
        said = [points(self.value)]
        if self.low is not None:
            said.append(f"95{SPACE}% interval {interval(self.low, self.high)}")
        if self.p is not None:
            said.append(probability(self.p))
        return ", ".join(said + ([self.withheld] if self.withheld else []))


def contrasts(report: Report) -> list[Contrasted]:
    """Those that the study declares, the first first; none where it declares none."""
    found = report.get("contrasts", {}).get(verdict_text.checkpoint(report), [])
    return [_contrasted(report, one) for one in found]


def three_lines(report: Report) -> list[str]:
    """As `words.three_lines`; the first answers the study's question where that is a contrast."""
    lines = verdict_text.three_lines(report)
    every = contrasts(report)
    if not every:
        return lines
    first, *others = every
    more = (
        f"; {formatting.counted(len(others), 'other contrast')}: see the report" if others else ""
    )
    seen = f"; smallest detectable difference {width(first.detectable)}" if first.detectable else ""
    few = f"; it rests on few lines: {first.few}" if first.few else ""
    line = f"{first.title}: {first.terms} = {first.numbers} with {verdict_text.size(report)}{seen}{few}{more}"
    return [line.replace(MINUS, "-").replace(SPACE, " "), *lines[1:]]


def drawn(report: Report) -> Optional[Drawing]:
    """Every contrast's interval, at every checkpoint."""
    first = verdict_text.checkpoint(report)
    groups = []
    for i, of in enumerate(report.get("contrasts", {}).get(first, [])):
        rows = [
            Row(
                plots.CHECKPOINTS.get(name, name),
                every[i]["value"],
                every[i]["low"],
                every[i]["high"],
                _noted(every[i]),
                name == first,
            )
            for name, every in report["contrasts"].items()
        ]
        groups.append(Group(svg.short(of["name"], 48), rows))
    if not groups:
        return None
    return svg.drawing(
        "contrasts",
        "Changes of a gain with their intervals",
        lambda width: forest_plot.forest(groups, width, f"it {RISES}", f"it {FALLS}"),
    )


def _noted(found: Mapping[str, Any]) -> str:
    said = points(found["value"], unit=False)
    if found["low"] is not None:
        said += f"  [{interval(found['low'], found['high'], unit=False)}]"
    return said


def outcome(found: Mapping[str, Any]) -> str:
    """Of a contrast in a report."""
    if found["p_holm"] is None:
        return WITHHELD
    if found["p_holm"] > verdict_text.ALPHA:
        return TIED
    return FALLS if found["value"] > 0 else RISES


def _contrasted(report: Report, found: Mapping[str, Any]) -> Contrasted:
    (a, b), (c, d) = found["pairs"]
    said, value = outcome(found), found["value"]
    moved = said in (FALLS, RISES)
    title = (
        f"{said} by {width(abs(value))}" if moved else "no verdict" if said == WITHHELD else said
    )
    metric = verdict_text.name_of(report["study"]["metric"])
    before, after = (points(difference) for difference in found["differences"])
    lead = (
        f"The gain of {b} over {a} is {before} of {metric}, that of {d} over {c} {after}, measured "
        f"with {verdict_text.size(report)}. "
    )
    if moved:
        lead += "The two differ by more than other seeds and other such lines would explain."
    elif said == TIED:
        lead += "The two cannot be told apart, which is no sign that they are equal."
    else:
        lead += f"How sure the change is cannot be said: {found['withheld']}."
    few = found["too_small"] if found["low"] is not None else None
    if few:
        lead += f" The interval rests on few lines: {few}."
    detectable = found.get("detectable")
    return Contrasted(
        name=found["name"],
        outcome=said,
        title=f"{found['name'][:1].upper()}{found['name'][1:]}: {title}",
        lead=lead,
        terms=f"({a} {MINUS} {b}) {MINUS} ({c} {MINUS} {d})",
        value=value,
        low=found["low"],
        high=found["high"],
        p=found["p_holm"],
        withheld=found["withheld"],
        few=few,
        detectable=detectable["difference"] if detectable else None,
    )
