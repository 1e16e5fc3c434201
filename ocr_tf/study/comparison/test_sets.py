"""Several test sets of one study: each set's difference, their mean, and what other sets may show.

The same networks read all sets, so that differences of recipes on two sets are not independent: they share
what the seeds gave. Given the networks they are, which is why the summary by random effects is about these
trained models. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from ocr_tf.data.dataset import open_sources, parts_of
from ocr_tf.errors import InputError
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import Failures
from ocr_tf.metrics.paired.macro import macro
from ocr_tf.study.comparison.across import Across, SetDifference, across, left_out
from ocr_tf.study.comparison.results import Grid
from ocr_tf.study.comparison.statistics import outcomes


@dataclasses.dataclass(frozen=True)
class OverTestSets:
    """Two conditions on every test set, by the study's metric."""

    recipes: Across  # over seeds and lines; without a summary: the sets share their networks
    models: Across  # these trained models, over lines and sets
    macro: paired.Comparison  # of recipes: the mean over these sets, each counting alike
    micro: paired.Comparison  # of recipes: all lines pooled


def sets_of(grid: Grid) -> Optional[tuple[str, ...]]:
    """Names the test set of each line, [N]; None where there is one, or they cannot be opened any more."""
    specs = next(iter(grid.cells.values()))[0].results.test
    if len(specs) < 2:
        return None
    try:
        parts = parts_of(open_sources(specs))
    except InputError:
        return None
    of = {name: set_ for set_, part in zip(short_names(specs), parts) for name in part.ids}
    named = tuple(of[name] for name in grid.ids if name in of)
    return named if len(named) == len(grid.ids) and len(set(named)) > 1 else None


def short_names(specs: Sequence[str]) -> list[str]:
    """Names sources by their folders, or else their files, or else as they were given."""
    paths = [Path(spec.partition("?")[0]) for spec in specs]
    for names in ([path.parent.name for path in paths], [path.stem for path in paths]):
        if all(names) and len(set(names)) == len(names):
            return names
    return list(specs)


def over_test_sets(
    grid: Grid,
    metric: str,
    failed: Mapping[str, Failures] = {},
    confidence: float = 1 - paired.ALPHA,
) -> tuple[OverTestSets, ...]:
    """Compares every pair of conditions on each test set.

    It is empty where there is one set, or one of them has too few lines or groups to compare on.

    Args:
        grid: the readings.
        metric: that the verdict is about.
        failed: the trainings behind each condition that has some.
        confidence: of every interval.
    """
    sets = sets_of(grid)
    if sets is None:
        return ()
    every = [outcomes(grid, name, metric) for name in grid.conditions]
    try:
        return tuple(
            _pair(a, b, sets, grid.paired, failed, confidence)
            for a, b in itertools.combinations(every, 2)
        )
    except paired.NotComparable:
        return ()


def _pair(
    a: paired.Outcomes,
    b: paired.Outcomes,
    sets: Sequence[str],
    by_seed: bool,
    failed: Mapping[str, Failures],
    confidence: float,
) -> OverTestSets:
    untrained = paired.untrained([failed[c.name] for c in (a, b) if c.name in failed])
    why = "; ".join(one.sentence for one in untrained)
    recipes: list[SetDifference] = []
    models: list[SetDifference] = []
    for name in dict.fromkeys(sets):
        lines = np.array([own == name for own in sets])
        one, other = a.take(lines), b.take(lines)
        for found, among in (
            (paired.recipes(one, other, confidence, by_seed), recipes),
            (paired.models(one, other, confidence), models),
        ):
            among.append(SetDifference(name, found, left_out(found, why)))
    return OverTestSets(
        recipes=across(recipes, independent=False, confidence=confidence),
        models=across(models, independent=True, confidence=confidence),
        macro=macro(a, b, sets, confidence=confidence, paired=by_seed),
        micro=paired.recipes(a, b, confidence, by_seed),
    )
