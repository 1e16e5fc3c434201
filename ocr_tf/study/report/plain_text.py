"""The comparison in plain words, beside percent points: errors in 1,000, seeds ahead, another training.

TensorFlow-free.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from ocr_tf.metrics.paired import Superiority
from ocr_tf.metrics.registry import metric_of
from ocr_tf.study.comparison.plain import Ahead, of_pair
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.formatting import SPACE

SCALES = 1_000, 10_000, 100_000  # the first on which the lower rate has two digits


class Best(NamedTuple):
    """A condition's expected lowest rate of K trainings, for K = 1 to S."""

    condition: str
    rates: tuple[float, ...]


def sentences(report: Report) -> list[str]:
    """Words the headline; none where nothing was compared or a training failed."""
    pair = report.headline
    if pair is None or pair.verdict.failures:
        return []
    said = [_errors(pair)]
    found = of_pair(report.plain, pair.a, pair.b) if report.plain else None
    if found is not None:
        said.append(_ahead(pair, found.ahead))
        said.append(_superiority(found.superiority, pair.same_networks))
    return [sentence for sentence in said if sentence]


def best_of(report: Report) -> list[Best]:
    """Lists the expected best of K trainings; nothing where no condition has three, or a training failed."""
    if report.plain is None or report.failed:
        return []
    every = [Best(name, rates) for name, rates in report.plain.best_of.items()]
    return every if max(len(one.rates) for one in every) > 2 else []


def _errors(pair: ComparedPair) -> Optional[str]:
    """Ctc makes 42 errors in 1,000 characters, attention 63; nothing where one of them makes none."""
    unit = metric_of(pair.metric).errors_in
    rates = pair.recipes.rate_a, pair.recipes.rate_b
    scale = next((one for one in SCALES if round(one * min(rates)) >= 10), SCALES[-1])
    if not unit or not round(scale * min(rates)):
        return None
    a, b = (f"{scale * rate:,.0f}" for rate in rates)
    if unit == "lines":
        return f"Of {scale:,} lines {pair.a} misreads {a}, {pair.b} {b}."
    return f"{pair.a} makes {a} errors in {scale:,} {unit}, {pair.b} {b}."


def _ahead(pair: ComparedPair, ahead: Ahead) -> Optional[str]:
    """Ctc is ahead in 4 of 5 seeds, attention in 1."""
    if ahead.of < 2:
        return None
    what = f"{ahead.of} seeds" if ahead.by_seed else f"{ahead.of} pairs of trainings"
    (first, most), (second, least) = sorted(
        ((pair.a, ahead.a), (pair.b, ahead.b)), key=lambda side: -side[1]
    )
    if not most:
        return f"The two are level in all {what}."
    level = ahead.of - most - least
    others = [f"{second} in {least}"] * bool(least) + [f"the two are level in {level}"] * bool(
        level
    )
    return f"{', '.join([f'{first} is ahead in {most} of {what}', *others])}."


def _superiority(found: Superiority, same_networks: bool) -> Optional[str]:
    """Says how often another training of the one that looks better would beat one of the other."""
    if found.value is None or found.low is None or found.high is None:
        return None
    first, second, values = found.a, found.b, (found.value, found.low, found.high)
    if found.value < 0.5:
        first, second = second, first
        values = 1 - found.value, 1 - found.high, 1 - found.low
    value, low, high = (f"{100 * share:.0f}" for share in values)
    who = f"another training of {first} would have fewer errors on these lines than one of {second}"
    if found.within_seeds:
        who = f"under another seed {first} would have fewer errors on these lines than {second}"
    if same_networks:
        who = f"another network would have fewer errors on these lines read by {first} than by {second}"
    return (
        f"With a probability of {value}{SPACE}% ({100 * found.confidence:.4g}{SPACE}% interval {low} to "
        f"{high}{SPACE}%) {who}; that takes the rates of seeds as normally distributed."
    )
