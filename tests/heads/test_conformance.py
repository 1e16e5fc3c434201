"""What every head promises, for all of HEADS and some more configurations of them.

A new head is tested by being registered.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.decode import SEARCHES, Beam, Search, search_text
from ocr_tf.errors import InputError
from ocr_tf.graphs import graph
from ocr_tf.heads import HEADS, aids_of
from ocr_tf.language import arpa, kneser_ney
from ocr_tf.types import Frames, Hypotheses, Labels

from .lines import CONFIGS, SIZE, frames, labels, make, rows

KEYS = [tf.constant([1, 2]), tf.constant([1, 3])]

LENGTHS = [9, 4, 1, 6, 12, 5]
# Of three symbols; doubled ones, an empty one, and the fifth as long as its line.
LABELS = [[0, 1, 1, 2], [2], [], [0, 0, 0], [0, 1, 2, 1, 0, 1, 2, 0, 2, 1, 0, 2], [1, 0, 1]]
UNREACHABLE = [[0, 0], [0, 1, 2, 0, 1], [1], [], [0, 1, 0, 1]]  # for lines of 2, 2, 2, 2, 3 steps

every_head = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in HEADS else pytest.mark.slow) for name in CONFIGS],
)
# For tests that make many graphs.
each_head = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("ctc", "attention") else pytest.mark.slow)
        for name in CONFIGS
    ],
)
every_search = pytest.mark.parametrize(
    "search", [*(kind() for kind in SEARCHES.values()), Beam(1, 1), Beam(4, 3)], ids=search_text
)


def alone(batch: Frames, label: Labels, i: int) -> tuple[Frames, Labels]:
    steps, length = int(batch.lengths[i]), int(label.lengths[i])
    return (
        Frames(batch.values[i : i + 1, :steps], batch.lengths[i : i + 1]),
        Labels(label.ids[i : i + 1, :length], label.lengths[i : i + 1]),
    )


@every_head
@pytest.mark.parametrize("padding, garbage", [(0, 0.0), (3, 0.0), (17, 30.0)])
def test_loss_score_and_alignment_are_the_same_alone_and_in_any_batch(name, padding, garbage):
    head = make(name)
    batch = frames(LENGTHS, padding, garbage)
    label = labels(LABELS, padding, -1 if garbage else 1)
    loss, score = head.loss(batch, label).numpy(), head.score(batch, label).numpy()
    rows_of = head.align(batch, label).numpy()
    assert rows_of.shape == (len(LENGTHS), label.ids.shape[1], batch.values.shape[1])
    for i, (steps, symbols) in enumerate(zip(LENGTHS, LABELS)):
        single = alone(batch, label, i)
        np.testing.assert_allclose(head.loss(*single), loss[i : i + 1], rtol=1e-4)
        np.testing.assert_allclose(head.score(*single), score[i : i + 1], rtol=1e-4)
        np.testing.assert_allclose(
            head.align(*single)[0], rows_of[i, : len(symbols), :steps], rtol=1e-4, atol=1e-6
        )
        assert not rows_of[i, len(symbols) :].any() and not rows_of[i, :, steps:].any()


@every_head
def test_symbol_confidences_are_the_same_alone_and_in_any_batch(name):
    head = make(name)
    batch, label = frames(LENGTHS, padding=3, garbage=30.0), labels(LABELS, padding=2)
    found = head.symbol_confidences(batch, label)
    if found is None:
        return
    found = found.numpy()
    assert found.shape == label.ids.shape and (found >= 0).all() and (found <= 1).all()
    reached = np.isfinite(head.score(batch, label))
    for i, symbols in enumerate(LABELS):
        single = head.symbol_confidences(*alone(batch, label, i))
        np.testing.assert_allclose(single[0], found[i, : len(symbols)], rtol=1e-4, atol=1e-6)
        assert (found[i, : len(symbols)] > 0).all() == reached[i] or not symbols
        assert not found[i, len(symbols) :].any()
    unreachable = head.symbol_confidences(frames([2, 2]), labels([[0, 1, 2, 0, 1], [1]])).numpy()
    assert not unreachable[0].any() and unreachable[1, 0] > 0


@every_head
def test_a_temperature_scales_all_probabilities_but_not_the_loss(name):
    head, batch, label = make(name), frames(LENGTHS, padding=2), labels(LABELS)
    reached = np.isfinite(head.score(batch, label))
    cold, losses = head.score(batch, label), head.loss(batch, label, KEYS[0])
    head.temperature = 2.5
    score, found = head.score(batch, label), head.decode(batch, Beam(4, 2))
    assert (np.abs(score - cold)[reached] > 1e-3).all()
    for k in range(2):
        again = head.score(batch, Labels(found.ids[:, k], found.lengths[:, k]))
        valid = found.valid[:, k]
        np.testing.assert_allclose(found.log_probs[:, k][valid], again[valid], rtol=1e-4)
    np.testing.assert_array_equal(head.loss(batch, label, KEYS[0]), losses)
    head.temperature = 1e6  # every class is as probable as any other
    confidences = head.symbol_confidences(batch, label)
    if confidences is not None:
        inside = tf.sequence_mask(label.lengths, label.ids.shape[1]) & reached[:, None]
        np.testing.assert_allclose(confidences[inside], 1 / head.alphabet.classes, rtol=1e-3)


@every_head
def test_a_temperature_of_one_changes_no_bit(name):
    values = tf.constant(np.random.default_rng(0).standard_normal(1000).astype(np.float32) * 1e3)
    np.testing.assert_array_equal(make(name).tempered(values), values)


@every_head
def test_a_path_is_one_of_those_that_the_score_sums(name):
    head = make(name)
    batch, label = frames(LENGTHS, padding=3, garbage=30.0), labels(LABELS, padding=2)
    found = head.path(batch, label)
    if found is None:
        return
    places, log_prob = found[0].numpy(), found[1].numpy()
    assert places.shape == batch.values.shape[:2]
    reached = np.isfinite(head.score(batch, label))
    np.testing.assert_array_equal(np.isfinite(log_prob), reached)
    assert (log_prob <= head.score(batch, label).numpy() + 1e-5).all()
    for i, (row, steps, symbols) in enumerate(zip(places, LENGTHS, LABELS)):
        assert set(row) - {-1} == (set(range(len(symbols))) if reached[i] else set())
        own, total = head.path(*alone(batch, label, i))
        np.testing.assert_array_equal(own[0], row[:steps])
        np.testing.assert_allclose(total, log_prob[i : i + 1], rtol=1e-4)
        assert (row[steps:] == -1).all()


@functools.lru_cache(maxsize=1)
def reader(name: str, search: Search) -> Callable[[Frames], Hypotheses]:
    """A head's search as a graph of any shape, which takes less time for many batches."""
    vector = tf.TensorSpec([None], tf.int32)
    signature = [Frames(tf.TensorSpec([None, None, SIZE]), vector)]
    return graph(functools.partial(make(name).decode, search=search), signature)


