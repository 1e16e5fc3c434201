"""The search for options before a study, as tuned.json holds it; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Optional

OUTER = 0.05  # of a range, at either end


@dataclasses.dataclass(frozen=True)
class Range:
    """The values of an option that are searched."""

    low: float
    high: float
    log: bool  # evenly by their logarithm

    def at_an_edge(self, value: float) -> bool:
        """Tells whether a value lies in an outer twentieth; a least value of 0 is no edge."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        share = (value - low) / (high - low)
        return share >= 1 - OUTER or (share <= OUTER and self.low > 0)


@dataclasses.dataclass(frozen=True)
class Trial:
    """Values that were tried."""

    values: dict[str, float]  # by option, as train.learning_rate
    cer: Optional[float]  # of the validation lines, a fraction; None: the loss did not stay finite

    def __str__(self) -> str:
        """Writes the values as flags: --train.learning_rate=0.001."""
        return " ".join(f"--{name}={value:.3g}" for name, value in self.values.items())


@dataclasses.dataclass(frozen=True)
class Tuned:
    """The search of one condition."""

    steps: int  # of each training
    seeds: int  # of each trial, whose CER is their mean
    ranges: dict[str, Range]  # by option
    chosen: Trial
    trials: tuple[Trial, ...]  # the condition's own values first

    @property
    def at_an_edge(self) -> tuple[str, ...]:
        """Names the options whose chosen value lies at an edge of its range: a better one may lie beyond."""
        return tuple(
            name
            for name, value in self.chosen.values.items()
            if self.ranges[name].at_an_edge(value)
        )


def dump(searches: Mapping[str, Tuned]) -> str:
    """The text of tuned.json, by condition."""
    content = {name: dataclasses.asdict(search) for name, search in searches.items()}
    return json.dumps(content, indent=2) + "\n"


def load(text: bytes) -> dict[str, Tuned]:
    """Reads what `dump` wrote.

    Raises:
        ValueError, TypeError, KeyError: it is something else.
    """
    return {
        name: Tuned(
            steps=search["steps"],
            seeds=search["seeds"],
            ranges={option: Range(**one) for option, one in search["ranges"].items()},
            chosen=Trial(**search["chosen"]),
            trials=tuple(Trial(**trial) for trial in search["trials"]),
        )
        for name, search in dict(json.loads(text)).items()
    }
