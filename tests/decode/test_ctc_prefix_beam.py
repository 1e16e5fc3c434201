"""CTC's prefix beam search against every path there is."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, ctc_lattice
from ocr_tf.decode.ctc_greedy import best_path
from ocr_tf.types import Frames, Hypotheses, Labels

PAD = Alphabet.pad


def alphabet(symbols: int) -> Alphabet:
    return Alphabet([chr(ord("a") + i) for i in range(symbols)])


def lines(lengths: list[int], classes: int, padding: int = 0, seed: int = 0) -> Frames:
    """Random log probabilities; line i is the same whatever stands beside it; padding is garbage."""
    values = np.full([len(lengths), max(lengths) + padding, classes], 7.0, np.float32)
    for i, length in enumerate(lengths):
        logits = 3 * np.random.default_rng([seed, i]).standard_normal([length, classes])
        values[i, :length] = tf.nn.log_softmax(logits)
    return Frames(tf.constant(values), tf.constant(lengths))


def every_text(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """log p of each text, summed over all paths of a line [T, C]; the last class is the blank."""
    steps, classes = log_probs.shape
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        gain = sum(log_probs[t, k] for t, k in enumerate(path))
        merged = [k for k, _ in itertools.groupby(path)]
        text = tuple(k for k in merged if k != classes - 1)
        found[text] = np.logaddexp(found.get(text, -np.inf), gain)
    return found


def texts(found: Hypotheses, line: int) -> list[tuple[int, ...]]:
    ids, lengths, valid = (t[line].numpy() for t in (found.ids, found.lengths, found.valid))
    return [tuple(row[:n].tolist()) for row, n, v in zip(ids, lengths, valid) if v]


LENGTHS = [4, 1, 3, 4, 2]  # of at most 4 classes there are 121 texts


@functools.cache
def every_text_of(classes: int) -> list[dict[tuple[int, ...], float]]:
    batch = lines(LENGTHS, classes, seed=classes)
    return [every_text(batch.values[i, :n].numpy()) for i, n in enumerate(LENGTHS)]


@pytest.mark.parametrize("classes, best", [(2, 30), (3, 30), (4, 1), (4, 30)])
def test_a_beam_that_drops_nothing_finds_the_best_texts(classes, best):
    batch = lines(LENGTHS, classes, padding=2, seed=classes)
    found = Beam(130, best).ctc(batch, alphabet(classes - 1))
    np.testing.assert_array_equal(found.objective, found.log_probs)
    for i, scores in enumerate(every_text_of(classes)):
        ranked = sorted(scores, key=scores.__getitem__, reverse=True)[:best]
        assert texts(found, i) == ranked
        count = len(ranked)
        expected = [scores[text] for text in ranked]
        np.testing.assert_allclose(found.log_probs[i][:count], expected, rtol=1e-4, atol=1e-5)
        # Short lines have fewer texts than are asked for.
        np.testing.assert_array_equal(found.valid[i], np.arange(best) < count)
        np.testing.assert_array_equal(found.ended[i], found.valid[i])
        assert (found.log_probs[i][count:] == -np.inf).numpy().all()
        assert (found.ids[i][count:] == PAD).numpy().all()


@pytest.mark.parametrize("how", [Beam(1, 1), Beam(3, 2), Beam(8, 8)])
def test_what_is_found_is_sorted_distinct_and_has_its_score(how):
    lengths = [20, 7, 1, 12]
    batch = lines(lengths, 6, padding=3)
    found = how.ctc(batch, alphabet(5))
    assert (found.log_probs[:, 1:] <= found.log_probs[:, :-1]).numpy().all()
    for i in range(len(lengths)):
        rows = texts(found, i)
        assert rows and len(set(rows)) == len(rows)
        for k, text in enumerate(rows):
            line = Frames(batch.values[i : i + 1], batch.lengths[i : i + 1])
            label = Labels(tf.constant([list(text)], tf.int32), tf.constant([len(text)]))
            np.testing.assert_allclose(
                found.log_probs[i, k], ctc_lattice.score(line, label, 5)[0], rtol=1e-5
            )


def test_no_beam_is_worse_than_the_best_path_and_wider_ones_are_better_on_average():
    batch = lines([3 + i % 12 for i in range(1000)], 5, seed=9)
    labels, _ = best_path(batch, 4, PAD)
    greedy = ctc_lattice.score(batch, labels, 4).numpy()
    best = {
        width: Beam(width).ctc(batch, alphabet(4)).log_probs[:, 0].numpy() for width in (1, 2, 4, 8)
    }
    means = [values.mean() for values in best.values()]
    assert means == sorted(means) and means[1] > means[0]
    for width, values in best.items():
        assert (values >= greedy - 1e-4).all(), width


@pytest.mark.parametrize("width", [2, 8])
def test_the_best_text_is_the_best_of_all_that_are_found(width):
    batch = lines([3 + i % 12 for i in range(240)], 6, seed=4)
    one, all_of_them = (
        Beam(width, 1).ctc(batch, alphabet(5)),
        Beam(width, width).ctc(batch, alphabet(5)),
    )
    np.testing.assert_array_equal(one.log_probs[:, 0], all_of_them.log_probs[:, 0])


def by_dictionary(log_probs: np.ndarray, width: int) -> dict[tuple[int, ...], float]:
    """The prefix beam of one line [T, C] in plain Python: the last prefixes and their sums."""
    blank = log_probs.shape[1] - 1
    beam = {(): (0.0, -np.inf)}
    for row in log_probs:
        after: dict[tuple[int, ...], list[float]] = {}
        for text, (in_blank, in_symbol) in beam.items():
            total = np.logaddexp(in_blank, in_symbol)
            sums = after.setdefault(text, [-np.inf, -np.inf])
            sums[0] = np.logaddexp(sums[0], total + row[blank])
            if text:
                sums[1] = np.logaddexp(sums[1], in_symbol + row[text[-1]])
            for symbol in range(blank):
                before = in_blank if text and symbol == text[-1] else total
                sums = after.setdefault((*text, symbol), [-np.inf, -np.inf])
                sums[1] = np.logaddexp(sums[1], before + row[symbol])
        ranked = sorted(after.items(), key=lambda item: np.logaddexp(*item[1]), reverse=True)
        beam = {text: tuple(sums) for text, sums in ranked[:width]}
    return {text: float(np.logaddexp(*sums)) for text, sums in beam.items()}


@pytest.mark.parametrize("width, classes", [(1, 7), (3, 7), (8, 5), (16, 30)])
def test_a_beam_holds_what_a_plain_one_holds(width, classes):
    batch = lines([25, 12, 18, 1, 7, 30], classes, padding=2, seed=width)
    found = Beam(width, width).ctc(batch, alphabet(classes - 1))
    labels, _ = best_path(batch, classes - 1, PAD)
    for i, length in enumerate(batch.lengths.numpy()):
        held = by_dictionary(batch.values[i, :length].numpy().astype(np.float64), width)
        greedy = tuple(labels.ids[i, : labels.lengths[i]].numpy().tolist())
        rows = texts(found, i)
        # The text of the best path may take the place of the worst.
        assert set(rows) <= {*held, greedy} and len(rows) >= len(held) - 1
        assert len(set(rows) & set(held)) >= len(held) - 1


def test_what_the_literature_reads_as_state():
    symbols = "aest-"
    for path, text in [
        ("--stta-t---e", "state"),
        ("sst-aaa-tee-", "state"),
        ("--sttaa-tee-", "state"),
        ("sst-aa-t---e", "state"),
        ("-sta-aatte-e-", "staatee"),
    ]:
        ids = [symbols.index(s) for s in path]
        certain = tf.one_hot([ids], len(symbols), 0.0, -np.inf)
        found = Beam(4).ctc(Frames(certain, tf.constant([len(ids)])), alphabet(4))
        assert "".join(symbols[i] for i in texts(found, 0)[0]) == text
        assert float(found.log_probs[0, 0]) == 0.0


@pytest.mark.parametrize("how", [Beam(1, 1), Beam(4, 3)])
def test_a_line_reads_the_same_in_any_batch_and_graph(how):
    lengths = [9, 2, 14, 1]
    batch = lines(lengths, 5, padding=4)
    together = how.ctc(batch, alphabet(4))
    spec = Frames(tf.TensorSpec([None, None, 5]), tf.TensorSpec([None], tf.int32))
    graph = tf.function(
        lambda line: how.ctc(line, alphabet(4)), input_signature=[spec], autograph=False
    )
    tf.nest.map_structure(np.testing.assert_array_equal, graph(batch), together)
    for i, length in enumerate(lengths):
        line = Frames(batch.values[i : i + 1, :length], batch.lengths[i : i + 1])
        alone = how.ctc(line, alphabet(4))
        assert texts(alone, 0) == texts(together, i)
        np.testing.assert_allclose(alone.log_probs[0], together.log_probs[i], rtol=1e-5)


def test_the_empty_text_can_be_the_best():
    blanks = tf.math.log([[[0.05, 0.95]] * 6, [[0.95, 0.05]] * 6])
    found = Beam(4, 2).ctc(Frames(blanks, tf.constant([6, 6])), alphabet(1))
    assert texts(found, 0)[0] == () and texts(found, 1)[0] == (0,)
    np.testing.assert_allclose(found.log_probs[0, 0], 6 * np.log(0.95), rtol=1e-5)


def test_certainty_leaves_no_other_text():
    certain = tf.math.log([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    found = Beam(4, 3).ctc(Frames(certain, tf.constant([3])), alphabet(2))
    assert texts(found, 0) == [(0, 1)]
    np.testing.assert_array_equal(found.log_probs, [[0.0, -np.inf, -np.inf]])
