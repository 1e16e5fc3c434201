"""Searches and lattices, apart from networks: they take scores or a callable, and return hypotheses.

`SEARCHES` maps a name to a frozen, TensorFlow-free configuration, which is what `Head.decode` is given.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Greedy:
    """The best class at every step: CTC's best path; attention fed with its own last symbol."""


SEARCHES = {"greedy": Greedy}
