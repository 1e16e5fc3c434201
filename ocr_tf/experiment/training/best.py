"""Which validation was the best so far, and whether to stop early. TensorFlow-free."""

from __future__ import annotations

import dataclasses
import math
from typing import Optional


@dataclasses.dataclass(frozen=True)
class Best:
    """The best validation of a training by its CER, and how many came since the CER last fell."""

    step: Optional[int] = None  # None before the first validation
    cer: Optional[float] = None
    worse: int = 0

    def after(self, step: int, cer: float) -> Best:
        """What is the best when a step's validation has read its lines with this CER.

        Of equals the last: few lines tie often, and the learning rate has fallen since.
        """
        before = math.inf if self.cer is None else self.cer
        worse = 0 if cer < before else self.worse + 1
        return Best(step, cer, worse) if cer <= before else dataclasses.replace(self, worse=worse)

    def stops(self, patience: int) -> bool:
        """Whether so many validations without a lower CER are enough; with 0, none are."""
        return 0 < patience <= self.worse
