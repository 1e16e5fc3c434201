"""The numbers of the answer: rates, and every pair of conditions compared.

    rates        {condition: [{"seed", "cer", ... as Rates.as_dict}]}
    comparisons  [{"a", "b", "metric", "recipes", "models", "permutation", "bootstrap", "mcnemar",
                   "too_small", "detectable", "more", "paired_by_seed", "as_trained", "verdict",
                   "holm"}], the first pair first
    by_metric    [{"a", "b", "metric", "recipes"}], the same pairs by the metrics that were not declared
    contrasts    [{"name", "pairs", "differences", "p_holm", "too_small", "detectable", ...}], as the
                  study declares

Each part is a result of `ocr_tf.metrics.paired` as JSON values, with its signature. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Container, Mapping
from typing import Any

from ocr_tf.metrics import paired
from ocr_tf.metrics.error_rates import measure
from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.comparison.results import Grid

GENERATOR_SEED = 0  # of permutations and bootstraps
MORE = 2  # what twice the seeds, and twice the lines, would detect


def rates(grid: Grid) -> dict[str, list[dict[str, Any]]]:
    """Every condition's rates under every seed."""
    return {
        condition: [
            {
                "seed": cell.seed,
                **measure(
                    zip(grid.references, (p.text for p in cell.predictions)), grid.normalization
                ).as_dict(),
            }
            for cell in grid.cells[condition]
        ]
        for condition in grid.conditions
    }


def outcomes(grid: Grid, condition: str, metric: str) -> paired.Outcomes:
    """A condition's errors, as the statistics take them."""
    return paired.Outcomes(
        name=condition,
        errors=grid.errors(condition, metric),
        lengths=grid.lengths(metric),
        seeds=grid.seeds(condition),
        ids=grid.ids,
        signature=paired.Signature(metric, grid.normalization, grid.fingerprint),
        groups=grid.groups,
    )


def comparisons(
    grid: Grid, metric: str, by_seed: bool = False, systems: Container[str] = ()
) -> list[dict[str, Any]]:
    """Every pair of conditions by the declared metric; with several, Holm over the pairs.

    Args:
      by_seed: whether it was declared that the headline pairs the seeds.
      systems: conditions that nobody trains anew.
    """
    every = {
        name: dataclasses.replace(outcomes(grid, name, metric), trained=name not in systems)
        for name in grid.conditions
    }
    corrected = (
        paired.pairwise(list(every.values()), generator_seed=GENERATOR_SEED, paired=by_seed)
        if len(every) > 2
        else []
    )
    found = []
    for a, b in itertools.combinations(grid.conditions, 2):
        compared = _pair(every[a], every[b], by_seed)
        for pair in corrected:
            if {pair.comparison.a, pair.comparison.b} == {a, b}:
                compared["holm"] = pair.as_dict()
        found.append({"a": a, "b": b, "metric": metric, **compared})
    return found


def contrasts(
    grid: Grid, metric: str, declared: Mapping[str, paired.Named], by_seed: bool = False
) -> list[dict[str, Any]]:
    """The study's differences of differences by the declared metric, over seeds and lines."""
    named = {c for pairs in declared.values() for pair in pairs for c in pair}
    every = [outcomes(grid, name, metric) for name in grid.conditions if name in named]
    found = []
    for contrast in paired.contrasts(every, declared, paired=by_seed):
        names = [c for pair in contrast.pairs for c in pair]
        too_small = paired.too_small(*(one for one in every if one.name in names))
        detectable = None
        if contrast.variance and not too_small:
            detectable = paired.smallest_detectable(contrast).as_dict()
        found.append({**contrast.as_dict(), "too_small": too_small, "detectable": detectable})
    return found


def by_metric(grid: Grid, declared: str, by_seed: bool = False) -> list[dict[str, Any]]:
    """What every pair would be judged by the metrics that were not declared; exploratory."""
    found = []
    for metric in METRICS:
        # A metric may have nothing to divide by: a reference of white space alone has no word.
        if metric != declared and grid.lengths(metric).any():
            every = {name: outcomes(grid, name, metric) for name in grid.conditions}
            found += [
                {"a": a, "b": b, "metric": metric, "recipes": recipes.as_dict()}
                for a, b in itertools.combinations(grid.conditions, 2)
                for recipes in [paired.recipes(every[a], every[b], paired=by_seed)]
            ]
    return found


def _pair(a: paired.Outcomes, b: paired.Outcomes, by_seed: bool) -> dict[str, Any]:
    recipes = paired.recipes(a, b, paired=by_seed)
    models = paired.models(a, b, generator_seed=GENERATOR_SEED)
    too_small = paired.too_small(a, b)
    compared: dict[str, Any] = {
        "recipes": recipes.as_dict(),
        "models": models.as_dict(),
        "permutation": paired.permutation(a, b, generator_seed=GENERATOR_SEED).as_dict(),
        "verdict": paired.verdict(recipes, few=too_small).as_dict(),
        "too_small": too_small,
        "as_trained": not (a.trained and b.trained),
        "mcnemar": None,
        "bootstrap": None,
        "detectable": None,
        "more": None,
        "paired_by_seed": None,
    }
    seeds = min(len(a.seeds), len(b.seeds))
    shared = sorted(a.seeds) == sorted(b.seeds)
    if shared and a.groups is None:
        compared["mcnemar"] = [test.as_dict() for test in paired.mcnemar(a, b)]
    if seeds > 1 and not by_seed:  # It draws each condition's seeds.
        bootstrap = paired.crossed_bootstrap(a, b, generator_seed=GENERATOR_SEED)
        compared["bootstrap"] = bootstrap.as_dict()
    decides = models if compared["as_trained"] else recipes
    if decides.low is not None and not too_small:
        compared["detectable"] = paired.smallest_detectable(decides).as_dict()
    if compared["detectable"] and not compared["as_trained"]:
        compared["more"] = _more(recipes)
    if shared and seeds > 1:
        compared["paired_by_seed"] = {
            "comparison": paired.recipes(a, b, paired=True).as_dict(),
            "correlation": paired.seed_correlation(a, b),
            "pays_above": paired.pairing_threshold(seeds),
        }
        if by_seed:
            compared["paired_by_seed"]["crossed"] = paired.recipes(a, b).as_dict()
    return compared


def _more(recipes: paired.Comparison) -> dict[str, Any]:
    seeds = [MORE * count for count in recipes.seed_counts]
    return {
        "seeds": paired.smallest_detectable(recipes, seeds=seeds).as_dict(),
        "lines": paired.smallest_detectable(recipes, units=MORE * recipes.units).as_dict(),
    }


def with_generator(signature: dict[str, Any]) -> dict[str, Any]:
    """A signature of the whole answer, which says what its draws were drawn from."""
    return {**signature, "generator_seed": GENERATOR_SEED}


def signature(grid: Grid, metric: str, by_seed: bool = False) -> dict[str, Any]:
    """What all numbers of the answer depend on beside the models."""
    own = paired.Signature(
        metric,
        grid.normalization,
        grid.fingerprint,
        seeds=tuple(len(grid.seeds(c)) for c in grid.conditions),
        lines=len(grid.ids),
        groups=None if grid.groups is None else len(set(grid.groups)),
        generator_seed=GENERATOR_SEED,
    )
    return {**dataclasses.asdict(own), "paired": by_seed}
