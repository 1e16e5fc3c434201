"""Outcomes, what is compared: one condition's errors on every line under every seed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from ocr_tf.errors import InputError
from ocr_tf.types import Array
from ocr_tf.version import __version__


class NotComparable(InputError):
    """These lines or seeds cannot answer the question; the message says why and the way out."""


@dataclasses.dataclass(frozen=True)
class Signature:
    """All that a number depends on beside the models; it goes wherever the number goes.

    The study fills the first fields, the functions that compute with outcomes the rest of them.
    """

    metric: str  # what an error is, one of METRICS
    normalization: str
    test_set: str  # hash of the test lines
    version: str = __version__
    seeds: tuple[int, ...] = ()  # S of every condition in the number
    lines: int = 0  # N
    groups: Optional[int] = None  # pages or writers that the lines come in
    generator_seed: Optional[int] = None  # of what was drawn to get the number


@dataclasses.dataclass(frozen=True)
class Result:
    """A number with its signature."""

    signature: Signature

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields as plain JSON values; what is withheld is null."""
        return json.loads(json.dumps(dataclasses.asdict(self), allow_nan=False))


class Units(NamedTuple):
    """Errors [S, U] and lengths [U] of what is drawn independently: lines, or groups of lines."""

    errors: Array
    lengths: Array
    effective: float  # how many units of one size say as much


