from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import autoregressive
from ocr_tf.decode.autoregressive import Decoder
from ocr_tf.types import Hypotheses, Labels

A, B, C, END, START = range(5)  # what a decoder is fed; it puts out A, B, C or END
PAD = -1
STEPS = 6  # T of the toys' alignments

# The best class after each fed symbol, and its probability; the three others share the rest.
CHAIN = {START: (A, 0.9), A: (B, 0.8), B: (B, 0.5), C: (END, 0.7), END: (END, 0.9)}


class Automaton:
    """Follows CHAIN, but the line's own patience decides when B gives way to C.

    State: patience [N], position [N]; the alignment is one-hot at the position.
    """

    def __init__(self) -> None:
        self.calls = 0

    def state(self, patience: list[int]) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.constant(patience), tf.zeros([len(patience)], tf.int32)

    def __call__(self, ids: tf.Tensor, state: tuple) -> tuple:
        self.calls += 1
        patience, position = state
        best = tf.gather([CHAIN[i][0] for i in range(5)], ids)
        share = tf.gather([CHAIN[i][1] for i in range(5)], ids)
        best = tf.where((ids == B) & (position > patience), C, best)
        right = tf.one_hot(best, 4)
        probabilities = right * share[:, None] + (1 - right) * ((1 - share) / 3)[:, None]
        alignment = tf.one_hot(position, STEPS)
        return tf.math.log(probabilities), alignment, (patience, position + 1)


NEVER = 10**6
# Patience, bound -> text, probability, ended.
LINES = [
    (1, 9, [A, B, C], 0.9 * 0.8 * 0.5 * 0.7, True),
    (3, 9, [A, B, B, B, C], 0.9 * 0.8 * 0.5**3 * 0.7, True),
    (1, 3, [A, B, C], 0.9 * 0.8 * 0.5 * 0.7, True),  # the end comes one step beyond the bound
    (1, 2, [A, B], 0.9 * 0.8, False),
    (NEVER, 4, [A, B, B, B], 0.9 * 0.8 * 0.5**2, False),
    (NEVER, 1, [A], 0.9, False),
]


def end_after(line) -> float:
    """Probability of the end behind the text of one of LINES."""
    last = line[2][-1]
    best, share = CHAIN[last]
    best = C if last == B and len(line[2]) > line[0] else best
    return share if best == END else (1 - share) / 3


def decoder(step, state) -> Decoder:
    return Decoder(lambda copies: state, step, Alphabet("abc"))


def search(lines):
    automaton = Automaton()
    patience, bounds = ([line[i] for line in lines] for i in (0, 1))
    return autoregressive.greedy(decoder(automaton, automaton.state(patience)), tf.constant(bounds))


def first(found: Hypotheses) -> Labels:
    return Labels(found.ids[:, 0], found.lengths[:, 0])


def rows(labels: Labels) -> list[list[int]]:
    pairs = zip(labels.ids.numpy().tolist(), labels.lengths.numpy())
    return [ids[:length] for ids, length in pairs]


def check(found: Hypotheses, lines) -> None:
    assert rows(first(found)) == [line[2] for line in lines]
    np.testing.assert_allclose(
        np.exp(found.objective[:, 0]), [line[3] for line in lines], rtol=1e-5
    )
    whole = [line[3] * (1 if line[4] else end_after(line)) for line in lines]
    np.testing.assert_allclose(np.exp(found.log_probs[:, 0]), whole, rtol=1e-5)
    assert found.ended[:, 0].numpy().tolist() == [line[4] for line in lines]
    for ids, line in zip(first(found).ids.numpy(), lines):
        assert (ids[len(line[2]) :] == PAD).all()


@pytest.mark.parametrize("line", LINES)
def test_greedy_follows_the_best_class_until_end_or_bound(line):
    check(search([line]), [line])


def test_a_line_reads_the_same_in_any_batch():
    check(search(LINES), LINES)
    check(search(LINES[::-1] * 2), LINES[::-1] * 2)


def test_nothing_is_read_where_the_end_comes_first():
    def step(ids, state):
        return tf.math.log([[0.1, 0.2, 0.1, 0.6]] * 2), tf.ones([2, 1]), state

    found = autoregressive.greedy(decoder(step, ()), tf.constant([3, 1]))
    assert found.ids.shape == [2, 1, 0] and found.ended.numpy().all()
    np.testing.assert_allclose(np.exp(found.log_probs[:, 0]), [0.6, 0.6], rtol=1e-6)


@pytest.mark.parametrize(
    "lines, calls",
    [(LINES[:1], 4), (LINES[:2], 6), ([LINES[0], LINES[5]], 4), (LINES[4:5], 5), (LINES, 6)],
)
def test_the_search_stops_when_every_line_has(lines, calls):
    automaton = Automaton()
    bounds = tf.constant([line[1] for line in lines])
    state = automaton.state([line[0] for line in lines])
    autoregressive.greedy(decoder(automaton, state), bounds)
    assert automaton.calls == calls


