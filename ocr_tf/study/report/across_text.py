"""A difference on several sets of lines in words: the summary, its heterogeneity, where it holds."""

from __future__ import annotations

from typing import Optional

from ocr_tf.metrics.paired.meta_analysis import RandomEffects
from ocr_tf.metrics.paired.replicability import Replicability
from ocr_tf.study.comparison.across import Across
from ocr_tf.study.report.formatting import (
    MINUS,
    SPACE,
    counted,
    interval,
    level,
    listed,
    points,
    probability,
    width,
)

FEW = 5  # sets below which the summary says that they are few


def title(across: Across) -> str:
    """Names the condition that makes fewer errors on average over sets like these."""
    summary = across.summary
    if summary is None:
        return "No summary"
    better = _better(across, summary)
    return f"{better} makes fewer errors on average" if better else "Tied over these data sets"


def _better(across: Across, summary: RandomEffects) -> Optional[str]:
    if summary.low <= 0 <= summary.high:
        return None
    return across.a if summary.value < 0 else across.b


def lead(across: Across, unit: str = "data set") -> str:
    """States the mean difference with its interval."""
    summary = across.summary
    if summary is None:
        return (
            f"A summary takes two {unit}s with an interval; there "
            f"{'is one' if len(across.summarized) == 1 else 'is none'}."
        )
    return (
        f"Over {unit}s like these, {across.a} {MINUS} {across.b} is {points(summary.value)} on average, "
        f"{level(summary.confidence)} interval {interval(summary.low, summary.high)}, "
        f"{probability(summary.p)} ({counted(summary.sets, unit)}, random effects)."
    )


def few(across: Across, unit: str = "data set") -> Optional[str]:
    """Says so where there are few sets."""
    summary = across.summary
    if summary is None or summary.sets >= FEW:
        return None
    degrees = "one degree" if summary.df == 1 else f"{summary.df} degrees"
    return (
        f"{summary.sets} {unit}s say little about others: the interval takes a t with {degrees} of "
        "freedom, and how far sets differ is hardly known."
    )


def heterogeneity(across: Across, unit: str = "data set") -> Optional[str]:
    """Says how far the true difference varies between sets, and what a new one may show."""
    summary = across.summary
    if summary is None:
        return None
    said = (
        f"The true differences vary between {unit}s by a standard deviation of {width(summary.tau)} (tau), "
        f"estimated; chance within {unit}s leaves {100 * summary.i2:.0f}{SPACE}% of the variation "
        f"unexplained (I²; {probability(summary.p_heterogeneity)} by Q)."
    )
    if summary.new_low is None:
        return f"{said} Two {unit}s cannot say what a new one would show."
    return (
        f"{said} On a new {unit} of the kind the true difference lies, at {level(summary.confidence)}, "
        f"within {interval(summary.new_low, summary.new_high)}."
    )


def replicability(across: Across, unit: str = "data set") -> str:
    """Says on how many sets, at least, either condition makes fewer errors, and on which."""
    return " ".join(
        _holds(across, name, counts, unit)
        for name, counts in ((across.a, across.a_better), (across.b, across.b_better))
    )


def _holds(across: Across, name: str, counts: Replicability, unit: str) -> str:
    best = counts.dependent if counts.independent is None else counts.independent
    if not best:
        return f"On none of the {counts.sets} {unit}s is {name} shown to make fewer errors."
    by = "Bonferroni" if counts.independent is None else "Fisher"
    said = f"{name} makes fewer errors on at least {best} of {counts.sets} {unit}s ({by})"
    if not counts.which:
        return f"{said}; on which cannot be told."
    which = listed([across.sets[i].name for i in counts.which])
    return f"{said}; it is told for {which} (Holm)."


def left_out(across: Across) -> list[str]:
    """Names the sets that are not in the summary, and why, in a sentence each."""
    return [
        f"{one.name} is left out of the summary: {one.left_out}."
        for one in across.sets
        if one.left_out is not None
    ]


def plain(line: str) -> str:
    """Writes a line for a terminal."""
    return line.replace(MINUS, "-").replace(SPACE, " ").replace("I²", "I^2")
