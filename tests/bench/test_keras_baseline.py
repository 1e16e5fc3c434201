"""The plain Keras way is the same network: with our weights it gives our frames on full-width lines."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import keras_baseline, random_batch, steps
from ocr_tf.encoders import CRNN, Compact
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.experiment.inference.load import build
from ocr_tf.heads import CTC, Attention

DEEP = Compact(width=8, depth=2, rows="max", residual=True, standardize=True)
ALPHABET = Alphabet("0123456789")
PLACE = r".*(encoder|sequence)/(stage\d+/(?=conv))?"  # of a variable of ours
ATTENTION = Attention(units=24, attention_units=16, embedding=8, dropout=0, symbol_dropout=0)


@pytest.fixture
def eagerly():
    """Spares the time that tracing takes."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def pair(
    encoder, head, dtype: str = "float32", height: int = 32, width: int = 37, cell: str = "lstm"
):
    experiment = Experiment(
        name="baseline",
        encoder=encoder,
        head=head,
        data=Data(height=height),
        sequence=Sequence(layers=2, units=8, cell=cell),
        train=Train(learning_rate=0.01, bfloat16=str(dtype == "bfloat16").lower()),
    )
    batch = random_batch.batch(3, height, width, ALPHABET, length=4)
    model = build(experiment, ALPHABET)
    draw = np.random.default_rng(1)
    for variable in model.variables:  # Zeros and ones would hide what is exchanged.
        variable.assign_add(draw.uniform(0, 0.1, variable.shape))
    found = keras_baseline.KerasBaseline(experiment, ALPHABET, batch)
    ours = {re.sub(PLACE, "", rng.path(v)): v for v in model.variables}
    for variable in found.below.variables:
        variable.assign(ours[rng.path(variable).replace("_norm/", "/norm/")])
    for mine, theirs in zip(model.head.variables, found.head.variables):
        theirs.assign(mine)
    return model, found, batch


@pytest.mark.parametrize("height", [32, 20])
@pytest.mark.parametrize("encoder", [CRNN(), Compact(), DEEP], ids=["crnn", "compact", "deep"])
def test_with_our_weights_it_computes_what_we_compute(encoder, height):
    model, found, batch = pair(encoder, CTC(), height=height)
    expected = model(batch.images)
    frames = found._frames(batch, training=False)
    np.testing.assert_allclose(frames.values, expected.values, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(frames.lengths, expected.lengths)
    for training, key in ((False, None), (True, tf.constant([0, 1]))):
        losses = model.loss(batch.images, batch.labels, key)
        np.testing.assert_allclose(found._loss(batch, training), losses, rtol=1e-3)


@pytest.mark.parametrize("head", [CTC(), ATTENTION], ids=["ctc", "attention"])
def test_it_reads_the_same_and_learns(head, eagerly):
    model, found, batch = pair(Compact(), head)
    assert found.parameters() == steps.Steps(model, Train(), batch).parameters()
    best = model.recognize(batch.images)
    expected = [row[:n].tolist() for row, n in zip(best.ids[:, 0].numpy(), best.lengths[:, 0])]
    read = found.read()
    if isinstance(head, CTC):
        rows = tf.sparse.to_dense(read[0][0], default_value=-1).numpy().tolist()
        assert [[i for i in row if i >= 0] for row in rows] == expected
    else:
        np.testing.assert_array_equal(read.ids, best.ids)
    first, *_, last = [float(found.train()) for _ in range(4)]
    assert last < first


def test_in_bfloat16_its_layers_are_too():
    before = tf.keras.mixed_precision.global_policy().name
    model, found, batch = pair(Compact(), CTC(), "bfloat16")
    assert found.below.output.dtype == model(batch.images).values.dtype == "bfloat16"
    assert all(variable.dtype == "float32" for variable in found.trainable)
    assert tf.keras.mixed_precision.global_policy().name == before


def test_an_encoder_without_a_twin_is_refused(monkeypatch):
    monkeypatch.delitem(keras_baseline.ENCODERS, Compact)
    with pytest.raises(
        InputError, match="no plain Keras baseline of encoder compact; there are crnn"
    ):
        keras_baseline.below_the_head(Experiment(name="other", encoder=Compact()), 40)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_every_cell_has_a_twin(cell, eagerly):
    model, found, batch = pair(Compact(width=4), CTC(), height=16, cell=cell)
    losses = model.loss(batch.images, batch.labels)
    np.testing.assert_allclose(found._loss(batch, training=False), losses, rtol=1e-3)
    assert found.parameters() == steps.Steps(model, Train(), batch).parameters()


def test_separate_stacks_are_refused():
    experiment = Experiment(name="apart", sequence=Sequence(layers=2, stack="separate"))
    with pytest.raises(InputError, match="the baseline has no separate stacks; measure without"):
        keras_baseline.below_the_head(experiment, 40)


def test_frozen_parts_are_refused():
    experiment = Experiment(name="frozen", train=Train(freeze=("encoder",)))
    with pytest.raises(InputError, match="frozen"):
        keras_baseline.below_the_head(experiment, 40)
