"""The section on several test sets of one study: a row each, the mean, and what other sets may show."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ocr_tf.metrics.paired import Comparison
from ocr_tf.study.comparison.test_sets import OverTestSets
from ocr_tf.study.report import across_text
from ocr_tf.study.report.formatting import interval, percent, points, probability

UNIT = "test set"


class Row(NamedTuple):
    """A test set, or all of them, about these recipes."""

    name: str
    lines: str
    rate_a: str
    rate_b: str
    difference: str
    interval: str  # or why there is none
    p: str


class SetsText(NamedTuple):
    """A pair of conditions on every test set."""

    a: str
    b: str
    rows: list[Row]
    replicability: str  # of the recipes
    models: list[str]  # sentences about these trained models on other sets


def word(over: OverTestSets) -> SetsText:
    """Words a pair's differences on several test sets."""
    recipes, models = over.recipes, over.models
    rows = [_row(one.name, one.comparison, one.left_out) for one in recipes.sets]
    out = recipes.sets[0].left_out if not recipes.summarized else None
    rows.append(_row("mean of the sets", over.macro, out))
    rows.append(_row("all lines pooled", over.micro, out))
    said = [
        across_text.lead(models, UNIT),
        across_text.few(models, UNIT),
        across_text.heterogeneity(models, UNIT),
    ]
    return SetsText(
        a=recipes.a,
        b=recipes.b,
        rows=rows,
        replicability=across_text.replicability(recipes, UNIT),
        models=[sentence for sentence in said if sentence],
    )


def _row(name: str, found: Comparison, left_out: Optional[str]) -> Row:
    withheld = left_out is not None or found.low is None
    return Row(
        name,
        f"{found.units:,}",
        percent(found.rate_a),
        percent(found.rate_b),
        points(found.value),
        "withheld" if withheld else interval(found.low, found.high),
        probability(None if withheld else found.p).removeprefix("p = "),
    )
