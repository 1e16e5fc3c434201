"""A run whose encoder rectifies: it is described, trained, frozen, aligned and exported as any other."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.data.image import prepare_batch
from ocr_tf.encoders import Compact, Rectifier
from ocr_tf.experiment.inference.load import build, initialize_from, restore
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.serving import saved_model
from ocr_tf.experiment.serving.config import Export
from ocr_tf.experiment.training import loop
from ocr_tf.types import Images
from tests.experiment import tiny

pytestmark = pytest.mark.slow


def rectified(**train):
    plain = tiny.experiment("ctc", **train)
    encoder = Compact(width=4, rectifier=Rectifier(points=6, width=4))
    return dataclasses.replace(
        plain, encoder=encoder, data=dataclasses.replace(plain.data, width=48)
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rectified")
    loop.run(rectified(steps=4, evaluate_every=2, learning_rate=0.05), folder / "run")
    return folder


def test_the_run_describes_it_and_has_learned(run):
    trained = restore(run / "run")
    assert RunFolder.open(run / "run").experiment == trained.experiment
    assert trained.experiment.encoder.rectifier == Rectifier(points=6, width=4)
    paths = [rng.path(v) for v in trained.model.parts()["encoder"]]
    assert any(path.endswith("encoder/rectifier/zero_kernel") for path in paths)
    assert np.abs(trained.model.encoder.rectifier.kernel).max() > 1e-4


def test_the_export_reads_what_the_run_reads(run):
    saved_model.run(Export(), str(run / "run"), str(run / "saved"))
    source = open_source("synthetic:digits:count=6:split=test")
    encoded = tf.constant([source.read(i) for i in range(6)])
    answer = tf.saved_model.load(str(run / "saved")).signatures["serving_default"](images=encoded)
    trained = restore(run / "run")
    images, _ = prepare_batch(encoded, trained.geometry)
    found = trained.model.recognize(images)
    np.testing.assert_allclose(answer["log_prob"], found.log_probs[:, 0], rtol=1e-3, atol=1e-3)


def test_another_run_starts_from_it_and_freezes_it(run):
    alphabet = RunFolder.open(run / "run").alphabet
    frozen = build(rectified(freeze=("encoder",)), alphabet)
    assert not frozen.encoder.trainable_variables
    initialize_from(frozen, RunFolder.open(run / "run"), "encoder+sequence")
    trained = {rng.path(v): v for v in restore(run / "run").model.variables}
    for variable in frozen.encoder.variables:
        np.testing.assert_array_equal(variable, trained[rng.path(variable)])


def test_both_start_from_the_same_encoder_as_without_it():
    """The rectifier changes nothing at first, so two conditions start from the same function."""
    with_it = rectified()
    without = dataclasses.replace(with_it, encoder=Compact(width=4))
    alphabet = Alphabet("0123456789")
    draw = np.random.default_rng(0)
    images = Images(
        tf.constant(draw.uniform(-1, 1, [2, 16, 48, 1]), tf.float32), tf.constant([48, 48])
    )
    one, two = (build(experiment, alphabet)(images).values for experiment in (with_it, without))
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
