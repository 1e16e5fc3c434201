"""The looks at a study's results, as looks.jsonl holds them: one a line, in the order of time.

How the levels of looks are spent is in `ocr_tf.metrics.paired.spending`. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.metrics.paired import NextLook, spending
from ocr_tf.study.comparison.results import Grid


@dataclasses.dataclass(frozen=True)
class InterimLook:
    """One look: at what, at which level, and what it said of the study's first question."""

    when: str  # ISO 8601, UTC
    seeds: int  # of each condition
    lines: int
    metric: str
    planned: bool
    level: float
    asked: str  # sha256 of the question
    readings: str  # sha256 of what all runs read
    said: str = ""  # the answer, in words; empty: nothing was compared
    value: Optional[float] = None  # the difference; a fraction
    low: Optional[float] = None  # at a confidence of 1 - level
    high: Optional[float] = None
    p: Optional[float] = None


@dataclasses.dataclass(frozen=True)
class InterimLooks:
    """All looks at a study so far, and the one that a report is about."""

    taken: tuple[InterimLook, ...]
    current: int  # position among them
    planned: tuple[int, ...]  # seeds at each planned look; empty: one look was planned
    next: NextLook

    @property
    def look(self) -> InterimLook:
        """The look that the report is about."""
        return self.taken[self.current]

    @property
    def spent(self) -> float:
        """Adds up the levels of all looks."""
        return sum(look.level for look in self.taken)


@dataclasses.dataclass(frozen=True)
class Charge:
    """What a look costs."""

    planned: bool
    level: float


def charge(
    earlier: Sequence[InterimLook], seeds: int, looks: Sequence[int], as_planned: bool
) -> Charge:
    """Decides the level of a look after earlier ones.

    A look is a planned one if it asks what the plan asks, with the seeds of a planned look, and more than any
    planned look before it. Where no looks are planned, the first that asks what the plan asks is.

    Args:
        earlier: looks.
        seeds: at this one.
        looks: seeds at each planned look; empty: one look is planned.
        as_planned: whether it asks what the plan asks; true also where there is no plan.
    """
    before = [look for look in earlier if look.planned]
    in_order = all(look.seeds < seeds for look in before)
    if as_planned and (seeds in looks and in_order if looks else not before):
        spent = sum(look.level for look in before)
        return Charge(True, spending.planned_level(seeds, looks, spent))
    number = 1 + sum(not look.planned for look in earlier)
    return Charge(False, spending.unplanned_level(number))


def upcoming(taken: Sequence[InterimLook], seeds: int, looks: Sequence[int]) -> NextLook:
    """Finds the next planned look with more seeds, or else an unplanned one with twice as many."""
    most = max([seeds, *(look.seeds for look in taken)])
    more = next((count for count in looks if count > most), 2 * most)
    cost = charge(taken, more, looks, as_planned=True)
    return NextLook(more, cost.level, cost.planned)


def check_order(taken: Sequence[InterimLook], seeds: int, looks: Sequence[int], flag: str) -> None:
    """Refuses a planned look at fewer seeds than were seen already.

    Raises:
        InputError: looks are planned, more seeds were seen, and these were not.
    """
    seen = [look.seeds for look in taken]
    if looks and seen and seeds < max(seen) and seeds not in seen:
        raise InputError(
            f"{flag}={seeds}: the study was looked at with {max(seen)} seeds already, and its looks are "
            f"planned ({', '.join(map(str, looks))} seeds); give {max(seen)} seeds or more"
        )


def readings(grids: Iterable[Grid]) -> str:
    """Hashes what every condition read of every line under every seed."""
    digest = hashlib.sha256()
    for grid in grids:
        cells = [
            [condition, cell.seed, [p.text for p in cell.predictions]]
            for condition, row in grid.cells.items()
            for cell in row
        ]
        content = [grid.ids, grid.references, cells]
        digest.update(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def position(taken: Sequence[InterimLook], asked: str, read: str) -> Optional[int]:
    """Finds the look at the same readings with the same question; None where there was none."""
    same = (i for i, look in enumerate(taken) if (look.asked, look.readings) == (asked, read))
    return next(same, None)


def read(path: Path) -> tuple[InterimLook, ...]:
    """Reads the looks of a study; none where there is no file.

    Raises:
        InputError: the file is damaged.
    """
    try:
        rows = path.read_text("utf-8").splitlines()
        return tuple(InterimLook(**json.loads(row)) for row in rows)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError):
        raise InputError(
            f"{path}: damaged; restore it: without it nobody knows how often the study was looked at"
        ) from None


def append(path: Path, look: InterimLook) -> None:
    """Adds a look at the end of the file, which is as it was or has all of it."""
    before = path.read_bytes() if path.exists() else b""
    row = json.dumps(dataclasses.asdict(look), ensure_ascii=False) + "\n"
    atomic_write(path, before + row.encode())
