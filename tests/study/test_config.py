from __future__ import annotations

import dataclasses

import pytest

from ocr_tf import options
from ocr_tf.encoders import Compact
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Data, Experiment, Train
from ocr_tf.heads import CTC, Attention
from ocr_tf.study.config import Study

CTC_RUN = Experiment("a", encoder=Compact(), head=CTC(), data=Data(height=24), train=Train(steps=7))
STUDY = Study.of(
    "which",
    {
        "ctc": CTC_RUN,
        "attention": dataclasses.replace(CTC_RUN, head=Attention()),
        "slow": options.replace(CTC_RUN, {"train.learning_rate": 1e-5}),
    },
    seeds=2,
)


def given(*argv: str) -> Study:
    return flags.parse(STUDY, argv, program="p", description="d").config


def test_flags_start_at_the_first_conditions_values():
    assert STUDY.data.height == 24 and STUDY.train.steps == 7 and STUDY.study.seeds == 2
    assert given("--study.seeds=4").study.seeds == 4


def test_a_flag_applies_to_every_condition_and_python_stays_where_there_is_none():
    conditions = STUDY.resolved(given("--train.steps=9", "--data.train=synthetic:digits"))
    assert list(conditions) == ["ctc", "attention", "slow"]
    assert {e.train.steps for e in conditions.values()} == {9}
    assert {e.data.train for e in conditions.values()} == {("synthetic:digits",)}
    assert conditions["slow"].train.learning_rate == 1e-5
    assert conditions["ctc"].train.learning_rate == CTC_RUN.train.learning_rate
    assert {name: e.name for name, e in conditions.items()} == {n: n for n in conditions}


def test_early_stopping_is_off():
    patient = Study.of(
        "p", {n: options.replace(e, {"train.patience": 3}) for n, e in STUDY.conditions.items()}
    )
    assert {e.train.patience for e in patient.resolved(patient).values()} == {0}


@pytest.mark.parametrize("flag", ["--train.seed=3", "--train.patience=2", "--data.lines=some.txt"])
def test_what_the_study_sets_is_refused_as_a_flag(flag):
    with pytest.raises(InputError, match=flag.partition("=")[0]):
        STUDY.resolved(given(flag))


def test_conditions_that_are_the_same_are_refused():
    same = Study.of("s", {"one": CTC_RUN, "two": dataclasses.replace(CTC_RUN, name="b")})
    with pytest.raises(InputError, match="one and two are the same"):
        same.resolved(same)
    # A flag may make them so.
    with pytest.raises(InputError, match="ctc and slow are the same"):
        STUDY.resolved(given("--train.learning_rate=0.5"))


def test_one_training_is_a_study_if_several_searches_read_it():
    alone = Study.of("s", {"one": CTC_RUN})
    with pytest.raises(InputError, match="needs two conditions.*--study.search='greedy;beam:8'"):
        alone.resolved(alone)
    twice = Study.of("s", {"one": CTC_RUN}, search="greedy;beam:8")
    assert list(twice.resolved(twice)) == ["one"]


def test_contrasts_are_of_four_conditions_of_the_study():
    rates = {f"r{i}": options.replace(CTC_RUN, {"train.learning_rate": i / 9}) for i in range(1, 5)}
    good = (("r1", "r2"), ("r3", "r4"))
    study = Study.of("s", rates, contrasts={"change": good})
    assert study.contrasts == {"change": good}
    assert flags.parse(study, ["--study.seeds=4"], program="p", description="d").config.contrasts
    assert list(study.resolved(study)) == list(rates)
    for pairs, said in (
        ((("r1", "r2"), ("r3", "r5")), "'change' is of r5, which is no condition of study s"),
        ((("r1", "r2"), ("r2", "r3")), "two pairs of four different conditions"),
        ((("r1",), ("r2", "r3", "r4")), "two pairs of four different conditions"),
    ):
        bad = Study.of("s", rates, contrasts={"change": pairs})
        with pytest.raises(InputError, match=said):
            bad.resolved(bad)


def test_contrasts_may_be_of_searches():
    gain = (("ctc", "attention"), ("ctc, beam:4", "attention, beam:4"))
    study = Study.of("s", STUDY.conditions, contrasts={"gain": gain}, search="greedy;beam:4")
    assert list(study.resolved(study)) == ["ctc", "attention", "slow"]
    other = flags.parse(study, ["--study.search=greedy"], program="p", description="d").config
    with pytest.raises(InputError, match="is of ctc, beam:4, which .* with --study.search=greedy;"):
        study.resolved(other)
    twice = (("ctc", "attention"), ("ctc, greedy", "attention, beam:4"))
    same = Study.of("s", STUDY.conditions, contrasts={"gain": twice}, search="greedy;beam:4")
    with pytest.raises(InputError, match="two pairs of four different conditions"):
        same.resolved(same)
