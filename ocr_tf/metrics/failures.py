"""Trainings that failed: of which kinds, how many of a condition's, and what that bounds.

Which they are is found in `ocr_tf.experiment.runs.failure`. A failed training is an outcome of its recipe:
its readings stay in every rate, and how often it happens is a figure of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Optional

DIVERGED, NOT_ALIGNED, NOT_LEARNED = "diverged", "not aligned", "not learned"
SAID = {  # what a condition did whose trainings failed by this kind alone
    DIVERGED: "diverged",
    NOT_ALIGNED: "did not align",
    NOT_LEARNED: "did not learn",
}
FAILED = "failed"  # by several kinds
CONFIDENCE = 0.95  # of each bound, one-sided


@dataclasses.dataclass(frozen=True)
class FailedRun:
    """A training that failed, with the best of its validations."""

    seed: int
    kind: str  # one of SAID
    cer: Optional[float] = None  # of the best validation, a fraction; None: it came to none
    # Of the alignment, 0 to 1: spread evenly over the line; None: not measured.
    entropy: Optional[float] = None
    step: Optional[int] = None  # at which the loss was not finite
    read_at: Optional[int] = None  # the last step that is kept; None: none is, and nothing was read

    def __str__(self) -> str:
        """Seed 2 (best validation CER 76.00 %, alignment entropy 0.93 of 1)."""
        said = [] if self.cer is None else [f"best validation CER {100 * self.cer:.2f} %"]
        if self.entropy is not None:
            said.append(f"alignment entropy {self.entropy:.2f} of 1")
        if self.kind == DIVERGED:
            said = [f"loss not finite at step {self.step}", *said]
            said.append(
                "no checkpoint: every line counts as read as empty text"
                if self.read_at is None
                else f"last checkpoint of step {self.read_at}"
            )
        return f"seed {self.seed} ({', '.join(said)})"


@dataclasses.dataclass(frozen=True)
class Failures:
    """Counts a condition's failed trainings, and bounds the share of trainings that fail."""

    condition: str
    runs: int  # of the condition, those that failed among them
    failed: tuple[FailedRun, ...]
    low: float  # one-sided bounds at CONFIDENCE: see `bounds`
    high: float

    @classmethod
    def of(cls, condition: str, runs: int, failed: Iterable[FailedRun]) -> Failures:
        """Counts those that failed of so many runs."""
        every = tuple(failed)
        return cls(condition, runs, every, *bounds(len(every), runs))

    @property
    def total(self) -> bool:
        """Tells whether every training failed."""
        return len(self.failed) == self.runs

    @property
    def phrase(self) -> str:
        """Attention did not align under 1 of 3 seeds, with the condition's own name."""
        seeds = "seed" if self.runs == 1 else "seeds"
        return f"{did_fail([self])} under {len(self.failed)} of {self.runs} {seeds}"

    @property
    def sentence(self) -> str:
        """The phrase with every run that failed."""
        return f"{self.phrase}: {', '.join(map(str, self.failed))}"


def did_fail(conditions: Sequence[Failures]) -> str:
    """Names conditions and what they did: ctc and attention did not align."""
    kinds = {run.kind for one in conditions for run in one.failed}
    did = SAID[kinds.pop()] if len(kinds) == 1 else FAILED
    *first, last = (one.condition for one in conditions)
    return f"{', '.join(first)} and {last} {did}" if first else f"{last} {did}"


def bounds(failed: int, runs: int) -> tuple[float, float]:
    """Bounds the share of trainings that fail, from independent ones (Clopper and Pearson 1934).

    Args:
        failed: of the runs.
        runs: one at least.

    Returns:
        The least and the greatest share that the count leaves open, each a one-sided bound at CONFIDENCE:
        0 of 3 leaves shares up to 0.632.
    """
    from scipy.special import betaincinv  # not for --help

    low = betaincinv(failed, runs - failed + 1, 1 - CONFIDENCE) if failed else 0.0
    high = betaincinv(failed + 1, runs - failed, CONFIDENCE) if failed < runs else 1.0
    return float(low), float(high)
