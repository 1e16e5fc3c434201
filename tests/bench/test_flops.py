"""Counts against those made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import layer, random_batch, steps
from ocr_tf.bench.flops import count
from ocr_tf.encoders import CRNN, Compact
from ocr_tf.experiment.config.experiment import PARTS, Experiment, Sequence, Train
from ocr_tf.experiment.inference.load import build
from ocr_tf.heads import CTC, Attention

LINES, WIDTH, STEPS = 2, 24, 6
UNITS, CLASSES = 8, 11

# Output rows, columns and channels, kernel size and input channels of every convolution at 32 x WIDTH.
CONVOLUTIONS = {
    CRNN: [
        (32, 24, 64, 9, 1),
        (16, 12, 128, 9, 64),
        (8, 6, 256, 9, 128),
        (8, 6, 256, 9, 256),
        (4, 6, 512, 9, 256),
        (4, 6, 512, 9, 512),
        (1, 6, 512, 4, 512),
    ],
    Compact: [(16, 12, 32, 25, 1), (16, 12, 64, 9, 32), (8, 6, 128, 9, 64), (4, 6, 128, 9, 128)],
}
FEATURES = {CRNN: 512, Compact: 256}


def made(encoder=None, head=None, **train) -> tuple:
    experiment = Experiment(
        name="counted",
        encoder=encoder or Compact(),
        head=head or CTC(),
        sequence=Sequence(layers=1, units=UNITS),
        train=Train(**train),
    )
    alphabet = Alphabet("0123456789")
    batch = random_batch.batch(LINES, 32, WIDTH, alphabet, length=3)
    model = build(experiment, alphabet)
    return model, batch


def lstm(features: int) -> int:
    return 2 * 2 * LINES * STEPS * (features + UNITS) * 4 * UNITS


@pytest.mark.parametrize("encoder", [CRNN(), Compact()], ids=["crnn", "compact"])
def test_parts_are_those_of_the_paper(encoder):
    counted = steps.Parts(*made(encoder)).flops()
    convolutions = [2 * LINES * np.prod(size) for size in CONVOLUTIONS[type(encoder)]]
    # Forward, kernel's gradient, input's gradient; the images need none. Sums that are written as
    # products, of statistics or of biases, count too: they must stay small.
    step = 3 * sum(convolutions) - convolutions[0]
    assert counted["encoder"] == pytest.approx((sum(convolutions), step), rel=0.01)
    # The loop's steps count each.
    forward = lstm(FEATURES[type(encoder)])
    assert counted["sequence"] == pytest.approx((forward, 3 * forward), rel=0.01)


def test_what_is_frozen_has_no_gradient():
    free = steps.Parts(*made()).flops()
    frozen = steps.Parts(*made(freeze=("encoder",))).flops()
    assert frozen["encoder"].step == frozen["encoder"].forward
    # Nothing before it learns: of the inputs' products there is the kernel's gradient alone.
    inputs_product = 2 * 2 * LINES * STEPS * FEATURES[Compact] * 4 * UNITS
    assert frozen["sequence"].step == free["sequence"].step - inputs_product
    assert frozen["head"] == free["head"]
    alone = steps.Parts(*made(freeze=PARTS)).flops()
    assert all(part.step == part.forward for part in alone.values())


def test_attention_grows_with_its_label():
    model, batch = made(head=Attention(units=24, attention_units=16, embedding=8))
    longer = batch._replace(
        labels=random_batch.batch(LINES, 32, WIDTH, model.alphabet, length=6).labels,
    )
    short, long = (steps.Parts(model, given).flops()["head"] for given in (batch, longer))
    # To keys and to values, once, whatever the label.
    memory = 2 * 2 * LINES * STEPS * (2 * UNITS + 32) * 16
    # Four decoder steps (three symbols and the end) become seven.
    assert (long.forward - memory) * 4 == (short.forward - memory) * 7


def test_small_networks():
    dense, convolution = tf.keras.layers.Dense(5), tf.keras.layers.Conv2D(4, 3, padding="same")
    values = tf.ones([2, 7, 9, 3])
    product, products = 2 * 2 * 3 * 5, 2 * (2 * 7 * 9) * (3 * 3 * 3) * 4
    assert count(lambda: dense(tf.ones([2, 3]))) == product
    assert count(lambda: convolution(values)) == products
    assert count(lambda: tf.matmul(tf.ones([4, 3, 2]), tf.ones([4, 3, 5]), transpose_a=True)) == (
        2 * 4 * 2 * 3 * 5
    )
    assert count(lambda: tf.reduce_sum(tf.tanh(values) * values)) == 0

    def gradient(sources: list) -> int:
        def both() -> list:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                output = convolution(values)
            return tape.gradient(output, sources)

        return count(both)

    kernel = convolution.kernel
    assert gradient([kernel]) == 2 * products
    assert gradient([values]) == 2 * products
    assert gradient([kernel, values]) == 3 * products


def test_compiled_functions_and_loops_are_looked_into():
    @tf.function
    def looped(n: tf.Tensor) -> tf.Tensor:
        value = tf.eye(4)
        for _ in tf.range(n):
            value = value @ value
        return value

    assert count(lambda: looped(tf.constant(5))) == 5 * 2 * 4**3
    assert not tf.config.functions_run_eagerly()


def test_counting_ends_with_an_error():
    def fails() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        count(fails)
    assert not tf.config.functions_run_eagerly()
    assert count(lambda: None) == 0


@pytest.mark.parametrize(
    "cell, dtype",
    [("lstm", "float32"), ("lstm", "bfloat16"), ("gru", "float32"), ("rnn", "float32")],
)
def test_a_layer_and_its_products_alone_are_the_same_products(cell, dtype):
    size = layer.Size(steps=5, batch=3, features=96, units=32, dtype=dtype, cell=cell)
    found = layer.contestants(size)
    assert count(found["layer"]) == pytest.approx(size.flops, rel=0.02)
    assert count(found["layer, its GEMMs alone"]) == size.flops
