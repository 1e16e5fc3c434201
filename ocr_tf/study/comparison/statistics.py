"""The numbers of the answer: rates, and every pair of conditions compared; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Container, Iterable, Mapping
from typing import Optional

from ocr_tf.experiment.runs.predictions import RateFigures
from ocr_tf.metrics import paired
from ocr_tf.metrics.error_rates import measure
from ocr_tf.metrics.failures import Failures
from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.comparison.results import Cell, Grid

GENERATOR_SEED = 0  # of permutations and bootstraps
MORE = 2  # what twice the seeds, and twice the lines, would detect


@dataclasses.dataclass(frozen=True)
class RunRates(RateFigures):
    """One condition's rates under one seed, with their counts."""

    seed: int


@dataclasses.dataclass(frozen=True)
class MoreData:
    """The smallest detectable differences of a comparison with more data."""

    seeds: paired.Detectable  # with the seeds and the level of the next look, or twice the seeds
    lines: paired.Detectable  # with twice the lines, or groups of lines
    look: Optional[paired.NextLook] = None  # None: what is compared is no study that goes on


@dataclasses.dataclass(frozen=True)
class SeedPairing:
    """A comparison with its seeds paired, and as it is without."""

    comparison: paired.Comparison  # paired by seed
    crossed: Optional[paired.Comparison]  # not paired, where the headline is paired
    correlation: Optional[float]  # of the conditions' rates over seeds: see `seed_correlation`
    pays_above: float  # see `pairing_threshold`


@dataclasses.dataclass(frozen=True)
class ComparedPair:
    """Everything that is computed of two conditions A and B by the study's metric.

    What the seeds or lines cannot say is None, or empty.
    """

    a: str
    b: str
    metric: str
    verdict: paired.Verdict  # the decision; the rest is what it rests on
    recipes: paired.Comparison  # this pair alone
    models: paired.Comparison  # this pair alone; the permutation tests the same
    adjusted: Optional[paired.Pair]  # for all pairs together, where there are several
    permutation: paired.Permutation
    bootstrap: Optional[paired.Bootstrap]
    mcnemar: tuple[paired.McNemar, ...]  # by seed
    detectable: Optional[paired.Detectable]  # of the comparison that the verdict is about
    more: Optional[MoreData]
    too_small: Optional[str]  # why intervals rest on too few lines
    paired_by_seed: Optional[SeedPairing]  # None also for readings of the same networks
    same_networks: bool  # both are readings of the same networks, which are compared within seeds


@dataclasses.dataclass(frozen=True)
class OtherMetric:
    """A pair by a metric that the verdict is not about; exploratory."""

    a: str
    b: str
    metric: str
    recipes: paired.Comparison


@dataclasses.dataclass(frozen=True)
class ReportSignature(paired.Signature):
    """What all numbers of the answer depend on beside the models."""

    paired: bool = False  # by seed


def rates(grid: Grid) -> dict[str, tuple[RunRates, ...]]:
    """Measures every condition's rates under every seed."""
    return {
        condition: tuple(_run_rates(grid, cell) for cell in grid.cells[condition])
        for condition in grid.conditions
    }


def _run_rates(grid: Grid, cell: Cell) -> RunRates:
    texts = (prediction.text for prediction in cell.predictions)
    figures = RateFigures.from_rates(measure(zip(grid.references, texts), grid.normalization))
    fields = {f.name: getattr(figures, f.name) for f in dataclasses.fields(figures)}
    return RunRates(**fields, seed=cell.seed)


def outcomes(grid: Grid, condition: str, metric: str) -> paired.Outcomes:
    """Gives a condition's errors to the statistics."""
    return paired.Outcomes(
        name=condition,
        errors=grid.errors(condition, metric),
        lengths=grid.lengths(metric),
        seeds=grid.seeds(condition),
        ids=grid.ids,
        signature=paired.Signature(metric, grid.normalization, grid.fingerprint),
        groups=grid.groups,
        networks=grid.networks(condition),
    )