@pytest.mark.parametrize("padding, garbage", [(0, 0.0), (3, 0.0), (17, 30.0)])
@every_head
@every_search
def test_a_line_is_read_the_same_alone_and_in_any_batch(name, search, padding, garbage):
    read = reader(name, search)
    batch = frames(LENGTHS, padding, garbage)
    found = read(batch)
    texts = [rows(*line) for line in zip(found.ids, found.lengths)]
    # Otherwise nothing would be compared; a wide beam may read every line as the empty text.
    assert len({round(float(p), 3) for p in found.log_probs[:, 0]}) > 3
    for i in range(len(LENGTHS)):
        single = read(alone(batch, labels(LABELS), i)[0])
        assert rows(single.ids[0], single.lengths[0]) == texts[i]
        np.testing.assert_array_equal(single.ended[0], found.ended[i])
        np.testing.assert_array_equal(single.valid[0], found.valid[i])
        for one, two in (
            (single.log_probs, found.log_probs),
            (single.objective, found.objective),
        ):
            np.testing.assert_allclose(one[0], two[i], rtol=1e-4)


@every_head
@every_search
def test_hypotheses_are_distinct_texts_with_their_scores(name, search):
    head, batch = make(name), frames(LENGTHS, padding=2)
    found = head.decode(batch, search)
    count, best = len(LENGTHS), search.best
    assert found.ids.shape[:2] == [count, best] and found.valid[:, 0].numpy().all()
    for field in (found.lengths, found.log_probs, found.objective, found.ended):
        assert field.shape == [count, best]
    assert (found.objective[:, 1:] <= found.objective[:, :-1]).numpy().all()
    for k in range(best):
        texts = rows(found.ids[:, k], found.lengths[:, k])
        assert all(0 <= i < len(head.alphabet) for text in texts for i in text)
        for row, text in zip(found.ids[:, k].numpy(), texts):
            assert (row[len(text) :] == head.alphabet.pad).all()
        score = head.score(batch, Labels(found.ids[:, k], found.lengths[:, k]))
        assert np.isfinite(score).all()
        valid = found.valid[:, k]
        np.testing.assert_allclose(found.log_probs[:, k][valid], score[valid], rtol=1e-4, atol=1e-5)
    for ids, lengths, valid in zip(found.ids, found.lengths, found.valid.numpy()):
        texts = [tuple(text) for text, is_valid in zip(rows(ids, lengths), valid) if is_valid]
        assert len(set(texts)) == len(texts)


