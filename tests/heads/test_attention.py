from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import graphs
from ocr_tf.decode.autoregressive import force
from ocr_tf.heads import HEADS
from ocr_tf.heads.alignment_losses import off_diagonal
from ocr_tf.positions import positions
from ocr_tf.types import Frames, Labels

from .lines import frames, labels, make, rows

LENGTHS = [9, 4, 1, 6]
LABELS = [[0, 1, 1, 2], [2], [], [0, 0, 0]]
KEY = tf.constant([1, 2])


def start(head, batch):
    with tf.name_scope(head.name):
        return head.begin(batch)


def chain(head, batch, text) -> tuple[float, float]:
    """Log probability of the first line's text with its end, and without: one `step` a symbol."""
    state, fed, total = start(head, batch), head.alphabet.start, 0.0
    for symbol in text:
        log_probs, _, state = head.step(tf.constant([fed]), state)
        total, fed = total + float(log_probs[0, symbol]), symbol
    log_probs, _, _ = head.step(tf.constant([fed]), state)
    return total + float(log_probs[0, head.alphabet.end]), total


def test_the_score_is_the_product_of_its_steps():
    head, line = make("attention", "ab"), frames([4])
    for text in itertools.chain.from_iterable(
        itertools.product(range(2), repeat=n) for n in (0, 1, 3)
    ):
        score = float(head.score(line, labels([text]))[0])
        assert score == pytest.approx(chain(head, line, text)[0], rel=1e-5)


def test_strings_and_what_is_longer_share_a_probability_of_one():
    head, line = make("attention", "ab"), frames([3])
    strings = [x for n in range(3) for x in itertools.product(range(2), repeat=n)]
    ended = sum(np.exp(float(head.score(line, labels([text]))[0])) for text in strings)
    open_ = sum(np.exp(chain(head, line, x)[1]) for x in itertools.product(range(2), repeat=3))
    assert ended + open_ == pytest.approx(1, rel=1e-5)


def test_every_symbol_looks_at_the_whole_line_once():
    head = make("attention")
    found = head.align(frames(LENGTHS, padding=3), labels(LABELS, padding=2)).numpy()
    for line, steps, label in zip(found, LENGTHS, LABELS):
        np.testing.assert_allclose(line[: len(label), :steps].sum(axis=1), 1, rtol=1e-5)
        assert (line[: len(label), :steps] > 0).all()


def test_the_first_symbol_sees_the_image_at_its_own_step():
    """Wired otherwise, it would come from a cell that has not attended yet."""
    head, line = make("attention"), frames([5])
    with tf.GradientTape() as tape:
        tape.watch(line.values)
        log_probs, _, _ = head.step(tf.constant([head.alphabet.start]), start(head, line))
        gain = log_probs[0, 0]
    assert np.abs(tape.gradient(gain, line.values)).max() > 1e-4


def test_a_symbols_confidence_is_its_probability_at_its_step():
    """By the decoder's own steps, which searches take."""
    head = make("attention")
    batch, label = frames(LENGTHS, padding=2), labels(LABELS, padding=1)
    gains, _ = force(head.decoder_of(batch), label)
    found = head.symbol_confidences(batch, label).numpy()
    for row, gain, symbols in zip(found, gains.numpy(), LABELS):
        np.testing.assert_allclose(row[: len(symbols)], np.exp(gain[: len(symbols)]), rtol=1e-4)
    products = [row[: len(symbols)].prod() for row, symbols in zip(found, LABELS)]
    ends = [gain[len(symbols)] for gain, symbols in zip(gains.numpy(), LABELS)]
    np.testing.assert_allclose(np.log(products) + ends, head.score(batch, label), rtol=1e-4)


def biased(symbol: int, by: float, **options):
    head = make("attention", **options)
    bias = head.output_layer.bias
    bias.assign_add(by * tf.one_hot(symbol, bias.shape[0]))
    return head


def test_a_search_cut_off_at_the_number_of_frames_says_so_and_still_has_its_score():
    head, batch = biased(symbol=1, by=100.0), frames(LENGTHS, padding=2)
    found = head.decode(batch)
    assert rows(found.ids[:, 0], found.lengths[:, 0]) == [[1] * steps for steps in LENGTHS]
    assert not found.ended.numpy().any()
    score = head.score(batch, Labels(found.ids[:, 0], found.lengths[:, 0]))
    np.testing.assert_allclose(found.log_probs[:, 0], score, rtol=1e-5)
    assert (found.log_probs < found.objective - 10).numpy().all()  # the missing end costs


def test_a_search_that_ends_at_once_reads_nothing():
    head = biased(symbol=3, by=100.0)  # the end
    found = head.decode(frames(LENGTHS))
    assert found.ended.numpy().all() and found.ids.shape == [len(LENGTHS), 1, 0]
    np.testing.assert_allclose(found.log_probs, 0, atol=1e-4)


