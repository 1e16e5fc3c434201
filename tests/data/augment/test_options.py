"""Entries as flags, and entries of one's own."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest

from experiments import words_ctc
from ocr_tf import options
from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.augmenter import augment
from ocr_tf.data.augment.entry import Pixels
from ocr_tf.data.augment.options import Augment, entries_of
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Data, Experiment
from ocr_tf.experiment.config.serialize import configuration, rebuild


def parse(*argv: str) -> Augment:
    return flags.parse(Experiment("x"), argv, program="p", description="d").config.data.augment


def test_every_entry_has_its_flags_in_the_order_in_which_they_act():
    assert entries_of(Augment.of()) == list(AUGMENTATIONS)
    names = [leaf.name for leaf in options.leaves(Augment.of())]
    assert names[:2] == ["share", "strength"]
    for name, entry in AUGMENTATIONS.items():
        assert f"{name}.probability" in names
        assert (f"{name}.magnitude" in names) == (entry.magnitude is not None)


def test_defaults_are_the_registry_s_and_within_its_bounds():
    for name, entry in AUGMENTATIONS.items():
        own = getattr(Augment.of(), name)
        assert own.probability == entry.probability
        if entry.magnitude is not None:
            assert 0 < own.magnitude == entry.magnitude <= entry.maximum
    assert Augment.of().flip.probability == 0
    assert 0 < Augment.of().share < 1


def test_flags_set_an_entry():
    given = parse("--data.augment.rotation.magnitude=0.05", "--data.augment.jpeg.probability=0.2")
    assert given == Augment.of(rotation=(0.05, 1.0), jpeg=0.2)
    assert parse("--data.augment.share=0", "--data.augment.strength=2") == Augment.of(0, 2)


@pytest.mark.parametrize(
    "argument, message",
    [
        ("--data.augment.rotation.magnitude=1", "--data.augment.rotation.magnitude: at most 0.2"),
        ("--data.augment.blur.probability=2", "--data.augment.blur.probability: at most 1"),
        ("--data.augment.share=1.5", "--data.augment.share: at most 1"),
        ("--data.augment.flip.magnitude=1", "Unknown flag --data.augment.flip.magnitude"),
    ],
)
def test_a_wrong_flag_is_named(argument, message):
    with pytest.raises(InputError, match=message):
        parse(argument)


def test_help_says_what_an_entry_does(capsys):
    with pytest.raises(SystemExit):
        parse("--help")
    shown = capsys.readouterr().out
    assert "data.augment.rotation: Turn the line" in shown
    assert "--data.augment.rotation.magnitude=0.01" in shown
    assert "Radians, either way. (A number from 0 to 0.2.)" in shown


def test_of_refuses_what_there_is_not():
    with pytest.raises(InputError, match="no augmentation 'rotatoin' .did you mean rotation"):
        Augment.of(rotatoin=1.0)
    with pytest.raises(InputError, match="'flip' has no magnitude"):
        Augment.of(flip=(1.0, 1.0))


def test_an_experiment_is_checked_and_remembered_with_its_augmentation():
    with pytest.raises(ValueError, match="--data.augment.elastic.magnitude: at most 0.2, not 0.7"):
        Experiment("x", data=Data(augment=Augment.of(elastic=(0.7, 1.0))))
    experiment = Experiment("x", data=Data(augment=Augment.of(share=0.5, elastic=(0.04, 1.0))))
    described = json.loads(json.dumps(configuration(experiment)))
    assert described["config"]["data"]["augment"]["elastic"]["magnitude"] == 0.04
    assert rebuild(described, "run.json") == experiment


def stain(image, magnitude, random, paper):
    image[:, : round(magnitude * image.shape[1])] -= np.float32(random.random())
    return image


@pytest.fixture
def own():
    entry = Pixels("Stain the beginning.", "Share of the width.", 0.1, 0.0, 0.5, stain)
    AUGMENTATIONS.register("stain")(entry)  # what ocr_tf.register does
    yield entry
    for names in (AUGMENTATIONS, AUGMENTATIONS.outside, AUGMENTATIONS.lost):
        names.pop("stain", None)


def test_an_entry_of_one_s_own_has_flags_acts_and_is_remembered(own):
    argv = ("--data.augment.stain.magnitude=0.2", "--data.augment.stain.probability=1")
    given = dataclasses.replace(parse(*argv), share=1.0)
    assert entries_of(given)[-1] == "stain"
    image = np.zeros((32, 60), np.float32)
    before = Augment.of(share=1.0, stain=0.0)
    assert (augment(image, [1, 2], given) != augment(image, [1, 2], before)).any()
    experiment = Experiment("x", data=Data(augment=given))
    described = configuration(experiment)
    (part,) = described["parts"]
    assert (part["kind"], part["name"], part["file"]) == ("augmentation", "stain", __file__)
    assert rebuild(described, "run.json") == experiment


def test_an_entry_of_one_s_own_changes_nothing_that_others_draw(own):
    image = np.random.default_rng(0).uniform(-1, 1, [32, 60]).astype(np.float32)
    without = augment(image, [1, 2], Augment.of(share=1, stain=0.0))
    del AUGMENTATIONS["stain"]
    np.testing.assert_array_equal(without, augment(image, [1, 2], Augment.of(share=1)))


def test_a_run_without_the_entry_is_refused_by_name(own):
    described = configuration(Experiment("x", data=Data(augment=Augment.of(stain=1.0))))
    described["parts"] = []
    del AUGMENTATIONS["stain"]
    with pytest.raises(InputError, match="option data.augment.stain.magnitude is not known here"):
        rebuild(described, "run.json")


def test_options_reach_another_process():
    """Whose class is made there: measuring the memory of a training hands its experiment over."""
    options = Augment.of(share=0.3, strength=2, rotation=(0.02, 0.5), flip=0.1)
    assert pickle.loads(pickle.dumps(options)) == options
    experiment = words_ctc.EXPERIMENT
    assert pickle.loads(pickle.dumps(experiment)) == experiment
