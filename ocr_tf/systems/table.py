"""All that was measured of the systems, as JSON and CSV; TensorFlow-free."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import Any, Optional, Union

from ocr_tf.systems.latency import Milliseconds
from ocr_tf.systems.measured import Interval, Measured
from ocr_tf.systems.system import Facts

Cell = Union[str, int, float, None]


@dataclasses.dataclass(frozen=True)
class Row:
    """One system."""

    name: str
    path: str
    facts: Facts
    milliseconds: Optional[Milliseconds]  # None where it was not timed
    tests: dict[str, Measured]  # by the name of the test set
    levels: dict[float, Measured]  # by difficulty


@dataclasses.dataclass(frozen=True)
class Table:
    """All systems, and what they have in common."""

    rows: tuple[Row, ...]
    tests: dict[str, str]  # what names the lines of each test set
    ladder: str  # of the lines that are read at every difficulty; empty if there are none
    search: str
    normalization: str
    timed: int  # lines that were read one by one
    core: Optional[float]  # see `latency.Times`; None where nothing was timed
    processor: str
    versions: dict[str, Optional[str]]  # by package
    commit: Optional[str]  # None outside git

    def as_json(self) -> str:
        """Writes every figure with its counts; what is not known is null."""
        content = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "rows"
        }
        content["systems"] = [_row(row) for row in self.rows]
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def as_csv(self) -> str:
        """Writes a line for each system and set of lines."""
        out = io.StringIO()
        lines = [cells for row in self.rows for cells in _lines(row)]
        writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        return out.getvalue()


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "path": row.path,
        **row.facts._asdict(),
        "milliseconds": None if row.milliseconds is None else row.milliseconds._asdict(),
        "tests": {name: _measured(one) for name, one in row.tests.items()},
        "levels": {f"{level:g}": _measured(one) for level, one in row.levels.items()},
    }


def _measured(one: Measured) -> dict[str, Cell]:
    return {
        **one.rates.as_flat(),
        **_ends("exact", one.exact),
        **_ends("cer", one.cer),
    }


def _ends(name: str, interval: Optional[Interval]) -> dict[str, Cell]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _lines(row: Row) -> list[dict[str, Cell]]:
    sets: list[tuple[str, Optional[float], Measured]] = [
        (name, None, one) for name, one in row.tests.items()
    ]
    sets += [("", level, one) for level, one in row.levels.items()]
    median, low, high = row.milliseconds or (None, None, None)
    return [
        {
            "system": row.name,
            "kind": row.facts.kind,
            "parameters": row.facts.parameters,
            "training_seconds": row.facts.training_seconds,
            "milliseconds": median,
            "milliseconds_first_quartile": low,
            "milliseconds_third_quartile": high,
            "test": name,
            "difficulty": level,
            **_measured(one),
        }
        for name, level, one in sets
    ]
