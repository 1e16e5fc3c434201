"""Joint search of a CTC branch and a decoder against every text there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, Greedy, Search, ctc_lattice
from ocr_tf.decode.joint import Branches
from ocr_tf.types import Hypotheses, Labels

from . import test_autoregressive_beam as attention
from . import test_ctc_prefix_beam as ctc
from .test_guided import files, gain_of  # noqa: F401, a fixture

NAMES, BOUNDS = zip(*attention.LINES)
HEAD_WEIGHT = 0.4


def branches(memory: attention.Memory) -> Branches:
    log_probs = ctc.lines(list(BOUNDS), 3, padding=2, seed=3)

    def scores(ids: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_decoder = [
            [memory.log_prob(name, tuple(row[:n])) for row, n in zip(texts, sizes)]
            for name, texts, sizes in zip(NAMES, ids.numpy().tolist(), lengths.numpy())
        ]
        return ctc_lattice.score_each(log_probs, ids, lengths, 2), tf.constant(by_decoder)

    decoder = attention.decoder(memory, tf.constant(NAMES))
    return Branches(log_probs, decoder, tf.constant(BOUNDS), scores, HEAD_WEIGHT)


def every_text(memory: attention.Memory, line: int) -> dict[tuple[int, ...], tuple[float, float]]:
    """(log p by CTC, by the decoder) of each text that CTC can write."""
    values = ctc.lines(list(BOUNDS), 3, padding=2, seed=3).values[line, : BOUNDS[line]].numpy()
    by_ctc = ctc.every_text(values)
    return {text: (p, memory.log_prob(NAMES[line], text)) for text, p in by_ctc.items()}


@pytest.fixture(scope="module")
def memory():
    return attention.Memory()


def check(found: Hypotheses, memory, totals, best: int) -> None:
    for i in range(len(BOUNDS)):
        pairs = every_text(memory, i)
        ranked = {text: totals(text, *pair) for text, pair in pairs.items()}
        allowed = {text: total for text, total in ranked.items() if total > -np.inf}
        expected = sorted(allowed, key=allowed.__getitem__, reverse=True)[:best]
        assert attention.texts(found, i) == expected
        count = len(expected)
        np.testing.assert_allclose(
            found.objective[i][:count], [allowed[t] for t in expected], rtol=1e-4, atol=1e-4
        )
        scores = [HEAD_WEIGHT * pairs[t][0] + (1 - HEAD_WEIGHT) * pairs[t][1] for t in expected]
        np.testing.assert_allclose(found.log_probs[i][:count], scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rescore", [False, True])
@pytest.mark.parametrize("weight", [0.2, 0.7])
def test_a_beam_that_drops_nothing_finds_the_best_of_all_texts(memory, weight, rescore):
    how = Beam(130, 5, ctc_weight=weight, rescore=rescore)
    found = how.joint(branches(memory))
    check(found, memory, lambda text, c, d: weight * c + (1 - weight) * d, 5)


@pytest.mark.parametrize("rescore", [False, True])
def test_a_model_and_a_lexicon_count_beside_both(memory, files, rescore):  # noqa: F811
    how = Beam(
        130, 2, lm=files[0], lm_weight=0.8, lexicon=files[1], ctc_weight=0.3, rescore=rescore
    )
    found = how.joint(branches(memory))

    def total(text, by_ctc, by_decoder):
        return 0.3 * by_ctc + 0.7 * by_decoder + gain_of(text, files, how)

    check(found, memory, total, 2)


@pytest.mark.parametrize("how", [Greedy(), Beam(3, 2), Beam(3, 2, length_norm=0.5)])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_branch_alone_reads_as_a_head_of_its_kind(memory, how, weight):
    both = branches(memory)
    how = type(how)(**{**vars(how), "ctc_weight": weight})
    found = how.joint(both)
    if weight:
        own = how.ctc(both.log_probs, both.decoder.alphabet)
    else:
        own = how.autoregressive(both.decoder, both.bounds)
    for name in ("ids", "lengths", "objective", "ended", "valid"):
        np.testing.assert_array_equal(getattr(found, name), getattr(own, name), err_msg=name)
    by_ctc, by_decoder = both.scores(own.ids, own.lengths)
    score = HEAD_WEIGHT * by_ctc + (1 - HEAD_WEIGHT) * by_decoder
    np.testing.assert_allclose(found.log_probs[own.valid], score[own.valid], rtol=1e-5)


def test_greedy_search_takes_the_better_of_two_texts(memory):
    both = branches(memory)
    proposed = [
        Greedy().ctc(both.log_probs, both.decoder.alphabet),
        Greedy().autoregressive(both.decoder, both.bounds),
    ]
    chosen = set()
    for weight, i in itertools.product((0.1, 0.9), range(len(BOUNDS))):
        found, pairs = Greedy(ctc_weight=weight).joint(both), every_text(memory, i)
        (by_ctc,), (by_decoder,) = (attention.texts(texts, i) for texts in proposed)
        totals = {
            text: weight * pairs[text][0] + (1 - weight) * pairs[text][1]
            for text in (by_ctc, by_decoder)
            if text in pairs
        }
        expected = max(totals, key=totals.__getitem__)
        assert attention.texts(found, i) == [expected]
        if by_ctc != by_decoder:
            chosen.add(expected == by_ctc)
    assert chosen == {True, False}


@pytest.mark.parametrize("rescore", [False, True])
def test_no_beam_ranks_below_either_branch_alone(memory, rescore):
    both = branches(memory)
    narrow = Beam(1, rescore=rescore).joint(both)
    assert (narrow.objective >= Greedy().joint(both).objective - 1e-5).numpy().all()


def test_where_a_lexicon_allows_nothing_the_text_is_empty_and_not_ended(tmp_path):
    """One line is certain of a text of one symbol, another of none."""
    (tmp_path / "words.txt").write_text("abababab\n")
    certain = tf.math.log([[[0.98, 0.01, 0.01]] * 2, [[0.01, 0.01, 0.98]] * 2])
    log_probs = ctc.Frames(certain, tf.constant([2, 2]))

    def step(ids, state):
        log_probs = tf.math.log(tf.tile([[0.3, 0.3, 0.4]], [tf.shape(ids)[0], 1]))
        return log_probs, None, state

    decoder = attention.Decoder(lambda copies: tf.zeros([2 * copies]), step, Alphabet("ab"))

    def scores(ids, lengths):
        by_ctc = ctc_lattice.score_each(log_probs, ids, lengths, 2)
        return by_ctc, np.log(0.4) + np.log(0.3) * tf.cast(lengths, tf.float32)

    both = Branches(log_probs, decoder, tf.constant([2, 2]), scores, 0.5)
    found = Beam(2, lexicon=str(tmp_path / "words.txt"), rescore=True).joint(both)
    assert found.lengths.numpy().tolist() == [[0], [0]] and found.valid.numpy().all()
    empty = ctc_lattice.score(
        log_probs, Labels(tf.zeros([2, 0], tf.int32), tf.zeros([2], tf.int32)), 2
    )
    np.testing.assert_allclose(found.log_probs[:, 0], 0.5 * empty + 0.5 * np.log(0.4), rtol=1e-4)


def test_a_search_without_a_method_for_both_rescores(memory):
    class Own(Search):
        def ctc(self, log_probs, alphabet):
            return Greedy().ctc(log_probs, alphabet)

        def autoregressive(self, decoder, bounds):
            return Greedy().autoregressive(decoder, bounds)

    found, own = (how.joint(branches(memory)) for how in (Own(), Greedy(ctc_weight=HEAD_WEIGHT)))
    np.testing.assert_array_equal(found.ids, own.ids)
    np.testing.assert_array_equal(found.objective, own.objective)
    np.testing.assert_array_equal(found.objective, found.log_probs)


def test_texts_of_both_branches_count_once(memory):
    found = Beam(31, 31, rescore=True).joint(branches(memory))
    for i in range(len(BOUNDS)):
        texts = attention.texts(found, i)
        assert len(set(texts)) == len(texts)
        every = [t for n in range(BOUNDS[i] + 1) for t in itertools.product((0, 1), repeat=n)]
        assert set(texts) <= set(every)
