"""report.json: the typed content as JSON, as its schema says."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NamedTuple, Optional, Union

import jsonschema
import numpy as np
import pytest

from ocr_tf.study.report import as_json
from tests.experiment import tiny
from tests.study import fake


class Place(NamedTuple):
    x: int
    y: float


@dataclasses.dataclass(frozen=True)
class Thing:
    name: str
    places: tuple[Place, ...]
    by_seed: dict[int, Optional[bool]]
    ends: tuple[tuple[str, int], ...] = ()


def test_typed_content_becomes_plain_values():
    thing = Thing("a", (Place(1, 0.5), Place(np.int64(2), np.float64(1))), {0: None, 1: True})
    assert as_json.as_json(thing) == {
        "name": "a",
        "places": [{"x": 1, "y": 0.5}, {"x": 2, "y": 1.0}],
        "by_seed": {"0": None, "1": True},
        "ends": [],
    }


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("nan")])
def test_numbers_that_json_lacks_are_refused(number):
    with pytest.raises(ValueError, match="no JSON number"):
        as_json.as_json({"a": [number]})


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", np.zeros(2)])
def test_what_has_no_rule_is_refused(value):
    with pytest.raises(TypeError, match="no JSON for"):
        as_json.as_json(value)


def test_the_schema_in_the_package_is_that_of_the_dataclasses():
    written = as_json.SCHEMA.read_text("utf-8")
    assert written == as_json.dump_schema(), "run python -m ocr_tf.study.report.as_json"
    jsonschema.Draft202012Validator.check_schema(json.loads(written))


def with_experiments(report):
    conditions = (
        dataclasses.replace(c, experiment=tiny.experiment("ctc")) for c in report.conditions
    )
    return dataclasses.replace(report, conditions=tuple(conditions))


def reports():
    names = ("ctc-0", "attention-0", "ctc-2", "attention-2")
    asked = {"gain": (names[:2], names[2:])}
    one = fake.answer(fake.grid(12, 1))
    return {
        "two conditions": fake.report(fake.grid(40, 3), last=fake.grid(40, 3, key=1)),
        "four and a contrast": fake.answer(fake.grid(40, 2, names), contrasts=asked),
        "one seed": dataclasses.replace(one, controls=None, curves={}),
        "paired": with_experiments(fake.answer(fake.grid(40, 3), by_seed=True)),
        "a system": fake.answer(fake.grid(40, 1), systems=["attention"]),
        "failed": fake.answer(fake.grid(40, 2, names), contrasts=asked, failed={"ctc-0": [1]}),
    }


def validator():
    return jsonschema.Draft202012Validator(json.loads(as_json.SCHEMA.read_text("utf-8")))


def test_reports_are_as_the_schema_says():
    for name, report in reports().items():
        content = json.loads(as_json.dump(report))
        assert [error.message for error in validator().iter_errors(content)] == [], name
        assert content["schema_version"] == as_json.VERSION


def test_verdicts_are_read_as_they_were_written():
    for name, report in reports().items():
        verdicts = as_json.load_verdicts(as_json.dump(report))
        assert verdicts == tuple(pair.verdict for pair in report.pairs), name


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("signature"),
        lambda content: content.update(schema_version=0),
        lambda content: content["comparisons"]["best"][0]["verdict"].update(better=3),
        lambda content: content["lines"][0].update(more=1),
    ],
)
def test_what_is_no_report_does_not_pass(spoil):
    content = json.loads(as_json.dump(fake.answer(fake.grid(12, 2))))
    spoil(content)
    assert not validator().is_valid(content)


def test_two_dataclasses_of_one_name_are_refused():
    other = dataclasses.make_dataclass("Place", [("z", int)])
    both = dataclasses.make_dataclass("Both", [("a", Place), ("b", Union[other, Any])])
    with pytest.raises(TypeError, match="rename one of them"):
        as_json._of_fields(both, {})