@pytest.fixture(scope="module")
def guides(tmp_path_factory):
    """(language model, lexicon) of the symbols of `make`"""
    folder = tmp_path_factory.mktemp("guides")
    said = [["a", "b", "c"], ["c", "a"], ["b", "b", "a"], ["a"]]
    arpa.write(kneser_ney.estimate(said, 2), folder / "model.arpa")
    (folder / "words.txt").write_text("ab\nc\nbba\nac\n")
    return str(folder / "model.arpa"), str(folder / "words.txt")


@each_head
def test_what_a_search_ranks_by_is_no_part_of_the_log_probs(name, guides):
    """Language model, lexicon and powers of the length choose texts; log p is the network's alone."""
    model, words = guides
    head, batch = make(name), frames(LENGTHS, padding=2)
    head.temperature = 1.7
    for search in (
        Beam(4, 3, lm=model, lm_weight=0.8, bonus=0.5),
        Beam(4, 2, lexicon=words),
        Beam(4, 2, lm=model, lexicon=words, symbols=2),
        Beam(4, 3, length_norm=1.0),
        Beam(4, 3, coverage=0.3),
    ):
        found = head.decode(batch, search)
        for k in range(search.best):
            score = head.score(batch, Labels(found.ids[:, k], found.lengths[:, k]))
            valid = found.valid[:, k]
            np.testing.assert_allclose(
                found.log_probs[:, k][valid], score[valid], rtol=1e-4, atol=1e-5
            )
        if search.lm:
            assert (np.abs(found.objective - found.log_probs)[found.valid] > 1e-3).any()


@every_head
def test_a_wide_beam_finds_nothing_less_likely_than_greedy(name):
    head, batch = make(name), frames(5 * LENGTHS)
    wide, greedy = head.decode(batch, Beam(64)), head.decode(batch)
    assert (wide.log_probs >= greedy.log_probs - 1e-4).numpy().all()
    assert (wide.log_probs > greedy.log_probs + 1e-3).numpy().any()


@every_head
def test_a_search_for_the_other_kind_of_head_is_refused(name):
    with pytest.raises(InputError, match="cannot be used with"):
        make(name).decode(frames([3]), Search())


@every_head
def test_without_a_key_the_loss_is_minus_the_score(name):
    head = make(name)
    for batch, label in (
        (frames(LENGTHS), labels(LABELS)),
        (frames([3, 5]), labels([[], []])),
        (frames([2, 2, 2, 2, 3]), labels(UNREACHABLE)),
    ):
        loss, score = head.loss(batch, label).numpy(), head.score(batch, label).numpy()
        assert (score <= 0).all() and (loss >= 0).all()  # and so not NaN
        np.testing.assert_allclose(loss, -score, rtol=1e-4)


@every_head
def test_every_label_has_a_score_and_bad_ones_spoil_no_gradient(name):
    head = make(name)
    batch, label = frames([2, 2, 2, 2, 3], padding=1), labels(UNREACHABLE, padding=1)
    with tf.GradientTape() as tape:
        tape.watch(batch.values)
        losses = head.loss(batch, label, KEYS[0], 0.0)
        loss = tf.reduce_sum(tf.where(tf.math.is_finite(losses), losses, 0.0))
    finite = np.isfinite(losses)
    assert finite[2:4].all()
    gradients = tape.gradient(loss, [batch.values, *head.trainable_variables])
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    by_line = np.abs(gradients[0]).max(axis=(1, 2))
    np.testing.assert_array_equal(by_line > 0, finite)


@every_head
def test_a_label_is_reachable_from_its_needed_steps_on(name):
    """The rule by which training counts and skips lines is the score's own, and so the loss'."""
    head, config = make(name), CONFIGS[name]
    strings = [list(x) for n in range(5) for x in itertools.product(range(2), repeat=n)]
    for spare in (0, 1, -1):
        cases = [(x, config.needed_steps(x) + spare) for x in strings]
        cases = [(x, steps) for x, steps in cases if steps > 0]
        batch = frames([steps for _, steps in cases], padding=2)
        label = labels([x for x, _ in cases])
        reached = np.isfinite(head.score(batch, label))
        assert reached.all() if spare >= 0 else not reached.any()
        np.testing.assert_array_equal(np.isfinite(head.loss(batch, label, KEYS[0])), reached)


