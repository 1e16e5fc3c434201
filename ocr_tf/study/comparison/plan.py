"""What a study declares before its first run, as plan.json holds it, and what was changed since.

    {"when": the time in UTC, "plan": the values of `Plan`, "sha256": of both}

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.study import searches
from ocr_tf.study.config import Pairs, Study, planned_looks


@dataclasses.dataclass(frozen=True)
class Plan:
    """The question of a study, and everything that could be chosen to suit the answer."""

    study: str
    metric: str
    normalization: str
    groups: str  # a regular expression; empty: each line is a unit
    longer_than: int  # symbols that every compared line has more of; 0: all are compared
    paired: bool  # by seed
    margin: Optional[float]  # percent points
    seeds: int  # at the first look
    looks: tuple[int, ...]  # seeds at each planned look; empty: one look
    searches: tuple[str, ...]
    conditions: tuple[str, ...]  # the first two are the headline's
    contrasts: tuple[tuple[str, Pairs], ...]  # the first is the headline, where there are any
    test: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class WrittenPlan:
    """A plan with its date and its hash."""

    when: str  # ISO 8601, UTC
    plan: Plan

    @property
    def sha256(self) -> str:
        """The hash of the date and the plan."""
        content = json.dumps(dataclasses.asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class ChangedValue:
    """A value that is not the plan's, in words."""

    what: str
    was: str
    now: str


@dataclasses.dataclass(frozen=True)
class Declared:
    """A plan, and how what was asked differs from it."""

    file: str
    when: str
    sha256: str
    before_runs: bool  # whether it is known to have been written before the first run
    plan: Plan
    changes: tuple[ChangedValue, ...]


def now() -> str:
    """Returns the time in UTC, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def plan_of(given: Study, conditions: Iterable[str]) -> Plan:
    """Makes the plan of a study as a command line asks for it.

    Args:
        given: the study.
        conditions: what is trained, in the report's order.
    """
    settings = given.study
    return Plan(
        study=given.name,
        metric=settings.metric,
        normalization=settings.normalize,
        groups=settings.groups,
        longer_than=settings.longer_than,
        paired=settings.paired,
        margin=float(settings.margin) if settings.margin else None,
        seeds=settings.seeds,
        looks=planned_looks(settings.looks),
        searches=searches.parse(settings.search),
        conditions=tuple(conditions),
        contrasts=tuple(given.contrasts.items()),
        test=tuple(given.data.test),
    )


def write(path: Path, written: WrittenPlan) -> None:
    """Writes a plan with its hash."""
    content = {**dataclasses.asdict(written), "sha256": written.sha256}
    atomic_write(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read(path: Path, way_out: str) -> WrittenPlan:
    """Reads a plan.

    Args:
        path: the file.
        way_out: ends the message of an error.

    Raises:
        InputError: there is none, or it is not as it was written.
    """
    try:
        content = json.loads(path.read_bytes())
        written = WrittenPlan(content["when"], _plan(content["plan"]))
        told = content["sha256"]
    except OSError as error:
        raise InputError(f"{path}: cannot read the plan: {error.strerror}; {way_out}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: no plan of a study, or damaged; {way_out}") from None
    if told != written.sha256:
        raise InputError(f"{path}: the plan was edited after it was written; {way_out}")
    return written


def _plan(values: dict[str, Any]) -> Plan:
    """Rebuilds a plan from JSON values, whose arrays were tuples. Raises TypeError for other fields."""
    return Plan(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def followed(plan: Plan, asked: Plan) -> Plan:
    """Returns what was asked with the looks of the plan where none were named."""
    return asked if asked.looks else dataclasses.replace(asked, looks=plan.looks)


def changes(plan: Plan, asked: Plan) -> tuple[ChangedValue, ...]:
    """Lists the values that are not the plan's. Seeds at a planned look are the plan's."""
    asked = followed(plan, asked)
    planned = {plan.seeds, *plan.looks}
    found = []
    for field in dataclasses.fields(Plan):
        was, is_now = (getattr(one, field.name) for one in (plan, asked))
        if was != is_now and not (field.name == "seeds" and is_now in planned):
            found.append(
                ChangedValue(_NAMES.get(field.name, field.name), _word(was), _word(is_now))
            )
    return tuple(found)


def other_question(plan: Plan, asked: Plan) -> bool:
    """Tells whether anything but the number of seeds is not the plan's."""
    return bool(changes(plan, dataclasses.replace(asked, seeds=plan.seeds)))


_NAMES = {
    "paired": "pairing by seed",
    "test": "test lines",
    "longer_than": "symbols that every line has more of",
}


def _word(value: Any) -> str:
    """Words a value of a plan for a sentence."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g} pp"
    if isinstance(value, tuple):
        return ", ".join(_item(item) for item in value) or "none"
    return "none" if value in (None, "") else str(value)


def _item(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    name, ((a, b), (c, d)) = item  # a contrast
    return f"{name}: ({a} - {b}) - ({c} - {d})"
