"""What is common to the heads that write one symbol after another, for all of their options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, autoregressive
from ocr_tf.heads import Autoregressive
from ocr_tf.heads.alignment_losses import coverage_loss
from ocr_tf.heads.autoregressive import AutoregressiveHead
from ocr_tf.types import Frames, Labels

from .lines import SIZE, frames, labels, make

LENGTHS = [9, 4, 1, 6]
LABELS = [[0, 1, 1, 2], [2], [], [0, 0, 0]]
KEY = tf.constant([1, 2])
ALONE = {
    "dropout": 0.0,
    "symbol_dropout": 0.0,
    "guide": 0.0,
    "ctc": 0.0,
}  # no chance, no other loss

SMALL = {"units": 24, "attention_units": 16, "embedding": 8}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "additive": ("attention", SMALL),
    "additive tanh": ("attention", {**SMALL, "output": "tanh"}),
    "additive, 2 heads": ("attention", {**SMALL, "heads": 2}),
    "dot": ("attention", {**SMALL, "scoring": "dot"}),
    "dot by content": ("attention", {**SMALL, "scoring": "dot", "location": 0, "positions": 0}),
    "dot tanh, 4 heads": ("attention", {**SMALL, "scoring": "dot", "heads": 4, "output": "tanh"}),
    "transformer": ("transformer", {}),
    "transformer, 3 layers": ("transformer", {"layers": 3}),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)
one_of_each_head = pytest.mark.parametrize("name", ["attention", "attention_dot", "transformer"])


def chain(head: Any, line: Frames, fed: list[int], targets: list[int]) -> float:
    """Log probability of targets where others were fed, one `step` a symbol."""
    decoder = head.decoder_of(line)
    state, total = decoder.begin(1), 0.0
    for symbol, target in zip([head.alphabet.start, *fed], targets):
        log_probs, _, state = decoder.step(tf.constant([symbol]), state)
        total += float(log_probs[0, target])
    return total


class Plain(AutoregressiveHead):
    """As little as a head of one's own may have: a cell that reads symbols, and the mean of the frames."""

    def __init__(self, alphabet: Alphabet, config: Autoregressive):
        super().__init__(alphabet, config)
        self.cell = tf.keras.layers.GRUCell(5, name="cell")
        self.make_symbol_layers(4, 5 + SIZE)

    def begin(self, frames: Frames) -> Any:
        inside = tf.sequence_mask(frames.lengths, tf.shape(frames.values)[1], tf.float32)
        weights = inside / tf.reduce_sum(inside, axis=1, keepdims=True)
        self.weights_of_frames = weights
        self.mean = tf.linalg.matvec(frames.values, weights, transpose_a=True)
        return tf.zeros([tf.shape(inside)[0], 5])

    def advance(self, inputs: tf.Tensor, state: Any) -> Any:
        output, _ = self.cell(inputs, state)
        return tf.concat([output, self.mean], axis=1), self.weights_of_frames, output


def test_a_head_of_ones_own_needs_no_more_than_its_steps():
    head = Plain(Alphabet("abc"), Autoregressive(sampling=0.5, coverage=1.0))
    batch, label = frames(LENGTHS, padding=2), labels(LABELS)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head.loss(batch, label, KEY, tf.constant(0.2)))
    gradients = tape.gradient(loss, head.trainable_variables)
    assert len(gradients) == 8 and all(np.abs(gradient).max() > 0 for gradient in gradients)
    gains, _ = autoregressive.force(head.decoder_of(batch), label)
    np.testing.assert_allclose(head.score(batch, label), tf.reduce_sum(gains, axis=1), rtol=1e-5)
    found = head.decode(batch, Beam(3))
    score = head.score(batch, Labels(found.ids[:, 0], found.lengths[:, 0]))
    np.testing.assert_allclose(found.log_probs[:, 0], score, rtol=1e-5)