def test_some_lines_end_and_others_do_not():
    """Of the same batch: the scores of both are right, which come from two places."""
    for by in np.linspace(0, 8, 30):
        head, batch = biased(symbol=3, by=by, location=0), frames([12] * 8)
        found = head.decode(batch)
        if len(set(found.ended.numpy().ravel())) == 2:
            break
    else:
        pytest.fail("no bias made only some lines end")
    score = head.score(batch, Labels(found.ids[:, 0], found.lengths[:, 0]))
    np.testing.assert_allclose(found.log_probs[:, 0], score, rtol=1e-5)
    ended = found.ended.numpy()
    assert ((found.log_probs == found.objective).numpy() == ended).all()


def test_one_call_leaves_nothing_behind_for_the_next():
    """The mechanism keeps its memory: another batch in between must not be seen."""
    head = make("attention")
    batch, label = frames(LENGTHS), labels(LABELS)
    first = head.score(batch, label), head.align(batch, label), head.decode(batch).log_probs
    for other in (frames([2], seed=1), frames([3, 20], seed=2)):
        head.decode(other)
        again = head.score(batch, label), head.align(batch, label), head.decode(batch).log_probs
        for one, two in zip(first, again):
            np.testing.assert_array_equal(one, two)


def test_smoothing_mixes_in_every_class():
    options = {"dropout": 0.0, "symbol_dropout": 0.0}
    plain, smooth = make("attention", **options), make("attention", smoothing=0.3, **options)
    batch, label = frames(LENGTHS), labels(LABELS)
    means = []  # over the classes, summed over the line's symbols and its end
    for i, text in enumerate(LABELS):
        line = Frames(batch.values[i : i + 1], batch.lengths[i : i + 1])
        state, total = start(plain, line), 0.0
        for fed in [plain.alphabet.start, *text]:
            log_probs, _, state = plain.step(tf.constant([fed]), state)
            total += float(tf.reduce_mean(log_probs))
        means.append(total)
    expected = 0.7 * plain.loss(batch, label, KEY) - 0.3 * np.array(means)
    np.testing.assert_allclose(smooth.loss(batch, label, KEY), expected, rtol=1e-4)
    np.testing.assert_allclose(smooth.loss(batch, label), plain.loss(batch, label), rtol=1e-6)


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_symbol_tells_the_next_step_nothing(hidden):
    """Then the second symbol's distribution is the same after either first one, and sums agree."""
    head = make("attention", symbol_dropout=float(hidden), dropout=0.0)
    line = frames([6])
    losses = {
        text: float(head.loss(line, labels([text]), KEY)[0])
        for text in itertools.product(range(2), repeat=2)
    }
    difference = losses[0, 0] + losses[1, 1] - losses[0, 1] - losses[1, 0]
    assert (abs(difference) < 1e-4) == hidden


