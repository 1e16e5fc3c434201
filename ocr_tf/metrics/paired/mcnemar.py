"""McNemar's exact test of one seed's two models, on lines read without an error."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import stats

from ocr_tf.metrics.paired.outcomes import (
    NotComparable,
    Outcomes,
    Result,
    joined,
    same_seeds,
    signed,
)


@dataclasses.dataclass(frozen=True)
class McNemar(Result):
    """The test of one seed's two models. Counts are never summed over seeds: lines would count twice."""

    seed: int
    a: str
    b: str
    only_a_right: int  # lines that A read without an error and B with one
    only_b_right: int
    p: float  # two-sided, of both being equally likely; 1 where there are none


def mcnemar(a: Outcomes, b: Outcomes) -> list[McNemar]:
    """Tests every seed in its order: two-sided binomial of the discordant lines, p = 1/2.

    A line is right where its errors are 0, whatever the metric. Source: McNemar 1947.

    Raises:
        NotComparable: lines come in groups, and are not independent; or seeds are not shared.
    """
    joined(a, b)
    if a.groups is not None:
        raise NotComparable(
            "McNemar's test needs independent lines, and these come in groups; see the permutation"
        )
    same_seeds(a, b)
    tests = []
    for seed in sorted(a.seeds):
        right_a, right_b = (c.errors[c.seeds.index(seed)] == 0 for c in (a, b))
        only_a = int(np.sum(right_a & ~right_b))
        only_b = int(np.sum(right_b & ~right_a))
        discordant = only_a + only_b
        p = float(stats.binomtest(only_a, discordant).pvalue) if discordant else 1.0
        tests.append(McNemar(signed(a, b), seed, a.name, b.name, only_a, only_b, p))
    return tests