@every_variant
def test_what_is_forced_is_what_the_steps_of_a_search_give(variant):
    name, options = VARIANTS[variant]
    head = make(name, **options)
    batch, label = frames(LENGTHS, padding=2, garbage=9.0), labels(LABELS, padding=1, garbage=7)
    gains, rows = autoregressive.force(head.decoder_of(batch), label)
    np.testing.assert_allclose(
        head.score(batch, label), tf.reduce_sum(gains, axis=1), rtol=1e-4, atol=1e-5
    )
    inside = tf.sequence_mask(label.lengths, tf.shape(label.ids)[1])
    expected = tf.where(inside[:, :, None], rows[:, :-1], 0.0)
    found = head.align(batch, label).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    for line, steps, symbols in zip(found, LENGTHS, LABELS):
        np.testing.assert_allclose(line[: len(symbols), :steps].sum(axis=1), 1, rtol=1e-5)
    assert np.ptp(found[0, 0, :9]) > 1e-3  # some frames are looked at more than others


@one_of_each_head
def test_a_share_of_one_feeds_the_heads_own_readings(name):
    head = make(name, sampling=1.0, coverage=0.0, **ALONE)
    batch, label = frames(LENGTHS), labels(LABELS)
    found = head.loss(batch, label, KEY, tf.constant(1.0)).numpy()
    differ = []
    for i, text in enumerate(LABELS):
        line = Frames(batch.values[i : i + 1, : LENGTHS[i]], batch.lengths[i : i + 1])
        decoder = head.decoder_of(line)
        state, own = decoder.begin(1), []
        for symbol in [head.alphabet.start, *text][: len(text)]:
            log_probs, _, state = decoder.step(tf.constant([symbol]), state)
            own.append(int(np.argmax(log_probs[0, :-1])))
        expected = chain(head, line, own, [*text, head.alphabet.end])
        assert found[i] == pytest.approx(-expected, rel=1e-4)
        differ.append(own != text)
    assert any(differ)


@one_of_each_head
def test_the_share_of_own_readings_grows_from_nothing_and_follows_the_key(name):
    head = make(name, sampling=0.5, coverage=0.0, **ALONE)
    batch, label = frames([9] * 12), labels([[0, 1, 2, 0, 1, 2]] * 12)
    plain = head.loss(batch, label).numpy()
    changed = []
    for progress in (0.0, 0.2, 1.0):
        losses = [head.loss(batch, label, KEY, tf.constant(progress)).numpy() for _ in range(2)]
        np.testing.assert_array_equal(*losses)
        changed.append((np.abs(losses[0] - plain) > 1e-4).sum())
    assert changed[0] == 0 < changed[1] < changed[2]
    other = head.loss(batch, label, tf.constant([1, 3]), tf.constant(1.0)).numpy()
    assert (other != losses[0]).any()


def test_coverage_is_lost_where_a_frame_is_looked_at_again():
    draw = np.random.default_rng(0)
    alignments = draw.dirichlet(np.ones(5), [3, 4]).astype(np.float32)  # [B, L + 1, T]
    texts = [[0, 1, 2], [1], []]
    expected = []
    for rows, text in zip(alignments, texts):
        covered, lost = np.zeros(5), 0.0
        for row in rows[: len(text) + 1]:
            lost += np.minimum(row, covered).sum()
            covered += row
        expected.append(lost)
    np.testing.assert_allclose(
        coverage_loss(tf.constant(alignments), labels(texts)), expected, 1e-5
    )
    assert expected[2] == 0 < expected[1] < expected[0]


@one_of_each_head
def test_the_coverage_loss_counts_in_training_alone_and_does_not_fade(name):
    options = {**ALONE, "sampling": 0.0}
    plain, covering = (make(name, coverage=weight, **options) for weight in (0.0, 3.0))
    batch, label = frames(LENGTHS), labels(LABELS)
    np.testing.assert_array_equal(covering.score(batch, label), plain.score(batch, label))
    _, rows = autoregressive.force(plain.decoder_of(batch), label)
    expected = plain.loss(batch, label, KEY) + 3 * coverage_loss(rows, label)
    for progress in (0.0, 1.0):
        found = covering.loss(batch, label, KEY, tf.constant(progress))
        np.testing.assert_allclose(found, expected, rtol=1e-4)
