"""How small a difference a comparison could detect, in words, and what more data would change."""

from __future__ import annotations

from typing import Optional

from ocr_tf.metrics.failures import did_fail
from ocr_tf.metrics.paired import MODELS, RECIPES, NextLook
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.formatting import SPACE, level, listed, width


def sensitivity(pair: ComparedPair) -> str:
    """Says how small a difference the comparison could detect, and what more data would change."""
    if pair.detectable is None:
        reason = pair.recipes.withheld or pair.too_small or "nothing varies"
        if pair.verdict.untrained:
            reason = did_fail(pair.verdict.untrained)
        return f"How small a difference it could detect cannot be said: {reason}."
    together = f", all {pair.verdict.pairs} pairs together" if pair.verdict.pairs > 1 else ""
    said = f"The smallest detectable difference is {estimated(pair)}{together}"
    said += (
        f": about 80{SPACE}% of comparisons of this size would find it, and fewer a smaller one. In brackets "
        f"is the 95{SPACE}% interval of what the true variances would give."
    )
    if pair.verdict.target == RECIPES and min(pair.recipes.seed_counts) == 2:
        said += (
            f" With two seeds both are less sure than that: in simulations 73 to 83{SPACE}% of comparisons "
            f"found it, and 70 to 95{SPACE}% of the intervals held what they should."
        )
    if pair.more:
        seeds = f"At {_at(pair.more.look)}," if pair.more.look else "With twice the seeds"
        said += (
            f" {seeds} it would be {width(pair.more.seeds.difference)}, with "
            f"twice the {_unit(pair)}s {width(pair.more.lines.difference)}."
        )
    return said


def estimated(pair: ComparedPair) -> str:
    """The smallest detectable difference, with what it is estimated from."""
    assert pair.detectable is not None
    data = "seeds" if pair.verdict.target == RECIPES else f"{_unit(pair)}s"
    seen = pair.detectable
    ends = f"{100 * seen.low:.2f} to {width(seen.high)}"
    return f"{width(seen.difference)} ({ends}), estimated from these {data}"


def parts(pair: ComparedPair) -> Optional[list[tuple[str, float]]]:
    """Splits the uncertainty into its parts: names with variances, squared fractions."""
    detectable = pair.detectable
    if not detectable or detectable.target == MODELS:
        return None
    return [
        ("lines", detectable.from_lines),
        ("seeds", detectable.from_seeds),
        ("seeds × lines", detectable.from_residual),
    ]


def would_help(pair: ComparedPair) -> Optional[str]:
    """Says which parts the uncertainty has, and whether more seeds or more lines would lessen it."""
    variances = parts(pair)
    total = sum(variance for _, variance in variances) if variances else 0.0
    if not variances or not total:
        return None
    shares = listed(
        [f"{100 * variance / total:.0f}{SPACE}% from {name}" for name, variance in variances]
    )
    return f"Of the variance of the difference {shares}.{_advice(pair)}"


def _advice(pair: ComparedPair) -> str:
    """Says how far twice the seeds, or twice the lines, would lower the detectable difference."""
    if not pair.detectable or not pair.more:
        return ""
    seeds, lines = (
        round(100 * (1 - more.difference / pair.detectable.difference))
        for more in (pair.more.seeds, pair.more.lines)
    )
    if pair.more.look is not None:  # whose level is another
        lower = f"would lower it by {seeds}{SPACE}%" if seeds > 0 else "would not lower it"
        return (
            f" Twice the {_unit(pair)}s would lower the smallest detectable difference by {lines}{SPACE}%; "
            f"more seeds {lower} at {_at(pair.more.look)}."
        )
    most = f"more {'seeds' if seeds > lines else f'test {_unit(pair)}s'} would help most"
    return (
        f" Twice the seeds would lower the smallest detectable difference by {seeds}{SPACE}%, twice "
        f"the {_unit(pair)}s by {lines}{SPACE}%: "
        f"{'either would help as much' if seeds == lines else most}."
    )


def _at(look: NextLook) -> str:
    """Names the look that may follow."""
    kind = "the next planned look" if look.planned else "a look that was not planned"
    return f"{kind}, with {look.seeds} seeds at a level of {level(look.level)}"


def _unit(pair: ComparedPair) -> str:
    """Names what is drawn independently."""
    return "group" if pair.recipes.signature.groups else "line"