def test_without_stopping_early_the_same_is_read_in_all_the_steps_that_the_bound_allows():
    automaton = Automaton()
    for lines in (LINES[:1], LINES):
        automaton.calls = 0
        bounds = tf.constant([line[1] for line in lines])
        state = automaton.state([line[0] for line in lines])
        found = autoregressive.greedy(decoder(automaton, state), bounds, early_stop=False)
        check(found, lines)
        assert automaton.calls == 9 + 1  # the greatest bound, and the step that may still end


def test_a_graph_of_unknown_shapes():
    automaton = Automaton()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2, autograph=False)
    def graph(patience, bounds):
        state = (patience, tf.zeros_like(patience))
        return autoregressive.greedy(decoder(automaton, state), bounds)

    for lines in (LINES, LINES[:1], LINES[4:]):
        patience, bounds = (tf.constant([line[i] for line in lines]) for i in (0, 1))
        check(graph(patience, bounds), lines)


LABELS = [[A, B, C], [], [C, C, A, B], [A]]


def padded(garbage: int = 77) -> Labels:
    ids = np.full([len(LABELS), 6], garbage, np.int32)
    for row, label in zip(ids, LABELS):
        row[: len(label)] = label
    return Labels(tf.constant(ids), tf.constant([len(label) for label in LABELS]))


def expected_gains(label: list[int], patience: int) -> list[float]:
    gains = []
    for position, (fed, wanted) in enumerate(zip([START, *label], [*label, END])):
        best, share = CHAIN[fed]
        best = C if fed == B and position > patience else best
        gains.append(np.log(share if wanted == best else (1 - share) / 3))
    return gains


@pytest.mark.parametrize("garbage", [77, -1, B])
def test_force_gives_every_symbol_and_the_end_its_probability(garbage):
    automaton = Automaton()
    state = automaton.state([1, 1, 1, 1])
    gains, alignments = autoregressive.force(decoder(automaton, state), padded(garbage))
    assert gains.shape == [4, 7] and alignments.shape == [4, 7, STEPS]
    for row, places, label in zip(gains.numpy(), alignments.numpy(), LABELS):
        symbols = len(label) + 1
        np.testing.assert_allclose(row[:symbols], expected_gains(label, 1), rtol=1e-5)
        np.testing.assert_array_equal(places[:symbols], np.eye(STEPS)[:symbols])
        assert not row[symbols:].any() and not places[symbols:].any()


def test_force_over_what_greedy_found_gives_greedys_probability():
    lines = LINES
    found = search(lines)
    automaton = Automaton()
    state = automaton.state([line[0] for line in lines])
    gains, _ = autoregressive.force(decoder(automaton, state), first(found))
    np.testing.assert_allclose(tf.reduce_sum(gains, axis=1), found.log_probs[:, 0], rtol=1e-6)


def test_force_in_a_graph_of_unknown_shapes():
    automaton = Automaton()
    vector = tf.TensorSpec([None], tf.int32)

    @tf.function(input_signature=[vector, Labels(tf.TensorSpec([None, None], tf.int32), vector)])
    def graph(patience, labels):
        state = (patience, tf.zeros_like(patience))
        return autoregressive.force(decoder(automaton, state), labels)

    empty = Labels(tf.zeros([2, 0], tf.int32), tf.zeros([2], tf.int32))
    for patience, labels in ([1, 1, 1, 1], padded()), ([1, 1], empty):
        patience = tf.constant(patience)
        eager = autoregressive.force(
            decoder(automaton, (patience, tf.zeros_like(patience))), labels
        )
        for one, two in zip(graph(patience, labels), eager):
            np.testing.assert_allclose(one, two, rtol=1e-6)


def test_a_state_may_remember_every_symbol():
    """Along a dimension that is 0 before the first one, in graphs too."""

    def remembering(line):
        patience = tf.constant([line[0]])

        def step(ids, history):
            position = tf.fill(tf.shape(ids), tf.shape(history)[1])
            log_probs, alignment, _ = Automaton()(ids, (patience, position))
            return log_probs, alignment, tf.concat([history, ids[:, None]], axis=1)

        return Decoder(lambda copies: tf.zeros([copies, 0], tf.int32), step, Alphabet("abc"))

    for line in LINES:
        found = tf.function(
            lambda line=line: autoregressive.greedy(remembering(line), tf.constant([line[1]])),
            autograph=False,
        )()
        assert found.ids.numpy()[0, 0].tolist() == line[2]
        assert float(found.log_probs[0, 0]) == pytest.approx(
            np.log(line[3]) + (0 if line[4] else np.log(end_after(line))), rel=1e-5
        )
