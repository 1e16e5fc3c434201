"""Ensembles: the mean of distributions and the vote over texts, against their members."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, Greedy
from ocr_tf.ensemble import AVERAGE, VOTE, WAYS, Ensemble
from ocr_tf.errors import InputError
from ocr_tf.types import Frames, Labels

from .heads.lines import frames, labels, make, rows

LENGTHS = [4, 2, 5]
ALPHABET = Alphabet("ab")


class Member:
    """A network whose frames are given."""

    height = 32

    def __init__(self, name: str, seed: int, symbols: str = "ab"):
        self.head, self.alphabet, self.seed = make(name, symbols, seed), Alphabet(symbols), seed

    def __call__(self, images):
        return frames(LENGTHS, seed=self.seed)


def joined(*members, way):
    ensemble = Ensemble(members, way)
    return ensemble.head, ensemble(None)


def every_text(steps):
    return [t for n in range(steps + 1) for t in itertools.product(range(2), repeat=n)]


def scores_of(head, given, line, texts):
    """log p of each text of one line."""
    steps = LENGTHS[line]
    repeated = tf.nest.map_structure(
        lambda v: tf.repeat(v[line : line + 1], len(texts), axis=0), given
    )
    cut = tf.nest.map_structure(lambda v: v[:, :steps] if len(v.shape) == 3 else v, repeated)
    return head.score(cut, labels([list(text) for text in texts])).numpy()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["ctc", "attention"])
def test_a_network_joined_with_itself_reads_and_scores_as_alone(name, way):
    one = Member(name, 0)
    head, given = joined(one, one, way=way)
    for search in (Greedy(), Beam(4, 3)):
        found, own = head.decode(given, search), one.head.decode(given[0], search)
        assert rows(found.ids[:, 0], found.lengths[:, 0]) == rows(own.ids[:, 0], own.lengths[:, 0])
        np.testing.assert_allclose(found.log_probs, own.log_probs, rtol=1e-4, atol=1e-5)
    label = labels([[0, 1], [1], []])
    np.testing.assert_allclose(head.score(given, label), one.head.score(given[0], label), rtol=1e-4)


@pytest.mark.parametrize("names", [("ctc", "attention"), ("ctc", "ctc", "ctc_attention")])
def test_a_vote_scores_by_the_mean_and_finds_the_best_text(names):
    members = [Member(name, seed) for seed, name in enumerate(names)]
    head, given = joined(*members, way=VOTE)
    found = head.decode(given, Beam(80, 2))
    for line, steps in enumerate(LENGTHS):
        texts = every_text(steps)
        each = [scores_of(member.head, own, line, texts) for member, own in zip(members, given)]
        mean = np.log(np.mean(np.exp(each), axis=0))
        np.testing.assert_allclose(scores_of(head, given, line, texts), mean, rtol=1e-4, atol=1e-5)
        ranked = [list(texts[i]) for i in np.argsort(-mean)[:2]]
        assert rows(found.ids[line], found.lengths[line]) == ranked


@pytest.mark.parametrize("name", ["ctc", "attention"])
def test_an_average_is_a_distribution_and_its_search_finds_the_best(name):
    members = [Member(name, seed) for seed in range(3)]
    head, given = joined(*members, way=AVERAGE)
    found = head.decode(given, Beam(80))
    for line, steps in enumerate(LENGTHS):
        texts = every_text(steps)
        scores = scores_of(head, given, line, texts)
        assert np.exp(scores).sum() < 1 + 1e-4
        assert rows(found.ids[line], found.lengths[line]) == [list(texts[np.argmax(scores)])]
        np.testing.assert_allclose(found.log_probs[line, 0], scores.max(), rtol=1e-4)


def test_the_average_of_ctc_is_that_of_each_frame():
    members = [Member("ctc", seed) for seed in range(2)]
    head, given = joined(*members, way=AVERAGE)
    each = [np.exp(m.head.log_probs(own).values) for m, own in zip(members, given)]
    np.testing.assert_allclose(np.exp(head.log_probs(given).values), np.mean(each, 0), rtol=1e-5)


def test_an_average_is_that_of_each_step():
    members = [Member("attention", seed) for seed in range(2)]
    head, given = joined(*members, way=AVERAGE)
    label = Labels(tf.constant([[0]] * 3), tf.ones([3], tf.int32))
    first, second = 1.0, 1.0  # the symbol's probability, then the end's
    for member, own in zip(members, given):
        decoder = member.head.decoder_of(own)
        start, state = tf.fill([3], ALPHABET.start), decoder.begin(1)
        step, _, state = decoder.step(start, state)
        last, _, _ = decoder.step(tf.zeros([3], tf.int32), state)
        first, second = (first + np.exp(step[:, 0]), second + np.exp(last[:, ALPHABET.end]))
    expected = np.log((first - 1) / 2) + np.log((second - 1) / 2)
    np.testing.assert_allclose(head.score(given, label), expected, rtol=1e-4)


def test_what_cannot_be_joined_is_refused():
    with pytest.raises(InputError, match="the same alphabet"):
        Ensemble([Member("ctc", 0), Member("ctc", 0, "abc")])
    with pytest.raises(InputError, match="all heads are CTC's"):
        Ensemble([Member("ctc", 0), Member("attention", 0)], AVERAGE)
    assert isinstance(Ensemble([Member("ctc", 0), Member("attention", 0)])(None)[0], Frames)
