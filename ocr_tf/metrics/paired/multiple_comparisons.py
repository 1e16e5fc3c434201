"""Several conditions, and several sets of lines: what many tests at once may say."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ocr_tf.metrics.paired import studentized_range
from ocr_tf.metrics.paired.comparison import (
    MODELS,
    RECIPES,
    Comparison,
    Estimate,
    apart,
    estimate,
    models,
    recipes,
    within_seeds,
)
from ocr_tf.metrics.paired.outcomes import Outcomes, Result, joined, one_seed, signed
from ocr_tf.metrics.paired.variance_components import Components, Effects, cautious_df, effects
from ocr_tf.types import Array

# An interval stands on the normal limit of sums over its lines, and on an estimate of their variance:
# below these a slice's is withheld, and a comparison's says nothing of what it could have seen.
LEAST_UNITS = 30
LEAST_WITH_ERRORS = 5


@dataclasses.dataclass(frozen=True)
class Pair(Result):
    """One of all pairs of conditions, with an interval that holds for all of them together.

    The interval of the comparison excludes 0 if, and only if, p_adjusted is below 1 - the confidence of all.
    """

    comparison: Comparison  # low, high and df of all pairs together; confidence of this one alone
    p_adjusted: Optional[float]  # None where the comparison has no p


def pairwise(
    conditions: Sequence[Outcomes],
    target: str = RECIPES,
    confidence: float = 0.95,
    paired: bool = False,
) -> list[Pair]:
    """Compares all m pairs of conditions, on one metric that was declared first.

    Interval and p are of one procedure, that of Games and Howell 1976: Tukey's studentized range of k
    conditions, with each pair's own variance. It takes one step: intervals that agree with a step-down
    procedure such as Holm's would end at 0 where it rejects (Strassburger and Bretz 2008). The degrees
    of freedom are `cautious_df`: with the usual ones 3 seeds alarm too often among 4 conditions. A pair
    with another system, which nobody can train anew, is about these trained models whatever the target.

    Args:
        conditions: on the same lines.
        target: RECIPES or MODELS.
        confidence: of all intervals together.
        paired: these recipes by seed.

    Raises:
        NotComparable: as `recipes`.
        ValueError: as `recipes`, or there is no such target.
    """
    if target not in (RECIPES, MODELS):
        raise ValueError(f"target {target!r}, not {RECIPES} or {MODELS}")
    compared = [
        recipes(a, b, confidence, paired)
        if target == RECIPES and a.trained and b.trained
        else models(a, b, confidence)
        for a, b in itertools.combinations(conditions, 2)
    ]
    return [_together(comparison, len(conditions)) for comparison in compared]


def _together(comparison: Comparison, conditions: int) -> Pair:
    """Widens one pair's interval to hold together with those of all pairs of so many conditions."""
    if not comparison.variance or conditions < 3:
        return Pair(comparison.signature, comparison, comparison.p)
    df, error = _cautious_df(comparison), np.sqrt(comparison.variance)
    quantile = studentized_range.quantile(comparison.confidence, conditions, df) / np.sqrt(2)
    seen = np.sqrt(2) * abs(comparison.value) / error
    widened = dataclasses.replace(
        comparison,
        low=float(comparison.value - quantile * error),
        high=float(comparison.value + quantile * error),
        df=df,
        confidence=float(1 - 2 * stats.t.sf(quantile, df)),
    )
    p = studentized_range.survival(float(seen), conditions, df)
    return Pair(comparison.signature, widened, p)


def _cautious_df(comparison: Comparison) -> float:
    if comparison.target == MODELS:
        return comparison.effective_units - 1.0
    df = cautious_df(
        np.array(comparison.variance_lines),
        np.array(comparison.variance_seeds),
        np.array(comparison.variance_residual),
        comparison.seed_counts,
        comparison.effective_units,
    )
    return float(df)


@dataclasses.dataclass(frozen=True)
class Slice(Result):
    """Some of the lines: exploratory. Rates and differences are fractions."""

    name: str
    a: str
    b: str
    units: int  # lines, or groups that have lines in it
    rate_a: float
    rate_b: float
    inside: Optional[Estimate]  # D on these lines; None: too few
    against_rest: Optional[Estimate]  # D on these lines minus D on the others; None: too few of one
    p_adjusted: Optional[float]  # of against_rest, by Benjamini-Hochberg over the slices
    withheld: Optional[str]  # why there is an estimate less


