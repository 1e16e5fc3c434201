"""The search for learning rates before a study, as tuned.json holds it; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Optional

RANGE = 10  # a rate is searched from the own one divided by this to the own one times this


@dataclasses.dataclass(frozen=True)
class Trial:
    """A learning rate that was tried."""

    learning_rate: float
    cer: Optional[float]  # of the validation lines, a fraction; None: the loss did not stay finite


@dataclasses.dataclass(frozen=True)
class Tuned:
    """The search of one condition."""

    steps: int  # of each trial
    chosen: Trial
    trials: tuple[Trial, ...]  # the condition's own rate first

    @property
    def at_an_edge(self) -> bool:
        """Tells whether the chosen rate lies in an outer twentieth of the range, by its logarithm."""
        off = math.log(self.chosen.learning_rate / self.trials[0].learning_rate)
        return abs(off) >= 0.9 * math.log(RANGE)


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
            chosen=Trial(**search["chosen"]),
            trials=tuple(Trial(**trial) for trial in search["trials"]),
        )
        for name, search in dict(json.loads(text)).items()
    }
