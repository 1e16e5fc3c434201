"""Searches and lattices, apart from networks: they take scores or a callable, and return hypotheses.

`SEARCHES` maps a name to a frozen, TensorFlow-free configuration, which is what `Head.decode` is given.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Greedy:
    """The best class at every step: CTC's best path; attention fed with its own last symbol."""

    early_stop: bool = True  # False: a decoder steps on to its bound, to the same text


@dataclasses.dataclass(frozen=True)
class Beam:
    """The most probable texts: CTC's prefix beam search; for attention, a beam of its decoder."""

    width: int = 8  # prefixes of a line that are kept at every step
    best: int = 1  # K, texts of a line that are given back

    def __post_init__(self) -> None:
        if not 1 <= self.best <= self.width:
            raise ValueError(f"a beam of width {self.width} cannot give the {self.best} best")


SEARCHES = {"greedy": Greedy, "beam": Beam}