def slices(
    a: Outcomes,
    b: Outcomes,
    members: Mapping[str, Array],
    target: str = RECIPES,
    confidence: float = 0.95,
    paired: bool = False,
) -> list[Slice]:
    """Estimates D on sets of lines, each tested as slice minus rest: is the difference another there?

    The test takes the difference of the two sets' effects through `variance_components`: a seed
    that is good on both sets, or a group with lines in both, is no difference between them. Its
    degrees of freedom go by the smaller set. Intervals are per slice; p is adjusted by Benjamini
    and Hochberg 1995 over the slices that have one. What `too_small` refuses is withheld.

    Args:
        a: one condition.
        b: the other, on the same lines.
        members: masks [N] of bool over the lines, by the name of the slice. Slices without a line, or
            of empty references only, are left out: they have no rate.
        target: RECIPES or MODELS.
        confidence: of each interval.
        paired: by seed, as in `recipes`.

    Raises:
        NotComparable: as `recipes`.
        ValueError: as `recipes`, a mask has another shape, or there is no such target.
    """
    joined(a, b)
    tested = []
    for name, mask in members.items():
        inside = np.asarray(mask, bool)
        if inside.shape != a.lengths.shape:
            raise ValueError(f"slice {name}: a mask {inside.shape} of {len(a.ids)} lines")
        if a.lengths[inside].any():
            tested.append(_slice(name, a, b, inside, target, confidence, paired))
    tests = {s.name: s.against_rest.p for s in tested if s.against_rest}
    present = {name: p for name, p in tests.items() if p is not None}
    adjusted = dict(zip(present, _adjusted(list(present.values()))))
    return [dataclasses.replace(s, p_adjusted=adjusted.get(s.name)) for s in tested]


def too_small(*conditions: Outcomes) -> Optional[str]:
    """Says why these lines are too few to trust a variance; None: they are not.

    They are fewer than LEAST_UNITS lines (or groups), or fewer than LEAST_WITH_ERRORS with an error of
    any condition under any seed.
    """
    units = [condition.units() for condition in conditions]
    count = len(units[0].lengths)
    wrong = int(np.any([some.errors.any(axis=0) for some in units], axis=0).sum())
    kind = "lines" if conditions[0].groups is None else "groups"
    if count < LEAST_UNITS:
        return f"{count} {kind}, fewer than {LEAST_UNITS}"
    if wrong < LEAST_WITH_ERRORS:
        some = f"only {wrong}" if wrong else "none"
        have = "have" if wrong > 1 else "has"
        return f"{some} of {count} {kind} {have} an error in any run"
    return None


def _slice(
    name: str,
    a: Outcomes,
    b: Outcomes,
    inside: Array,
    target: str,
    confidence: float,
    paired: bool,
) -> Slice:
    one, other = a.take(inside), b.take(inside)
    first, second = effects(*one.units()), effects(*other.units())
    within = target == RECIPES and within_seeds(a, b, paired)
    units = first.influences.shape[-1]
    own = against = None
    withheld = too_small(one, other)
    if not withheld:
        parts = apart(first, second, within)
        own = _estimate(one, other, parts, target, confidence)
        others = a.lengths[~inside].any()
        reason = too_small(a.take(~inside), b.take(~inside)) if others else "no other lines"
        withheld = reason and f"not tested against the rest: {reason}"
    if not withheld:
        change_a, change_b = (_on(c, inside) - _on(c, ~inside) for c in (a, b))
        rest = a.take(~inside).units()
        parts = dataclasses.replace(
            apart(change_a, change_b, within),
            units=min(units, len(rest.lengths)),
            effective=min(first.effective, rest.effective),
        )
        against = _estimate(a, b, parts, target, confidence)
    return Slice(
        signature=signed(one, other),
        name=name,
        a=a.name,
        b=b.name,
        units=units,
        rate_a=float(first.rates.mean()),
        rate_b=float(second.rates.mean()),
        inside=own,
        against_rest=against,
        p_adjusted=None,
        withheld=withheld,
    )


def _on(condition: Outcomes, inside: Array) -> Effects:
    """Returns a condition's rates on some of the lines, and what all units add to them."""
    return effects(
        *dataclasses.replace(
            condition, errors=condition.errors * inside, lengths=condition.lengths * inside
        ).units()
    )


def _estimate(
    a: Outcomes, b: Outcomes, parts: Components, target: str, confidence: float
) -> Estimate:
    fields = estimate(parts, target, confidence, one_seed(a, b))
    return Estimate(signature=signed(a, b), **fields)


def _adjusted(values: Sequence[float]) -> list[float]:
    return list(map(float, multipletests(values, method="fdr_bh")[1])) if values else []
