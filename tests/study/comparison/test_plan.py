"""A study's plan: as it was written, and what differs from it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.study.comparison import plan
from ocr_tf.study.comparison.plan import WrittenPlan
from ocr_tf.study.config import Study
from tests.experiment import tiny

CONDITIONS = {name: tiny.experiment("ctc") for name in "abcd"}
GAIN = (("a", "b"), ("c", "d"))
STUDY = Study.of(
    "which", CONDITIONS, contrasts={"gain": GAIN}, test=("x.tsv",), looks="3,5,10", margin="0.5"
)


def planned(**settings):
    study = options.replace(STUDY, {f"study.{name}": value for name, value in settings.items()})
    return plan.plan_of(study, CONDITIONS)


def words(asked):
    return [f"{c.what} was {c.was}, is {c.now}" for c in plan.changes(planned(), asked)]


def test_a_plan_comes_back_as_it_was_written(tmp_path):
    written = WrittenPlan(plan.now(), planned())
    plan.write(tmp_path / "plan.json", written)
    assert plan.read(tmp_path / "plan.json", "") == written
    later = dataclasses.replace(written, when="2026-01-01T00:00:00+00:00")
    other = dataclasses.replace(written, plan=planned(metric="wer"))
    assert len({one.sha256 for one in (written, later, other)}) == 3


def test_what_is_edited_damaged_or_something_else_is_refused(tmp_path):
    path = tmp_path / "plan.json"
    plan.write(path, WrittenPlan(plan.now(), planned()))
    text = path.read_text()
    for was, now in (('"cer"', '"wer"'), ('"gain"', '"loss"'), ('"when": "2', '"when": "1')):
        assert was in text
        path.write_text(text.replace(was, now))
        with pytest.raises(InputError, match="plan.json: the plan was edited .*; restore it"):
            plan.read(path, "restore it")
    content = json.loads(text)
    fewer = {**content, "plan": {k: v for k, v in content["plan"].items() if k != "margin"}}
    more = {**content, "plan": {**content["plan"], "new": 1}}
    for other in ("", "[]", "{}", '{"plan": 3}', text[:-40], json.dumps(fewer), json.dumps(more)):
        path.write_text(other)
        with pytest.raises(
            InputError, match="plan.json: no plan of a study, or damaged; restore it"
        ):
            plan.read(path, "restore it")
    with pytest.raises(InputError, match="nowhere.json: cannot read the plan: No such file"):
        plan.read(tmp_path / "nowhere.json", "restore it")


def test_changes_are_named_with_what_was_and_is():
    assert words(planned()) == []
    assert words(planned(metric="wer")) == ["metric was cer, is wer"]
    assert words(planned(paired=True, margin="")) == [
        "pairing by seed was off, is on",
        "margin was 0.5 pp, is none",
    ]
    assert words(planned(margin="0.50", search="greedy")) == []
    assert words(planned(search="greedy;beam:4")) == [
        "searches was greedy, is greedy, beam:width=4"
    ]
    assert words(planned(groups="p(.)")) == ["groups was none, is p(.)"]
    assert words(planned(longer_than=6)) == ["symbols that every line has more of was 0, is 6"]
    other = dataclasses.replace(planned(), contrasts=(), conditions=("b", "a"))
    assert words(other) == [
        "conditions was a, b, c, d, is b, a",
        "contrasts was gain: (a - b) - (c - d), is none",
    ]


def test_seeds_may_be_those_of_any_planned_look():
    for seeds in (3, 5, 10):
        assert words(planned(seeds=seeds)) == []
    unplanned = planned(looks="", seeds=7)
    assert words(unplanned) == ["seeds was 3, is 7"]
    assert words(planned(looks="3,7", seeds=7)) == [
        "seeds was 3, is 7",
        "looks was 3, 5, 10, is 3, 7",
    ]
    assert not plan.other_question(planned(), unplanned)
    assert plan.other_question(planned(), planned(metric="wer"))
    assert plan.other_question(planned(), planned(looks="3,7"))


def test_every_setting_that_an_answer_may_depend_on_is_in_the_plan():
    changed = {
        "seeds": 5,
        "looks": "3,4",
        "metric": "wer",
        "normalize": "lower",
        "search": "beam:4",
        "groups": "p(.)",
        "paired": True,
        "margin": "1",
        "longer_than": 6,
    }
    of_the_machine = {"parallel", "engine"}
    of_the_training = {"tune", "tune_over", "tune_seeds"}  # the folder refuses others
    settings = {field.name for field in dataclasses.fields(STUDY.study)}
    assert settings == changed.keys() | of_the_machine | of_the_training
    for name, value in changed.items():
        assert planned(**{name: value}) != planned()