def effective_number(sizes: Array) -> float:
    """Computes (sum n)^2 / sum n^2 of the lines of groups (Kish 1965, Survey Sampling), at least 2.

    Where it would be less, one group is nearly everything, and no number of degrees of freedom helps.
    """
    return max(float(np.sum(sizes)) ** 2 / float(np.sum(np.square(sizes))), 2.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Outcomes:
    """One condition's errors. Conditions that are compared hold the same lines in the same order.

    A seed's rate is R_s = sum_i e_si / sum_i n_i, so a metric that is a mean over lines (exact
    match, 1-NED) has lengths of 1.

    Args:
        name: of the condition.
        errors: [S, N] e_si, not negative: edits; 1 - exact match; d / max(lengths) for 1-NED.
        lengths: [N] n_i, of the references: symbols, words, or ones.
        seeds: S different ones, whose conditions under the same seed may be paired.
        ids: N different ones, of the lines.
        signature: what the study knows of it.
        groups: [N] names of the pages or writers that lines come from, if they are not drawn one by
            one: lines of one group then enter as their sums.
        trained: by a recipe that could be followed anew; not so another system, of which there is one
            set of readings.
        networks: [S] names of the trained networks that read, one for each seed; empty if nothing else
            reads with them. Conditions of the same networks are always compared within seeds.

    Raises:
        ValueError: the shapes do not fit, or a value is none that it can be.
        NotComparable: there is no line, or no reference has a length.
    """

    name: str
    errors: Array
    lengths: Array
    seeds: Sequence[int]
    ids: Sequence[str]
    signature: Signature
    groups: Optional[Sequence[str]] = None
    trained: bool = True
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("errors", "lengths"):
            values = np.array(getattr(self, field), np.float64)
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise ValueError(f"{self.name}: {field} must be finite and not negative")
            values.flags.writeable = False
            object.__setattr__(self, field, values)
        for field in ("seeds", "ids"):
            members = tuple(getattr(self, field))
            if len(set(members)) != len(members):
                raise ValueError(f"{self.name}: {field} hold one twice")
            object.__setattr__(self, field, members)
        seeds, lines = len(self.seeds), len(self.ids)
        networks = len(self.networks) or seeds
        if (*self.errors.shape, *self.lengths.shape, networks) != (seeds, lines, lines, seeds):
            raise ValueError(
                f"{self.name}: {seeds} seeds and {lines} ids with errors {self.errors.shape}, "
                f"lengths {self.lengths.shape} and {len(self.networks)} networks"
            )
        if self.groups is not None:
            object.__setattr__(self, "groups", tuple(self.groups))
            if len(self.groups) != lines:
                raise ValueError(f"{self.name}: {len(self.groups)} groups of {lines} lines")
        if not seeds:
            raise ValueError(f"{self.name}: no seed")
        if not self.lengths.sum():
            raise NotComparable(
                f"{self.name}: {'every reference is empty' if lines else 'there is no line'}, "
                "so there is no rate; add test lines"
            )

    @property
    def rates(self) -> Array:
        """[S] R_s, fractions."""
        return self.errors.sum(axis=1) / self.lengths.sum()

    def take(self, lines: Array) -> Outcomes:
        """Takes some of the lines alone, by a mask [N] of bool."""
        kept = np.flatnonzero(lines)
        return dataclasses.replace(
            self,
            errors=self.errors[:, kept],
            lengths=self.lengths[kept],
            ids=[self.ids[i] for i in kept],
            groups=None if self.groups is None else [self.groups[i] for i in kept],
        )

    def units(self) -> Units:
        """Sums groups of lines, or returns the lines.

        Seeds come in their order and units in that of their first ids, so that no figure, drawn or
        summed, depends on the order of seeds or lines.
        """
        order = np.argsort(np.array(self.ids))
        errors = self.errors[np.argsort(np.array(self.seeds))][:, order]
        lengths = self.lengths[order]
        if self.groups is None:
            return Units(errors, lengths, float(len(lengths)))
        _, first, group = np.unique(
            np.array(self.groups)[order], return_index=True, return_inverse=True
        )
        unit = np.argsort(np.argsort(first))[group]
        sums = [np.bincount(unit, values, len(first)) for values in (*errors, lengths)]
        return Units(np.stack(sums[:-1]), sums[-1], effective_number(np.bincount(unit)))


def joined(*conditions: Outcomes) -> tuple[Units, ...]:
    """Returns every condition's units, in one order.

    Raises:
        ValueError: they have not the same lines in the same order, or not the same signature, or
            two have one name.
        NotComparable: a single unit, which cannot say how far another would be.
    """
    first = conditions[0]
    if len({c.name for c in conditions}) != len(conditions):
        raise ValueError(f"two conditions of one name: {[c.name for c in conditions]}")
    for other in conditions[1:]:
        for field in ("ids", "groups", "signature"):
            if getattr(first, field) != getattr(other, field):
                raise ValueError(f"{first.name} and {other.name} do not share their {field}")
        if not np.array_equal(first.lengths, other.lengths):
            raise ValueError(f"{first.name} and {other.name} do not share their lengths")
    units = tuple(condition.units() for condition in conditions)
    if len(units[0].lengths) < 2:
        unit = "test line" if first.groups is None else "group of test lines"
        raise NotComparable(
            f"one {unit} cannot say how far another would be; give at least 2, better 100"
        )
    return units


def same_seeds(a: Outcomes, b: Outcomes) -> None:
    """Raises NotComparable if there is a seed under which only one of the two was trained."""
    if set(a.seeds) != set(b.seeds):
        raise NotComparable(
            f"{a.name} has the seeds {sorted(a.seeds)} and {b.name} {sorted(b.seeds)}, which "
            "cannot be paired; train both under the same, or leave the pairing"
        )


def same_networks(a: Outcomes, b: Outcomes) -> bool:
    """Tells whether two conditions are readings of the same trained networks, as of two searches."""
    return bool(a.networks) and dict(zip(a.seeds, a.networks)) == dict(zip(b.seeds, b.networks))


def one_seed(*conditions: Outcomes) -> str:
    """Says why nothing is said of training anew where a condition has one seed."""
    fewest = min(conditions, key=lambda condition: (len(condition.seeds), condition.trained))
    if not fewest.trained:
        return (
            f"{fewest.name} has one set of readings, so that nothing can be claimed about training it "
            "anew"
        )
    return (
        f"{fewest.name} has one seed, which cannot say how far another would be; train another, or "
        "ask about these trained models"
    )


def signed(*conditions: Outcomes, generator_seed: Optional[int] = None) -> Signature:
    """Returns the signature of a number made from these conditions."""
    first = conditions[0]
    return dataclasses.replace(
        first.signature,
        seeds=tuple(len(c.seeds) for c in conditions),
        lines=len(first.ids),
        groups=None if first.groups is None else len(set(first.groups)),
        generator_seed=generator_seed,
    )


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Randomness that is a function of a seed and of what it is for."""
    return np.random.default_rng([seed, *"\0".join(purpose).encode()])
