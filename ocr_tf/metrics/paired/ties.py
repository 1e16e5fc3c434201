"""Groups of conditions that cannot be told apart: a ranking with ties.

Told apart or not is no order: of three neighbors the first and the last may be told apart, and the middle
one from neither. So a condition may be in several groups, and two are told apart if, and only if, they
share none: the compact letter display of Piepho 2004, An algorithm for a letter-based representation of
all-pairwise comparisons, by its insert-and-absorb algorithm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def tied_groups(
    names: Sequence[str], apart: Collection[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Finds the largest groups without a pair that is told apart.

    Args:
        names: of the conditions, in the order of the ranking.
        apart: the pairs that are told apart, in any order.

    Returns:
        The groups, each in the order of the names, by their first members and then by their next.
    """
    groups = [frozenset(names)]
    for a, b in apart:
        split = [part for g in groups for part in ((g - {a}, g - {b}) if {a, b} <= g else (g,))]
        groups = []
        for group in sorted(set(split), key=len, reverse=True):
            if not any(group <= larger for larger in groups):
                groups.append(group)
    places = {name: i for i, name in enumerate(names)}
    ordered = sorted(sorted(places[name] for name in group) for group in groups)
    return tuple(tuple(names[i] for i in group) for group in ordered)