@pytest.mark.parametrize("size", [0, 2, 32])
def test_a_shift_in_position_is_a_rotation(size):
    found = positions(200, size).numpy()
    assert found.shape == (200, size)
    if not size:
        return
    np.testing.assert_array_equal(positions(150, size, 50.0), found[50:])
    np.testing.assert_allclose(found[0], [0] * (size // 2) + [1] * (size // 2), atol=1e-6)
    sines, cosines = np.split(found, 2, axis=1)
    waves = np.exp(1j * np.arctan2(sines, cosines))
    shifts = waves[7:] / waves[:-7]
    np.testing.assert_allclose(shifts, np.broadcast_to(shifts[:1], shifts.shape), atol=1e-4)
    # The shortest wave is 4 steps; the longest takes 4096, so that no two places look the same.
    np.testing.assert_allclose(sines[:5, 0], [0, 1, 0, -1, 0], atol=1e-5)
    if size > 2:
        assert np.angle(waves[1, -1]) == pytest.approx(2 * np.pi / 4096, rel=1e-4)


def test_an_odd_number_of_position_features_is_refused():
    with pytest.raises(ValueError, match="--head.positions: an even number, not 7"):
        HEADS["attention"](positions=7)


def test_a_number_of_heads_that_does_not_divide_the_vector_is_refused():
    with pytest.raises(
        ValueError, match="--head.heads: a divisor of --head.attention_units=128, not 3"
    ):
        HEADS["attention"](heads=3)


@pytest.mark.parametrize("location", [0, 5])
@pytest.mark.parametrize("scoring", ["additive", "dot"])
def test_a_frame_is_scored_as_the_papers_say(scoring, location):
    """With the location term inside the hidden layer, or added to the key."""
    head = make("attention", scoring=scoring, location=location, units=7, attention_units=4)
    batch, draw = frames([6, 4]), np.random.default_rng(0)
    start(head, batch)
    (mechanism,) = head.mechanisms
    query = draw.standard_normal([2, 7]).astype(np.float32)
    total = draw.random([2, 6]).astype(np.float32)
    found, after = mechanism._calculate_attention(tf.constant(query), tf.constant(total))
    np.testing.assert_allclose(after, total + found, rtol=1e-6)
    keys = mechanism.keys.numpy()
    for line, length in enumerate((6, 4)):
        energies = []
        for t in range(length):
            key = keys[line, t].copy()
            for tap in range(location):
                if 0 <= t + tap - location // 2 < 6:
                    key += total[line, t + tap - location // 2] * mechanism.location[tap].numpy()
            if scoring == "dot":
                energies.append(query[line] @ key)
            else:
                hidden = np.tanh(key + query[line] @ mechanism.query_layer.kernel.numpy())
                energies.append(hidden @ mechanism.attention_v.numpy())
        weights = np.exp(energies - np.max(energies))
        np.testing.assert_allclose(found[line, :length], weights / weights.sum(), rtol=1e-4)
        assert not found[line, length:].numpy().any()


@pytest.mark.parametrize("large", [0, 2**30], ids=["compiled", "plain"])
@pytest.mark.parametrize("location, output", [(0, "linear"), (5, "linear"), (5, "tanh")])
def test_the_loop_of_training_is_the_steps_of_the_search(location, output, large, monkeypatch):
    """Log probabilities, alignments and the gradients of both, of every weight and of the frames."""
    monkeypatch.setattr(graphs, "LARGE", large)
    sizes = {"units": 24, "attention_units": 16, "embedding": 8}
    head = make("attention", location=location, output=output, ctc=0.0, **sizes)
    batch, label = frames(LENGTHS, padding=2), labels(LABELS)
    fed = tf.pad(tf.maximum(label.ids, 0), [[0, 0], [1, 0]], constant_values=head.alphabet.start)
    draw = np.random.default_rng(0)
    by_logits = draw.standard_normal([4, 5, 4]).astype(np.float32)
    by_weights = draw.standard_normal([4, 5, 11]).astype(np.float32)

    def stepped(batch):
        state, log_probs, alignments = start(head, batch), [], []
        for n in range(5):
            values, alignment, state = head.step(fed[:, n], state)
            log_probs.append(values)
            alignments.append(alignment)
        return tf.stack(log_probs, 1), tf.stack(alignments, 1)

    def looped(batch):
        with tf.name_scope(head.name):
            attended, alignments = head.attend(batch, head._embed(fed), None)
            return tf.nn.log_softmax(head.output_layer(attended)), alignments

    results = []
    for way in (stepped, looped, tf.function(looped, autograph=False)):
        with tf.GradientTape() as tape:
            tape.watch(batch.values)
            log_probs, alignments = way(batch)
            total = tf.reduce_sum(log_probs * by_logits) + tf.reduce_sum(alignments * by_weights)
        variables = [*head.trainable_variables, batch.values]
        gradients = map(tf.convert_to_tensor, tape.gradient(total, variables))
        results.append([log_probs, alignments, *gradients])
    for other in results[1:]:
        for expected, value in zip(results[0], other):
            scale = np.abs(expected).max()
            assert scale > 0
            np.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-4 * scale)


def test_only_attention_off_the_diagonal_costs():
    line, label = frames([8], padding=2), labels([[0, 1, 2]])  # three symbols and the end
    diagonal = np.repeat(np.eye(4, dtype=np.float32), 2, axis=1)[None] / 2
    costs = {
        name: float(off_diagonal(tf.pad(weights, [[0, 0], [0, 1], [0, 2]]), label, line)[0])
        for name, weights in (
            ("diagonal", diagonal),
            ("spread", np.full_like(diagonal, 1 / 8)),
            ("against", diagonal[:, ::-1]),
        )
    }
    assert costs["diagonal"] < 0.4 < costs["spread"] < costs["against"] < 4


def test_aids_fade_and_leave_the_loss_of_an_attention_head():
    options = {"dropout": 0.0, "symbol_dropout": 0.0}
    head, batch, label = (
        make("attention", aids_until=0.5, **options),
        frames(LENGTHS),
        labels(LABELS),
    )
    plain = -head.score(batch, label)
    losses = {
        at: head.loss(batch, label, KEY, tf.constant(at)).numpy() for at in (0.0, 0.25, 0.5, 1.0)
    }
    assert (losses[0.0][:2] != plain[:2]).numpy().all()
    np.testing.assert_allclose(losses[0.5], plain, rtol=1e-6)
    np.testing.assert_allclose(losses[1.0], plain, rtol=1e-6)
    np.testing.assert_allclose(losses[0.25][:2], (0.5 * (losses[0.0] + plain))[:2], rtol=1e-4)