def comparisons(
    grid: Grid,
    metric: str,
    systems: Container[str] = (),
    failed: Mapping[str, Failures] = {},
    margin: Optional[float] = None,
    confidence: float = 1 - paired.ALPHA,
    next_look: Optional[paired.NextLook] = None,
) -> tuple[ComparedPair, ...]:
    """Compares every pair of conditions by the study's metric; with several, all pairs together.

    Args:
        grid: the readings.
        metric: that the verdict is about.
        systems: conditions that nobody trains anew.
        failed: the trainings behind each condition that has some; see `failures.failures`.
        margin: a difference that does not matter, a fraction.
        confidence: of every interval, and of the verdicts on all pairs together.
        next_look: that may follow in the same study.
    """
    every = {
        name: dataclasses.replace(outcomes(grid, name, metric), trained=name not in systems)
        for name in grid.conditions
    }
    conditions = list(every.values())
    together = _together(conditions, confidence, grid.paired)
    later = _together(conditions, 1 - next_look.level, grid.paired) if next_look else {}
    pairs = list(itertools.combinations(grid.conditions, 2))
    return tuple(
        _pair(
            every[a],
            every[b],
            metric,
            grid.paired,
            together.get((a, b)),
            len(pairs),
            _failures((a, b), failed),
            margin,
            confidence,
            next_look,
            later.get((a, b)),
        )
        for a, b in pairs
    )


def _together(
    conditions: list[paired.Outcomes], confidence: float, by_seed: bool
) -> dict[tuple[str, str], paired.Pair]:
    """Compares all pairs together, by their names; empty where there is one pair."""
    if len(conditions) < 3:
        return {}
    pairs = paired.pairwise(conditions, confidence=confidence, paired=by_seed)
    return {(pair.comparison.a, pair.comparison.b): pair for pair in pairs}


def contrasts(
    grid: Grid,
    metric: str,
    declared: Mapping[str, paired.Named],
    failed: Mapping[str, Failures] = {},
    confidence: float = 1 - paired.ALPHA,
) -> tuple[paired.Change, ...]:
    """Decides the study's differences of differences by its metric, over seeds and lines.

    The confidence is that of all of them together.
    """
    named = {c for pairs in declared.values() for pair in pairs for c in pair}
    every = [outcomes(grid, name, metric) for name in grid.conditions if name in named]
    changes = []
    for contrast in paired.contrasts(every, declared, confidence, grid.paired):
        names = [c for pair in contrast.pairs for c in pair]
        too_small = paired.too_small(*(one for one in every if one.name in names))
        failures = _failures(names, failed)
        changes.append(paired.change(contrast, too_small, failures=failures))
    return tuple(changes)


def _failures(conditions: Iterable[str], failed: Mapping[str, Failures]) -> tuple[Failures, ...]:
    """Returns the trainings behind some conditions, where some of them failed, each once."""
    return tuple(dict.fromkeys(failed[c] for c in conditions if c in failed and failed[c].failed))


def by_metric(
    grid: Grid, chosen: str, confidence: float = 1 - paired.ALPHA
) -> tuple[OtherMetric, ...]:
    """Compares every pair by the metrics that were not chosen for the verdict; exploratory."""
    others: list[OtherMetric] = []
    for metric in METRICS:
        # A metric may have nothing to divide by: a reference of white space alone has no word.
        if metric != chosen and grid.lengths(metric).any():
            every = {name: outcomes(grid, name, metric) for name in grid.conditions}
            others += [
                OtherMetric(
                    a, b, metric, paired.recipes(every[a], every[b], confidence, grid.paired)
                )
                for a, b in itertools.combinations(grid.conditions, 2)
            ]
    return tuple(others)


