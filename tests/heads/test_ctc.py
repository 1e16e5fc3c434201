from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.types import Frames, Labels

from .lines import frames, labels, make


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_all_strings_that_fit_share_a_probability_of_one(steps):
    head, line = make("ctc", "ab"), frames([steps])
    strings = [x for n in range(steps + 1) for x in itertools.product(range(2), repeat=n)]
    batch = Frames(tf.repeat(line.values, len(strings), 0), tf.repeat(line.lengths, len(strings)))
    for probabilities in (
        tf.exp(head.score(batch, labels(strings))),
        tf.exp(-head.loss(batch, labels(strings))),
    ):
        assert np.sum(probabilities) == pytest.approx(1, rel=1e-5)


def test_a_text_is_at_least_as_probable_as_its_best_path():
    head, batch = make("ctc"), frames([9, 4, 1, 6, 12, 5])
    found = head.decode(batch)
    assert (found.log_probs >= found.objective - 1e-5).numpy().all()
    assert (found.log_probs > found.objective + 1e-3).numpy().any()
    assert found.ended.numpy().all()


def test_lines_of_every_kind_do_not_disturb_each_other():
    """Empty, unreachable and plain labels in one batch: each line's loss and gradient are its own."""
    head = make("ctc")
    rows = [[], [0, 0], [0, 1, 2], [2], [1, 1, 1, 1]]
    batch, label = frames([3, 2, 3, 1, 5], padding=2), labels(rows, garbage=7)
    fits = [True, False, True, True, False]

    def run(batch, label):
        with tf.GradientTape() as tape:
            tape.watch(batch.values)
            loss = head.loss(batch, label)
            total = tf.reduce_sum(tf.where(tf.math.is_finite(loss), loss, 0.0))
        return loss.numpy(), tape.gradient(total, batch.values).numpy()

    losses, gradients = run(batch, label)
    assert np.isfinite(losses).tolist() == fits
    assert (losses[~np.array(fits)] == np.inf).all()
    for i, row in enumerate(rows):
        line = Frames(batch.values[i : i + 1], batch.lengths[i : i + 1])
        loss, gradient = run(line, labels([row]))
        np.testing.assert_allclose(loss[0], losses[i], rtol=1e-5)
        np.testing.assert_allclose(gradient[0], gradients[i], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("depth", [60.0, 200.0, 2000.0])
def test_a_label_against_all_odds_still_has_a_loss_that_teaches(depth):
    """The kernel alone says infinity where a class' probability underflows: one step spoils a run."""
    head = make("ctc", "ab")
    kernel, bias = head.output_layer.variables
    kernel.assign(tf.eye(*kernel.shape))
    bias.assign(tf.zeros_like(bias))
    values = np.zeros([1, 4, kernel.shape[0]], np.float32)
    values[0, :, 1] = depth  # every step is sure of b
    line, label = Frames(tf.constant(values), tf.constant([4])), labels([[0]])
    with tf.GradientTape() as tape:
        tape.watch(line.values)
        loss = head.loss(line, label)
    score = float(head.score(line, label)[0])
    assert score == pytest.approx(-4 * depth, rel=0.05)
    assert 4 * 60 * 0.95 < float(loss[0]) <= -score * 1.0001
    gradient = tape.gradient(loss, line.values).numpy()[0]
    assert np.isfinite(gradient).all()
    assert (gradient[:, 1] > 0.5).all() and gradient[:, 0].sum() < -0.5


def test_an_empty_label_is_a_line_of_blanks():
    head, batch = make("ctc"), frames([3, 1, 5], padding=2, garbage=9.0)
    log_probs = head.log_probs(batch).values[:, :, head.alphabet.blank].numpy()
    expected = [row[:steps].sum() for row, steps in zip(log_probs, [3, 1, 5])]
    empty = labels([[], [], []], padding=1)
    np.testing.assert_allclose(head.score(batch, empty), expected, rtol=1e-5)
    np.testing.assert_allclose(-head.loss(batch, empty), expected, rtol=1e-5)


def test_alignment_of_a_certain_line_is_readable():
    head = make("ctc", "ab")
    path = [0, 0, 2, 1, 2, 1]  # a a - b - b
    kernel, bias = head.output_layer.variables
    kernel.assign(20 * tf.eye(*kernel.shape))
    bias.assign(tf.zeros_like(bias))
    line = Frames(tf.one_hot([path], kernel.shape[0]), tf.constant([len(path)]))
    found = head.align(line, labels([[0, 1, 1]])).numpy()[0]
    expected = [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1]]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    decoded = head.decode(line)
    assert decoded.ids.numpy().tolist() == [[[0, 1, 1]]]
    assert not head.align(line, Labels(tf.constant([[0] * 7]), tf.constant([7]))).numpy().any()
