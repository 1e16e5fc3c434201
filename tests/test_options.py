from __future__ import annotations

import dataclasses
import math

import pytest

from ocr_tf import options
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Inner:
    rate: float = option(0.5, "A rate.", minimum=0, maximum=1)
    words: tuple[str, ...] = option(("a",), "Words.", choices=("a", "b"))


@dataclasses.dataclass(frozen=True)
class Outer:
    name: str  # no option: structure
    count: int = option(3, "A count.", minimum=1)
    inner: Inner = dataclasses.field(default_factory=Inner)
    shape: str = option("round", "A shape.", choices=("round", "square"))
    switch: bool = option(False, "A switch.")


def values(config):
    return {leaf.name: leaf.value for leaf in options.leaves(config)}


def test_leaves_are_dotted_typed_and_in_order():
    assert [(leaf.name, leaf.type, leaf.value) for leaf in options.leaves(Outer("x"))] == [
        ("count", int, 3),
        ("inner.rate", float, 0.5),
        ("inner.words", tuple, ("a",)),
        ("shape", str, "round"),
        ("switch", bool, False),
    ]
    first = next(options.leaves(Outer("x"), "outer."))
    assert first.name == "outer.count"
    assert first.field.metadata["help"] == "A count."


def test_replace_copies_along_the_path_only():
    before = Outer("x")
    after = options.replace(before, {"inner.rate": 0.25, "count": 7, "inner.words": ("b", "a")})
    assert after == Outer("x", count=7, inner=Inner(rate=0.25, words=("b", "a")))
    assert before == Outer("x")
    assert options.replace(before, {"count": 4}).inner is before.inner
    assert options.replace(before, {}) == before


@pytest.mark.parametrize("name", ["counts", "inner.rates"])
def test_replace_refuses_an_unknown_leaf(name):
    with pytest.raises(TypeError, match=name.rpartition(".")[2]):
        options.replace(Outer("x"), {name: 1})


def test_replace_refuses_an_unknown_branch():
    with pytest.raises(AttributeError, match="outer"):
        options.replace(Outer("x"), {"outer.rate": 1})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"count": 0}, "--count: at least 1, not 0"),
        ({"inner.rate": 1.5}, "--inner.rate: at most 1, not 1.5"),
        ({"inner.rate": -0.5}, "--inner.rate: at least 0, not -0.5"),
        ({"inner.rate": math.nan}, "--inner.rate: must be finite, not nan"),
        ({"inner.rate": math.inf}, "--inner.rate: must be finite, not inf"),
        ({"inner.words": ("a", "c")}, "--inner.words: one of a, b; not 'c'"),
        ({"shape": "Round"}, "--shape: one of round, square; not 'Round' (did you mean round?)"),
    ],
)
def test_check_names_the_option_and_what_is_allowed(changes, message):
    with pytest.raises(ValueError) as error:
        options.check(options.replace(Outer("x"), changes))
    assert str(error.value) == message


def test_check_accepts_the_bounds_themselves():
    for changes in ({"count": 1}, {"inner.rate": 0}, {"inner.rate": 1.0}, {"inner.words": ()}):
        options.check(options.replace(Outer("x"), changes))


def test_replacing_every_leaf_by_its_value_gives_the_same_experiment():
    experiment = Experiment("x", sequence=Sequence(layers=1), train=Train(freeze=("encoder",)))
    assert options.replace(experiment, values(experiment)) == experiment


def test_every_option_of_an_experiment_has_help_and_a_type_that_a_flag_can_have():
    for leaf in options.leaves(Experiment("x")):
        assert leaf.type in (bool, int, float, str, tuple), leaf.name
        assert isinstance(leaf.value, leaf.type), leaf.name
        assert leaf.field.metadata["help"].endswith("."), leaf.name


def test_an_experiment_is_checked_wherever_it_is_made():
    with pytest.raises(ValueError, match="--data.height: at least 8, not 4"):
        Experiment("x", data=Data(height=4))
    with pytest.raises(ValueError, match="--train.optimizer: one of adam, .*; not 'sgd'"):
        options.replace(Experiment("x"), {"train.optimizer": "sgd"})