def _pair(
    a: paired.Outcomes,
    b: paired.Outcomes,
    metric: str,
    by_seed: bool,
    adjusted: Optional[paired.Pair],
    pairs: int,
    failures: tuple[Failures, ...],
    margin: Optional[float],
    confidence: float,
    next_look: Optional[paired.NextLook],
    later: Optional[paired.Pair],
) -> ComparedPair:
    """Computes everything of one of so many pairs; `later` is it at the next look's level, among several."""
    recipes = paired.recipes(a, b, confidence, by_seed)
    models = paired.models(a, b, confidence)
    too_small = paired.too_small(a, b)
    seeds = min(len(a.seeds), len(b.seeds))
    shared = sorted(a.seeds) == sorted(b.seeds)
    same_networks = paired.same_networks(a, b)
    bootstrap = detectable = pairing = None
    if shared and seeds > 1 and not same_networks:
        pairing = _paired_by_seed(a, b, by_seed, confidence)
    if seeds > 1 and not recipes.paired:  # It draws each condition's seeds.
        bootstrap = paired.crossed_bootstrap(a, b, confidence, generator_seed=GENERATOR_SEED)
    decides = alone = recipes if a.trained and b.trained else models
    if adjusted:
        decides = adjusted.comparison
    at_next = None
    if next_look is not None:
        at_next = paired.recipes(a, b, 1 - next_look.level, by_seed)
        at_next = later.comparison if later else at_next
    if decides.low is not None and not too_small and not paired.untrained(failures):
        detectable = paired.smallest_detectable(decides)
    return ComparedPair(
        a=a.name,
        b=b.name,
        metric=metric,
        verdict=paired.verdict(
            decides,
            p=adjusted.p_adjusted if adjusted else None,
            few=too_small,
            pairs=pairs if adjusted else 1,
            failures=failures,
            equivalence=None
            if margin is None
            else paired.equivalence(alone, margin, pairs, 1 - confidence),
            confidence=confidence,
        ),
        recipes=recipes,
        models=models,
        adjusted=adjusted,
        permutation=paired.permutation(a, b, generator_seed=GENERATOR_SEED),
        bootstrap=bootstrap,
        mcnemar=tuple(paired.mcnemar(a, b)) if shared and a.groups is None else (),
        detectable=detectable,
        more=_more(decides, next_look, at_next)
        if detectable and decides.target == paired.RECIPES
        else None,
        too_small=too_small,
        paired_by_seed=pairing,
        same_networks=same_networks,
    )


def _more(
    recipes: paired.Comparison,
    look: Optional[paired.NextLook],
    at_next: Optional[paired.Comparison],
) -> MoreData:
    """Computes what more data would detect; `at_next` is the comparison at the level of the next look."""
    twice = [MORE * count for count in recipes.seed_counts]
    counts = [max(count, look.seeds) for count in recipes.seed_counts] if look else twice
    return MoreData(
        seeds=paired.smallest_detectable(at_next or recipes, seeds=counts),
        lines=paired.smallest_detectable(recipes, units=MORE * recipes.units),
        look=look,
    )


def _paired_by_seed(
    a: paired.Outcomes, b: paired.Outcomes, by_seed: bool, confidence: float
) -> SeedPairing:
    return SeedPairing(
        comparison=paired.recipes(a, b, confidence, paired=True),
        crossed=paired.recipes(a, b, confidence) if by_seed else None,
        correlation=paired.seed_correlation(a, b),
        pays_above=paired.pairing_threshold(len(a.seeds), confidence),
    )


def signature(grid: Grid, metric: str) -> ReportSignature:
    """Names what all numbers of the answer depend on beside the models."""
    return ReportSignature(
        metric,
        grid.normalization,
        grid.fingerprint,
        seeds=tuple(len(grid.seeds(c)) for c in grid.conditions),
        lines=len(grid.ids),
        groups=None if grid.groups is None else len(set(grid.groups)),
        generator_seed=GENERATOR_SEED,
        paired=grid.paired,
    )