@every_head
def test_every_weight_has_a_gradient(name):
    head = make(name)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head.loss(frames(LENGTHS), labels(LABELS), KEYS[0], 0.0))
    gradients = tape.gradient(loss, head.trainable_variables)
    assert len(gradients) == len(head.variables) > 0
    for variable, gradient in zip(head.trainable_variables, gradients):
        assert gradient is not None, variable.name
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, variable.name


@every_head
def test_the_gradient_is_that_of_the_loss(name):
    """Along the gradient itself, where a difference of losses rounds least."""
    head = make(name)
    batch, label = frames(LENGTHS), labels(LABELS)
    weights = head.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head.loss(batch, label))
    gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
    norm = tf.linalg.global_norm(gradients)
    directions = [gradient / norm for gradient in gradients]
    losses = []
    for distance in (-0.001, 0.002):
        for weight, direction in zip(weights, directions):
            weight.assign_add(distance * direction)
        losses.append(float(tf.reduce_sum(head.loss(batch, label))))
    assert (losses[1] - losses[0]) / 0.002 == pytest.approx(float(norm), rel=0.02)


@every_head
def test_strings_share_a_probability_of_at_most_one(name):
    head = make(name, "ab")
    steps = 3
    strings = [list(x) for n in range(steps + 2) for x in itertools.product(range(2), repeat=n)]
    line = frames([steps])
    batch = Frames(tf.repeat(line.values, len(strings), 0), tf.repeat(line.lengths, len(strings)))
    total = np.exp(head.score(batch, labels(strings))).sum()
    assert 0.01 < total < 1 + 1e-5


@every_head
def test_dropout_follows_the_key(name):
    head = make(name)
    batch, label = frames(LENGTHS), labels(LABELS)
    first, again, other = (head.loss(batch, label, key).numpy() for key in (KEYS[0], *KEYS))
    np.testing.assert_array_equal(first, again)
    drops = any("dropout" in option for option in CONFIGS[name].__dataclass_fields__)
    assert (first != other).any() == drops
    assert (first != head.loss(batch, label).numpy()).any() == drops


@each_head
def test_graphs_of_unknown_shapes_give_what_eager_code_gives(name):
    head = make(name)
    vector = tf.TensorSpec([None], tf.int32)
    shapes = Frames(tf.TensorSpec([None, None, SIZE]), vector)
    both = [shapes, Labels(tf.TensorSpec([None, None], tf.int32), vector)]
    functions = {
        head.loss: both,
        head.score: both,
        head.align: both,
        head.symbol_confidences: both,
        head.decode: [shapes],
        functools.partial(head.decode, search=Beam(3, 2)): [shapes],
        **{functools.partial(head.decode, search=kind()): [shapes] for kind in SEARCHES.values()},
    }
    cases = [(frames(LENGTHS), labels(LABELS)), (frames([2, 1]), labels([[], []]))]
    for function, signature in functions.items():
        compiled_function = graph(functools.partial(function), signature)
        for case in cases:
            given = case[: len(signature)]
            eager, compiled = function(*given), compiled_function(*given)
            if eager is None:  # what a head may leave out
                continue
            for one, two in zip(tf.nest.flatten(eager), tf.nest.flatten(compiled)):
                np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


@every_head
def test_frames_of_bfloat16_are_computed_in_float32(name):
    head = make(name)
    half = frames(LENGTHS)
    half = Frames(tf.cast(half.values, tf.bfloat16), half.lengths)
    full = Frames(tf.cast(half.values, tf.float32), half.lengths)
    for key in (None, KEYS[0]):
        loss = head.loss(half, labels(LABELS), key)
        assert loss.dtype == tf.float32
        np.testing.assert_allclose(loss, head.loss(full, labels(LABELS), key), rtol=1e-6)
    assert head.align(half, labels(LABELS)).dtype == tf.float32
    found, expected = head.decode(half), head.decode(full)
    np.testing.assert_array_equal(found.ids, expected.ids)
    assert found.log_probs.dtype == tf.float32


@every_head
def test_aids_are_options_that_say_when_they_are_off(name):
    config = CONFIGS[name]
    for aid in aids_of(config):
        off, on = (
            aid.in_use(dataclasses.replace(config, **{aid.option: value})) for value in (0, 1)
        )
        assert not off and f"--head.{aid.option}=1" in on
        assert f"--head.{aid.until}=" in on if aid.until else "until" not in on
