from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.decode import ctc_lattice
from ocr_tf.types import Frames, Labels

BLANK = 2  # of the small cases: two symbols, a blank, and every path written out
SMALL = [label for n in range(5) for label in itertools.product(range(BLANK), repeat=n)]
LONGEST = 5  # steps of the small cases


def collapse(path: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A path's text, and for each step the index of the symbol it stands in (-1: none)."""
    text: list[int] = []
    places = []
    before = BLANK
    for symbol in path:
        if symbol != BLANK and symbol != before:
            text.append(symbol)
        places.append(-1 if symbol == BLANK else len(text) - 1)
        before = symbol
    return tuple(text), tuple(places)


@functools.cache
def spellings(steps: int) -> dict:
    """Every path of `steps` steps by the text it spells: {text: [(path, places), ...]}."""
    found: dict = {}
    for path in itertools.product(range(BLANK + 1), repeat=steps):
        text, places = collapse(path)
        found.setdefault(text, []).append((path, places))
    return found


def brute(log_probs: np.ndarray, label: tuple[int, ...]) -> tuple[float, np.ndarray]:
    """Score and occupancies [L, T] of a label by summing over paths; log_probs [T, C]."""
    steps = len(log_probs)
    total, inside = 0.0, np.zeros([len(label), steps])
    for path, places in spellings(steps).get(label, []):
        p = np.exp(log_probs[range(steps), path].sum(dtype=np.float64))
        total += p
        for t, place in enumerate(places):
            if place >= 0:
                inside[place, t] += p
    if not total:
        return -np.inf, inside
    return np.log(total), inside / total


def normalized(rng: np.random.Generator, *shape: int, sharpness: float = 2.0) -> np.ndarray:
    logits = sharpness * rng.standard_normal(shape)
    return (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(np.float32)


def ragged(rows: list, garbage: tuple, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Rows of unequal length in one array whose padding cycles through `garbage`; lengths int32."""
    lengths = np.array([len(row) for row in rows], np.int32)
    shape = [len(rows), lengths.max(initial=0), *np.shape(rows[0])[1:]]
    values = np.resize(np.array(garbage, dtype), shape)
    for value, row in zip(values, rows):
        value[: len(row)] = row
    return values, lengths


def frames_of(rows: list, garbage: tuple = (np.nan, 7.0, -np.inf, 0.0)) -> Frames:
    return Frames(*map(tf.constant, ragged(rows, garbage, np.float32)))


def labels_of(rows: list, garbage: tuple = (1, -1, 2, 10**6)) -> Labels:
    return Labels(*map(tf.constant, ragged(rows, garbage, np.int32)))


@pytest.fixture(scope="module")
def small() -> tuple[list[np.ndarray], list[tuple[int, ...]]]:
    """Lines of 1 to 5 steps, each with every label of up to 4 symbols: reachable or not."""
    rng = np.random.default_rng(0)
    pairs = [(normalized(rng, t, BLANK + 1), x) for t in range(1, LONGEST + 1) for x in SMALL]
    lines, labels = zip(*pairs)
    return list(lines), list(labels)


def test_score_sums_all_paths(small):
    lines, labels = small
    score = ctc_lattice.score(frames_of(lines), labels_of(labels), BLANK).numpy()
    expected = [brute(line, label)[0] for line, label in zip(lines, labels)]
    assert np.isinf(expected).any()
    np.testing.assert_allclose(score, expected, rtol=1e-5, atol=1e-6)


def test_occupancies_sum_all_paths(small):
    lines, labels = small
    found = ctc_lattice.occupancies(frames_of(lines), labels_of(labels), BLANK).numpy()
    expected = np.zeros_like(found)
    for row, line, label in zip(expected, lines, labels):
        row[: len(label), : len(line)] = brute(line, label)[1]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_occupancies_are_the_automatic_gradient_of_the_score(small):
    """Of log p, summed over all paths, by a frame's log p of a class (Graves et al. 2006, equation 15)."""
    pairs = [(a, b) for a, b in zip(*small) if len(a) == LONGEST and b in spellings(LONGEST)]
    lines, labels = (list(values) for values in zip(*pairs))
    found = ctc_lattice.occupancies(frames_of(lines), labels_of(labels), BLANK).numpy()
    for line, label, own in zip(lines, labels, found):
        paths = tf.constant([path for path, _ in spellings(LONGEST)[label]])
        values = tf.constant(line)
        with tf.GradientTape() as tape:
            tape.watch(values)
            emitted = tf.gather(values, tf.transpose(paths), axis=1, batch_dims=1)  # [T, paths]
            score = tf.reduce_logsumexp(tf.reduce_sum(emitted, axis=0))
        gradient = tf.convert_to_tensor(tape.gradient(score, values)).numpy()  # [T, C]
        expected = np.zeros_like(gradient)
        for place, symbol in enumerate(label):
            expected[:, symbol] += own[place]
        expected[:, BLANK] = 1 - own[: len(label)].sum(axis=0)
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_symbol_confidences_weigh_posteriors_by_all_paths(small):
    lines, labels = small
    found = ctc_lattice.symbol_confidences(frames_of(lines), labels_of(labels), BLANK).numpy()
    expected = np.zeros_like(found)
    for row, line, label in zip(expected, lines, labels):
        for i, (symbol, weights) in enumerate(zip(label, brute(line, label)[1])):
            if weights.any():
                row[i] = (weights * np.exp(line[:, symbol])).sum() / weights.sum()
    assert (expected > 0.5).any() and (expected == 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found <= 1).all()


def followed(
    log_probs: np.ndarray, label: tuple[int, ...], places: np.ndarray, blank: int
) -> float:
    """Log probability of a forced path, of which is checked that it spells the label."""
    assert (places < len(label)).all() and (places >= -1).all()
    held = np.array([*label, blank])[places]  # -1 is the blank
    text, own = collapse(tuple(np.where(places < 0, BLANK, places + 10)))  # symbols told apart
    assert text == tuple(range(10, 10 + len(label))) and own == tuple(places)
    merged = [a for a, b in zip(held, [blank, *held]) if a != b and a != blank]
    assert merged == list(label)  # equal neighbors are kept apart
    return float(log_probs[range(len(log_probs)), held].sum(dtype=np.float64))


def test_the_forced_path_is_the_best_of_all_paths(small):
    lines, labels = small
    places, log_prob = ctc_lattice.forced_path(frames_of(lines), labels_of(labels), BLANK)
    for row, total, line, label in zip(places.numpy(), log_prob.numpy(), lines, labels):
        steps = len(line)
        paths = [path for path, _ in spellings(steps).get(label, [])]
        best = max((line[range(steps), path].sum() for path in paths), default=-np.inf)
        assert total == pytest.approx(best, rel=1e-5)
        assert (row[steps:] == -1).all()
        if paths:
            assert followed(line, label, row[:steps], BLANK) == pytest.approx(best, rel=1e-5)
        else:
            assert (row == -1).all()


def test_no_path_through_a_class_of_probability_zero():
    with np.errstate(divide="ignore"):
        line = np.log(np.float32([[1, 0, 0], [0.5, 0, 0.5], [0.25, 0, 0.75]]))
    labels = labels_of([(0,), (0, 0), (1,), (0, 1), ()])
    frames = frames_of([line] * 5)
    score = ctc_lattice.score(frames, labels, BLANK)
    np.testing.assert_allclose(np.exp(score), [7 / 8, 1 / 8, 0, 0, 0], rtol=1e-6)
    found = ctc_lattice.occupancies(frames, labels, BLANK).numpy()
    np.testing.assert_allclose(found[0, 0], [1, 4 / 7, 1 / 7], rtol=1e-6)
    np.testing.assert_allclose(found[1, :2], [[1, 0, 0], [0, 0, 1]], atol=1e-6)
    assert not found[2:].any()
    path, log_prob = ctc_lattice.forced_path(frames, labels, BLANK)
    np.testing.assert_allclose(np.exp(log_prob), [3 / 8, 1 / 8, 0, 0, 0], rtol=1e-6)
    assert path[1:].numpy().tolist() == [[0, -1, 1]] + [[-1] * 3] * 3


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_all_strings_share_a_probability_of_one(steps):
    rng = np.random.default_rng(steps)
    strings = [x for n in range(steps + 2) for x in itertools.product(range(BLANK), repeat=n)]
    frames = frames_of([normalized(rng, steps, BLANK + 1)] * len(strings))
    score = ctc_lattice.score(frames, labels_of(strings), BLANK)
    assert np.exp(score).sum() == pytest.approx(1, rel=1e-5)


def large(sharpness: float) -> tuple[Frames, Labels, int]:
    """Sixteen lines of 130 to 200 steps and labels of 1 to 60 symbols, of 100 classes."""
    rng = np.random.default_rng(3)
    classes = 100
    lines = [
        normalized(rng, t, classes, sharpness=sharpness) for t in rng.integers(130, 201, size=16)
    ]
    labels = [rng.integers(0, classes - 1, size=n) for n in [1, 2, 60, *rng.integers(1, 61, 13)]]
    labels[3] = np.repeat(labels[3], 2)[:60]  # doubled symbols
    return frames_of(lines, (0.0, 9.0)), labels_of(labels, (3,)), classes - 1


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 5.0])
def test_score_equals_tensorflows_loss(sharpness):
    frames, labels, blank = large(sharpness)
    loss = tf.nn.ctc_loss(
        tf.RaggedTensor.from_tensor(labels.ids, labels.lengths).to_sparse(),
        frames.values,
        label_length=None,
        logit_length=frames.lengths,
        logits_time_major=False,
        blank_index=blank,
    )
    assert np.isfinite(loss).all()
    np.testing.assert_allclose(ctc_lattice.score(frames, labels, blank), -loss, rtol=1e-5)


@pytest.mark.parametrize("sharpness", [0.1, 5.0])
def test_occupancies_are_what_tensorflows_gradient_is_made_of(sharpness):
    """Softmax less gradient is the share of each class in a step: of the symbols, and of the blank.

    The kernel is the coarser of the two: it divides every step by one total of the line.
    """
    frames, labels, blank = large(sharpness)
    with tf.GradientTape() as tape:
        tape.watch(frames.values)
        loss = tf.nn.ctc_loss(
            tf.RaggedTensor.from_tensor(labels.ids, labels.lengths).to_sparse(),
            frames.values,
            label_length=None,
            logit_length=frames.lengths,
            logits_time_major=False,
            blank_index=blank,
        )
    shares = tf.exp(frames.values) - tape.gradient(loss, frames.values)  # [B, T, C]
    found = ctc_lattice.occupancies(frames, labels, blank)  # [B, L, T]
    by_class = tf.transpose(tf.one_hot(labels.ids, blank + 1), [0, 2, 1]) @ found  # [B, C, T]
    rest = 1 - tf.reduce_sum(found, axis=1)  # [B, T]
    by_class += tf.one_hot([blank], blank + 1)[:, :, None] * rest[:, None, :]
    for share, own, steps in zip(shares.numpy(), by_class.numpy(), frames.lengths.numpy()):
        np.testing.assert_allclose(share[:steps], own.T[:steps], atol=5e-3)


@pytest.mark.parametrize("sharpness", [0.1, 5.0])
def test_forward_and_backward_give_the_same_total_at_every_step(sharpness):
    frames, labels, blank = large(sharpness)
    both = ctc_lattice.forward_backward(frames, labels, blank).numpy().astype(float)
    score = ctc_lattice.score(frames, labels, blank).numpy()
    for i, (steps, length) in enumerate(zip(frames.lengths.numpy(), labels.lengths.numpy())):
        totals = np.logaddexp.reduce(both[:steps, i, : 2 * length + 1], axis=1)
        np.testing.assert_allclose(totals, score[i], rtol=1e-5)


@pytest.mark.parametrize("sharpness", [0.1, 5.0, 30.0])
def test_a_step_is_in_one_symbol_or_in_a_blank(sharpness):
    frames, labels, blank = large(sharpness)
    found = ctc_lattice.occupancies(frames, labels, blank).numpy()
    assert np.isfinite(found).all() and (found >= 0).all()
    assert found.sum(axis=1).max() < 1 + 1e-5
    inside = tf.sequence_mask(labels.lengths, labels.ids.shape[1]).numpy()
    assert found.sum(axis=2)[inside].min() > 1 - 1e-3  # every symbol takes at least a step
    for row, steps, length in zip(found, frames.lengths.numpy(), labels.lengths.numpy()):
        assert not row[length:].any() and not row[:, steps:].any()


@pytest.mark.parametrize("sharpness", [0.1, 5.0])
def test_long_forced_paths_spell_their_labels(sharpness):
    frames, labels, blank = large(sharpness)
    places, log_prob = ctc_lattice.forced_path(frames, labels, blank)
    score = ctc_lattice.score(frames, labels, blank).numpy()
    assert (log_prob.numpy() <= score).all()
    for i, (row, total) in enumerate(zip(places.numpy(), log_prob.numpy())):
        steps, length = int(frames.lengths[i]), int(labels.lengths[i])
        line, label = frames.values[i, :steps].numpy(), tuple(labels.ids[i, :length].numpy())
        assert followed(line, label, row[:steps], blank) == pytest.approx(total, rel=1e-5)
        assert (row[steps:] == -1).all()


def test_a_line_gives_the_same_alone_and_in_any_batch():
    frames, labels, blank = large(2.0)
    path, best = (t.numpy() for t in ctc_lattice.forced_path(frames, labels, blank))
    score = ctc_lattice.score(frames, labels, blank).numpy()
    found = ctc_lattice.occupancies(frames, labels, blank).numpy()
    for i in (0, 2, 3, 15):
        steps, length = int(frames.lengths[i]), int(labels.lengths[i])
        alone = Frames(frames.values[i : i + 1, :steps], frames.lengths[i : i + 1])
        label = Labels(labels.ids[i : i + 1, :length], labels.lengths[i : i + 1])
        np.testing.assert_allclose(
            ctc_lattice.score(alone, label, blank), score[i : i + 1], rtol=1e-6
        )
        rows = ctc_lattice.occupancies(alone, label, blank)[0]
        np.testing.assert_allclose(rows, found[i, :length, :steps], rtol=1e-4, atol=1e-6)
        own, total = ctc_lattice.forced_path(alone, label, blank)
        np.testing.assert_array_equal(own[0], path[i, :steps])
        np.testing.assert_allclose(total, best[i : i + 1], rtol=1e-6)


def test_graphs_of_unknown_shapes_give_what_eager_code_gives(small):
    signature = [
        Frames(tf.TensorSpec([None, None, None]), tf.TensorSpec([None], tf.int32)),
        Labels(tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)),
    ]
    lines, labels = small
    cases = [
        (frames_of(lines), labels_of(labels)),
        (frames_of([normalized(np.random.default_rng(1), 1, 3)]), labels_of([()])),
    ]
    for function in (ctc_lattice.score, ctc_lattice.occupancies, ctc_lattice.forced_path):
        graph = tf.function(
            functools.partial(function, blank=BLANK), input_signature=signature, autograph=False
        )
        for frames, label in cases:
            eager, compiled = function(frames, label, BLANK), graph(frames, label)
            for one, two in zip(tf.nest.flatten(compiled), tf.nest.flatten(eager)):
                np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_needed_steps_are_the_fewest_with_a_path():
    fewest = [next(t for t in itertools.count(len(x)) if x in spellings(t)) for x in SMALL]
    assert max(fewest) == 7
    assert ctc_lattice.needed_steps(labels_of(SMALL, (0,))).numpy().tolist() == fewest
    assert ctc_lattice.needed_steps(labels_of(SMALL, (-1,))).numpy().tolist() == fewest
    assert ctc_lattice.needed_steps(labels_of([(), ()])).numpy().tolist() == [0, 0]
