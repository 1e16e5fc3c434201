"""Comparisons simulated many at a time, and ways to judge them, right and wrong.

    logit p = base + line + condition x line + seed + shared seed + seed x line;  e ~ Binomial(n, p)

Seeds and lines are drawn anew for every replicate. Shapes: R replicates, S seeds, N lines.
"""

from __future__ import annotations

from typing import NamedTuple, Union

import numpy as np
from scipy import stats
from scipy.special import expit

from ocr_tf.metrics.paired.variance_components import Effects, components, effects, t_interval


class Draws(NamedTuple):
    """Errors [R, S, N] of both conditions on lines of lengths [R, N]."""

    a: np.ndarray
    b: np.ndarray
    lengths: np.ndarray

    def effects(self) -> tuple[Effects, Effects]:
        return effects(self.a, self.lengths), effects(self.b, self.lengths)


class Model(NamedTuple):
    """Standard deviations on the logit scale."""

    seed: Union[float, tuple[float, ...]] = 0.0  # of each condition, where they are not equal
    shared_seed: float = 0.0  # what a seed gives to both conditions
    line: float = 0.5
    condition_line: float = 1.0
    seed_line: float = 0.3
    base: float = -3.0

    def draw(self, key, replicates, seeds, lines, shift=0.0) -> Draws:
        """Keyed draws; `shift` is added to the logits of A."""
        errors, lengths = self.several(key, replicates, seeds, lines, (shift, 0.0))
        return Draws(*errors, lengths)

    @staticmethod
    def effects_of(errors, lengths) -> list[Effects]:
        return [effects(own, lengths) for own in errors]

    def several(self, key, replicates, seeds, lines, shifts):
        """Keyed draws of conditions with these shifts: errors [R, S, N] of each, lengths [R, N]."""
        draw = np.random.default_rng([*key, seeds, lines])
        lengths = draw.integers(5, 41, size=(replicates, lines))
        line = self.base + self.line * draw.standard_normal((replicates, 1, lines))
        shared = self.shared_seed * draw.standard_normal((replicates, seeds, 1))
        errors = []
        for own, spread in zip(shifts, np.broadcast_to(self.seed, len(shifts))):
            logits = (
                line
                + own
                + shared
                + self.condition_line * draw.standard_normal((replicates, 1, lines))
                + spread * draw.standard_normal((replicates, seeds, 1))
                + self.seed_line * draw.standard_normal((replicates, seeds, lines))
            )
            errors.append(draw.binomial(lengths[:, None], expit(logits)))
        return errors, lengths


class Networks(NamedTuple):
    """Two searches of the same networks: the second changes the reading of some lines, for good or bad.

    Standard deviations are on the scale of the logit that a change is for the worse.
    """

    share: float = 0.1  # of the lines whose reading changes
    line: float = 0.0
    seed: float = 0.5

    def draw(self, key, replicates, seeds, lines, gain=0.0) -> Draws:
        """Keyed draws; `gain` is how much more often the second search mends than breaks."""
        draw = np.random.default_rng([*key, seeds, lines])
        shape = replicates, seeds, lines
        lengths = draw.integers(5, 41, size=(replicates, lines))
        network = (
            -3.0
            + 0.7 * draw.standard_normal((replicates, 1, lines))
            + 0.4 * draw.standard_normal((replicates, seeds, 1))
            + 0.3 * draw.standard_normal(shape)
        )
        first = draw.binomial(lengths[:, None], expit(network))
        worse = (
            -gain
            + self.line * draw.standard_normal((replicates, 1, lines))
            + self.seed * draw.standard_normal((replicates, seeds, 1))
        )
        size = draw.integers(1, 4, shape)
        change = size * np.where(draw.random(shape) < expit(worse), 1, -1)
        changes = (draw.random(shape) < self.share) & (first >= size)  # none falls below 0
        return Draws(first, np.where(changes, first + change, first), lengths)


def crossed(a: Effects, b: Effects) -> np.ndarray:
    """p [R] for these recipes."""
    parts = components([a], [b])
    return t_interval(parts.value, parts.variance, parts.df, 0.95)[2]


def paired(a: Effects, b: Effects) -> np.ndarray:
    """p [R] for these recipes, paired by seed."""
    parts = components([a - b])
    return t_interval(parts.value, parts.variance, parts.df, 0.95)[2]


def lines_only(a: Effects, b: Effects) -> np.ndarray:
    """Mutant: seeds could not have been others."""
    parts = components([a], [b])
    return t_interval(parts.value, parts.lines, np.asarray(parts.units - 1), 0.95)[2]


def seeds_ignored(a: Effects, b: Effects) -> np.ndarray:
    """Mutant: the S x N differences are independent."""
    apart = (a - b).influences
    count = apart.shape[-1] * apart.shape[-2]
    variance = np.square(apart).sum(axis=(-2, -1)) / (count * (count - 1))
    return t_interval((a.rates - b.rates).mean(axis=-1), variance, np.asarray(count - 1), 0.95)[2]


def lines_redrawn(a: Effects, b: Effects) -> np.ndarray:
    """Mutant: the normal limit of a bootstrap that draws seeds, and new lines for each seed."""
    variance = np.zeros(a.rates.shape[:-1])
    for own in (a, b):
        seeds, lines = own.influences.shape[-2:]
        variance += own.rates.var(axis=-1) / seeds
        variance += np.square(own.influences).sum(axis=(-2, -1)) / (lines * seeds) ** 2
    return 2 * stats.norm.sf(np.abs((a.rates - b.rates).mean(axis=-1)) / np.sqrt(variance))


MUTANTS = lines_only, seeds_ignored, lines_redrawn


def alarms(p: np.ndarray) -> float:
    """The share of replicates that find a difference at 5 %."""
    return float((p <= 0.05).mean())
