"""From typed content to JSON, and the JSON Schema of it: the one place where a report becomes JSON.

Frozen dataclasses and NamedTuples become objects, tuples and lists arrays, mappings objects whose keys are
texts. An experiment becomes its configuration, as a run's run.json holds it. TensorFlow-free.

    python -m ocr_tf.study.report.as_json    writes report.schema.json anew, after a dataclass has changed
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import json
import math
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

import numpy as np

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import FailedRun, Failures
from ocr_tf.study.report.content import Report

VERSION = 4  # of the schema: raised when a field is taken away or changes its meaning
SCHEMA = Path(__file__).with_name("report.schema.json")

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # type: ignore[misc]

SIMPLE = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}


def as_json(value: object) -> Json:
    """Converts typed content to plain JSON values.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: there is no rule for a type.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no JSON number")
        return float(value)
    if isinstance(value, Experiment):
        return as_json(configuration(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_json(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [as_json(part) for part in value]
    raise TypeError(f"no JSON for {type(value).__name__}: {value!r}")


def dump(report: Report) -> str:
    """Makes the text of report.json.

    Raises:
        ValueError, TypeError: as `as_json`.
    """
    content = as_json(report)
    assert isinstance(content, dict)
    versioned = {"schema_version": VERSION, **content}
    return json.dumps(versioned, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def load_verdicts(text: str) -> tuple[paired.Verdict, ...]:
    """Reads the verdict on each pair at the checkpoint that the report is about, the headline's first.

    Args:
        text: of report.json.
    """
    comparisons: dict[str, list[dict[str, Any]]] = json.loads(text)["comparisons"]
    pairs = next(iter(comparisons.values()), [])
    return tuple(_verdict(pair["verdict"]) for pair in pairs)


def _verdict(values: dict[str, Any]) -> paired.Verdict:
    signature = dict(values["signature"])
    signature["seeds"] = tuple(signature["seeds"])
    rebuilt = {
        "signature": paired.Signature(**signature),
        "failures": tuple(map(_failures, values["failures"])),
        "equivalence": values["equivalence"] and paired.Equivalence(**values["equivalence"]),
    }
    return paired.Verdict(**{**values, **rebuilt})


def _failures(values: dict[str, Any]) -> Failures:
    failed = tuple(FailedRun(**run) for run in values["failed"])
    return Failures(**{**values, "failed": failed})


# The schema


def schema() -> dict[str, Any]:
    """Describes report.json as a JSON Schema, from the annotations of the dataclasses."""
    definitions: dict[str, dict[str, Any]] = {}
    root = _of_fields(Report, definitions)
    root["properties"] = {"schema_version": {"const": VERSION}, **root["properties"]}
    root["required"] = ["schema_version", *root["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json of ocr_tf",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def dump_schema() -> str:
    """Makes the text of report.schema.json."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _of_type(declared: Any, definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describes a type; the dataclasses and NamedTuples in it are added to the definitions."""
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if declared is Any:
        return {}
    if declared is Experiment:
        return {"type": "object", "description": "A configuration, as run.json holds it."}
    if declared in SIMPLE:
        return {"type": SIMPLE[declared]}
    if origin is Union:
        return {"anyOf": [_of_type(one, definitions) for one in arguments]}
    if origin in (dict, collections.abc.Mapping):
        return {"type": "object", "additionalProperties": _of_type(arguments[1], definitions)}
    if origin in (tuple, list, collections.abc.Sequence):
        return _of_items(arguments, definitions)
    if _named_fields(declared):
        return _defined(declared, definitions)
    raise TypeError(f"no JSON Schema for {declared!r}")


def _of_items(arguments: tuple[Any, ...], definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describes the items of a tuple or a list."""
    if len(arguments) == 1 or arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of_type(arguments[0], definitions)}
    return {
        "type": "array",
        "prefixItems": [_of_type(one, definitions) for one in arguments],
        "minItems": len(arguments),
        "maxItems": len(arguments),
    }


def _defined(declared: type, definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Refers to the definition of a dataclass or NamedTuple, and adds it if it is not there."""
    name = declared.__name__
    described = f"{declared.__module__}.{name}"
    if name not in definitions:
        definitions[name] = {"$comment": described}  # it may hold itself
        definitions[name].update(_of_fields(declared, definitions))
    if definitions[name]["$comment"] != described:
        raise TypeError(f"{described} and {definitions[name]['$comment']}: rename one of them")
    return {"$ref": f"#/$defs/{name}"}


def _of_fields(declared: type, definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describes a dataclass or a NamedTuple."""
    types = _types(declared)
    properties = {name: _of_type(types[name], definitions) for name in _named_fields(declared)}
    return {
        "description": (declared.__doc__ or "").strip().partition("\n")[0],
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _named_fields(declared: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(declared):
        return tuple(field.name for field in dataclasses.fields(declared))
    return getattr(declared, "_fields", ())


@functools.cache
def _types(declared: type) -> dict[str, Any]:
    return typing.get_type_hints(declared)


if __name__ == "__main__":
    SCHEMA.write_text(dump_schema(), encoding="utf-8")
