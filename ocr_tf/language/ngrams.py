"""An n-gram model with back-off, as ARPA files hold it; TensorFlow-free.

Katz 1987, Estimation of Probabilities from Sparse Data; of a token w after a history h,

    log p(w | h) = log p(hw)                      where the model has hw
                 = backoff(h) + log p(w | h')     elsewhere; h' is h without its first token
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
SPECIAL = frozenset({BEGIN, END, UNKNOWN})
NEVER = -100.0 * math.log(10)  # of an unknown token where a model has none for it, as KenLM's

Gram = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class NGrams:
    """A model of tokens; logarithms are natural.

    Attributes:
        log_probs: for each order from 1 on, log p of a gram's last token after the others.
        backoffs: of each gram that is a history, what is added where it has no such follower.
    """

    log_probs: tuple[dict[Gram, float], ...]
    backoffs: dict[Gram, float]

    @property
    def order(self) -> int:
        """The tokens of the longest grams."""
        return len(self.log_probs)

    @property
    def tokens(self) -> list[str]:
        """All tokens but the special ones, sorted."""
        return sorted(gram[0] for gram in self.log_probs[0] if gram[0] not in SPECIAL)

    def log_prob(self, token: str, history: Sequence[str]) -> float:
        """Returns log p of a token after a history, of which the last order - 1 tokens count."""
        if (token,) not in self.log_probs[0]:
            token = UNKNOWN
        known = [h if (h,) in self.log_probs[0] else UNKNOWN for h in history]
        before = tuple(known[max(0, len(known) - self.order + 1) :])
        total = 0.0
        while True:
            found = self.log_probs[len(before)].get((*before, token))
            if found is not None:
                return total + found
            if not before:
                return total + NEVER
            total += self.backoffs.get(before, 0.0)
            before = before[1:]

    def score(self, tokens: Sequence[str]) -> float:
        """Returns log p of a whole text, with its end."""
        said = [BEGIN, *tokens, END]
        return sum(self.log_prob(said[i], said[:i]) for i in range(1, len(said)))
