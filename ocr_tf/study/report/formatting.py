"""Numbers as texts: rates in per cent, differences of rates in percentage points (pp)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Optional

MINUS = "−"
SPACE = "\N{NO-BREAK SPACE}"  # before a unit
NOTHING = "–"

CHECKPOINTS = {"best": "best checkpoint", "last": "last checkpoint", "mixed": "as evaluated"}


def percent(rate: Optional[float]) -> str:
    """0.0341 -> 3.41 %."""
    return NOTHING if rate is None else f"{100 * rate:.2f}{SPACE}%"


def points(difference: Optional[float], unit: bool = True) -> str:
    """-0.0014 -> −0.14 pp; what rounds to 0 has no sign."""
    if difference is None:
        return NOTHING
    rounded = round(100 * difference, 2)
    text = f"{rounded:+.2f}".replace("-", MINUS) if rounded else "0.00"
    return f"{text}{SPACE}pp" if unit else text


def width(difference: Optional[float]) -> str:
    """A size that has no direction: 0.0062 -> 0.62 pp."""
    return NOTHING if difference is None else f"{100 * difference:.2f}{SPACE}pp"


def interval(low: Optional[float], high: Optional[float], unit: bool = True) -> str:
    """−0.61 to +0.33 pp."""
    if low is None or high is None:
        return NOTHING
    return f"{points(low, unit=False)} to {points(high, unit)}"


def with_interval(value: float, low: Optional[float], high: Optional[float]) -> str:
    """−0.14  [−0.61 to +0.33], the interval left out where it is withheld."""
    ends = "" if low is None else f"  [{interval(low, high, unit=False)}]"
    return f"{points(value, unit=False)}{ends}"


def checkpoint(name: str) -> str:
    """Best -> best checkpoint."""
    return CHECKPOINTS.get(name, name)


def rates_interval(low: Optional[float], high: Optional[float]) -> str:
    """Of a rate, which is not below 0 even where its interval would be: 2.91 to 3.87 %."""
    if low is None or high is None:
        return NOTHING
    return f"{100 * max(low, 0.0):.2f} to {percent(high)}"


def figure_interval(low: Optional[float], high: Optional[float], higher_is_better: bool) -> str:
    """Of a figure by the interval of its rate of errors, the figure being 1 minus that or the rate."""
    if low is None or high is None:
        return NOTHING
    if higher_is_better:
        return f"{100 * (1 - high):.2f} to {percent(1 - max(low, 0.0))}"
    return rates_interval(low, high)


def nats(log_prob: Optional[float]) -> str:
    """-12.345 -> −12.35; what rounds to 0 has no sign."""
    if log_prob is None:
        return NOTHING
    return f"{round(log_prob, 2) or 0.0:.2f}".replace("-", MINUS)


def probability(p: Optional[float], level: float = 0.05) -> str:
    """A p to compare with a level: p = 0.031, p < 0.001; with levels below 1 %, p = 0.00052."""
    if p is None:
        return NOTHING
    if level < 0.01 and p < 0.01:
        return "p < 0.00001" if p < 1e-5 else f"p = {p:.5f}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def level(share: float) -> str:
    """Of a test, or the confidence of an interval: 0.0052 -> 0.52 %, 0.99966 -> 99.966 %."""
    return f"{100 * share:.6g}{SPACE}%"


def count(number: float) -> str:
    """12345 -> 12,345; 2.4 -> 2.4."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def step(number: Optional[int]) -> str:
    """1500 -> 1,500; a dash where there is none."""
    return NOTHING if number is None else count(number)


def counted(number: int, what: str) -> str:
    """1 line, 2 lines."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def mean(values: Sequence[Optional[float]]) -> Optional[float]:
    """None where there is none to average, or not of every seed."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known and len(known) == len(values) else None


def deviation(values: Sequence[Optional[float]]) -> Optional[float]:
    """Standard deviation over seeds; None with fewer than two."""
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) > 1 and len(known) == len(values) else None


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
