"""Beam search against every text there is, over a decoder that remembers all it was fed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, Greedy, Search
from ocr_tf.decode.autoregressive import Decoder
from ocr_tf.types import Hypotheses

A, B, END, START = range(4)  # what a decoder is fed; it puts out A, B or END
PAD = -1
LONGEST = 4  # symbols
EVERYTHING = Beam(width=40, best=31)  # there are 1 + 2 + 4 + 8 + 16 texts
LINES = [(0, 4), (1, 2), (2, 3), (3, 1), (4, 4), (5, 3)]  # of each: its random table, its bound


class Memory:
    """A random distribution after every history of every line; each is a node of a binary tree."""

    def __init__(self, lines: int = len(LINES)) -> None:
        draw = np.random.default_rng(3)
        logits = 1.5 * draw.standard_normal([lines, 2 ** (LONGEST + 1), 3])
        self.table = tf.nn.log_softmax(tf.constant(logits, tf.float32))
        self.calls = 0

    def __call__(self, ids: tf.Tensor, state: tuple) -> tuple:
        self.calls += 1
        line, node = state
        node = tf.where(ids == START, 1, 2 * node + tf.where(ids == B, 1, 0))
        node = tf.minimum(node, 2 ** (LONGEST + 1) - 1)  # what is fed after the last step
        return tf.gather_nd(self.table, tf.stack([line, node], 1)), None, (line, node)

    def log_prob(self, line: int, text: tuple[int, ...]) -> float:
        """Of a text and its end."""
        node, total = 1, 0.0
        for symbol in (*text, END):
            total += float(self.table[line, node, symbol])
            node = 2 * node + (symbol == B)
        return total


@pytest.fixture(scope="module")
def memory():
    return Memory()


def search(memory, how: Search, lines=LINES) -> Hypotheses:
    names, bounds = (tf.constant(values) for values in zip(*lines))
    return how.autoregressive(decoder(memory, names), bounds)


def decoder(memory, names) -> Decoder:
    def begin(copies: int):
        repeated = tf.repeat(names, copies)
        return repeated, tf.zeros_like(repeated)

    return Decoder(begin, memory, Alphabet("ab"))


def texts(found: Hypotheses, line: int) -> list[tuple[int, ...]]:
    ids, lengths, valid = (t[line].numpy() for t in (found.ids, found.lengths, found.valid))
    return [tuple(row[:n].tolist()) for row, n, v in zip(ids, lengths, valid) if v]


def test_a_beam_that_drops_nothing_finds_the_best_texts(memory):
    for best in (1, 5, EVERYTHING.best):
        found = search(memory, Beam(EVERYTHING.width, best))
        for i, (line, bound) in enumerate(LINES):
            all_texts = [t for n in range(bound + 1) for t in itertools.product((A, B), repeat=n)]
            scores = {text: memory.log_prob(line, text) for text in all_texts}
            ranked = sorted(scores, key=scores.__getitem__, reverse=True)[:best]
            assert texts(found, i) == ranked
            valid = found.valid[i].numpy()
            expected = [scores[text] for text in ranked]
            np.testing.assert_allclose(found.log_probs[i][valid], expected, rtol=1e-5)


def test_texts_that_there_are_not_are_marked(memory):
    found = search(memory, EVERYTHING)
    for i, (_, bound) in enumerate(LINES):
        count = 2 ** (bound + 1) - 1
        assert found.valid[i].numpy().tolist() == [k < count for k in range(EVERYTHING.best)]
        assert (found.log_probs[i].numpy()[count:] == -np.inf).all()
        assert (
            not found.lengths[i].numpy()[count:].any() and not found.ended[i][count:].numpy().any()
        )
        assert (found.ids[i].numpy()[count:] == PAD).all()


def test_a_text_is_cut_off_only_at_its_bound_where_more_was_likelier(memory):
    found = search(memory, EVERYTHING)
    for i, (line, bound) in enumerate(LINES):
        ended = dict(zip(texts(found, i), found.ended[i].numpy()))
        assert all(ended[text] for text in ended if len(text) < bound)
        for text in itertools.product((A, B), repeat=bound):
            node = int("1" + "".join(map(str, text)), 2)
            assert ended[text] == (memory.table[line, node].numpy().argmax() == END)


def test_width_one_is_greedy(memory):
    greedy, found = search(memory, Greedy()), search(memory, Beam(1, 1))
    assert not greedy.ended.numpy().all() and greedy.ended.numpy().any()
    np.testing.assert_array_equal(found.ids, greedy.ids)
    np.testing.assert_array_equal(found.lengths, greedy.lengths)
    np.testing.assert_array_equal(found.ended, greedy.ended)
    ended = greedy.ended.numpy()
    np.testing.assert_allclose(found.log_probs[ended], greedy.log_probs[ended], rtol=1e-5)


@pytest.mark.parametrize("how", [Beam(1, 1), Beam(2, 2), Beam(3, 1), Beam(5, 4)])
def test_what_is_found_is_sorted_distinct_and_has_its_probability(memory, how):
    found = search(memory, how)
    assert (found.log_probs[:, 1:] <= found.log_probs[:, :-1]).numpy().all()
    np.testing.assert_array_equal(found.objective, found.log_probs)
    for i, (line, _) in enumerate(LINES):
        rows = texts(found, i)
        assert rows and len(set(rows)) == len(rows)
        expected = [memory.log_prob(line, text) for text in rows]
        np.testing.assert_allclose(found.log_probs[i][: len(rows)], expected, rtol=1e-5)
        for ids, length in zip(found.ids[i].numpy(), found.lengths[i].numpy()):
            assert (ids[:length] != PAD).all() and (ids[length:] == PAD).all()


@pytest.mark.parametrize("how", [Beam(2, 2), Beam(3, 1), Beam(5, 4)])
def test_a_line_reads_the_same_in_any_batch_and_graph(memory, how):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2, autograph=False)
    def graph(names, bounds):
        return how.autoregressive(decoder(memory, names), bounds)

    together = search(memory, how)
    again = graph(*(tf.constant(values) for values in zip(*LINES)))
    tf.nest.map_structure(np.testing.assert_array_equal, together, again)
    for i, line in enumerate(LINES):
        alone = search(memory, how, [line])
        assert texts(alone, 0) == texts(together, i)
        np.testing.assert_array_equal(alone.log_probs[0], together.log_probs[i])
        np.testing.assert_array_equal(alone.ended[0], together.ended[i])


def test_the_search_stops_when_no_prefix_can_win():
    calls = []

    def step(ids, state):
        calls.append(ids)
        first = tf.constant([0.1, 0.2, 0.7])  # the empty text beats all that could follow
        return tf.math.log(tf.tile(first[None], [tf.shape(ids)[0], 1])), None, state

    bounds = tf.constant([50, 9])
    toy = Decoder(lambda copies: (), step, Alphabet("ab"))
    Beam(2, 1).autoregressive(toy, bounds)
    assert len(calls) == 2 + 1  # greedy search's, and of the empty text; and the beam's
    calls.clear()
    found = Beam(2, 2).autoregressive(toy, bounds)
    assert len(calls) == 2 + 2
    np.testing.assert_allclose(np.exp(found.log_probs), [[0.7, 0.2 * 0.7]] * 2, rtol=1e-5)


def test_no_beam_is_worse_than_greedy_search_and_wider_ones_are_better_on_average():
    many = Memory(1000)
    lines = [(i, LONGEST) for i in range(1000)]
    greedy = search(many, Greedy(), lines)
    best = {width: search(many, Beam(width), lines).objective.numpy() for width in (1, 2, 3, 4, 6)}
    means = [values.mean() for values in best.values()]
    assert means == sorted(means) and means[1] > means[0]
    for width, values in best.items():
        assert (values >= greedy.log_probs.numpy() - 1e-5).all(), width


def test_the_end_of_every_prefix_counts():
    """Here the empty text is the best, though each of two symbols is likelier than its end."""
    first, then = (0.4, 0.35, 0.25), (0.34, 0.33, 0.33)  # A, B, END

    def step(ids, state):
        row = tf.where((ids == START)[:, None], [first], [then])
        return tf.math.log(row), None, state

    toy = Decoder(lambda copies: (), step, Alphabet("ab"))
    found = Beam(2, 1).autoregressive(toy, tf.constant([3]))
    assert texts(found, 0) == [()]
    np.testing.assert_allclose(found.log_probs, [[np.log(0.25)]], rtol=1e-5)


def test_a_beam_gives_no_more_than_it_holds():
    with pytest.raises(ValueError, match="width 3 cannot give the 4 best"):
        Beam(3, 4)
