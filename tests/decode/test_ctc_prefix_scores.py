"""CTC's prefix probabilities against every path there is, and against the recursion step by step."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.decode.ctc_prefix_scores import LEAST, PrefixScores, PrefixSums
from ocr_tf.types import Frames

from .test_ctc_prefix_beam import LENGTHS, every_text_of, lines


def follow(scores: PrefixScores, prefix: tuple[int, ...], batch: int) -> PrefixSums:
    """Grows the second of two prefixes, so that parents are looked up."""
    sums = scores.begin(2)
    for symbol in prefix:
        sums = scores.follow(sums, tf.ones([batch, 2], tf.int32), tf.fill([batch, 2], symbol))
    return sums


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_a_prefix_has_the_probability_of_all_texts_that_begin_with_it(classes):
    batch, blank = lines(LENGTHS, classes, padding=2, seed=classes), classes - 1
    scores = PrefixScores(batch, blank)
    for prefix in (p for n in range(4) for p in itertools.product(range(blank), repeat=n)):
        sums = follow(scores, prefix, len(LENGTHS))
        gains, whole = np.exp(scores.gains(sums)[:, 1]), np.exp(scores.whole(sums)[:, 1])
        for i, texts in enumerate(every_text_of(classes)):
            for symbol in range(blank):
                begun = (*prefix, symbol)
                parts = [math.exp(p) for t, p in texts.items() if t[: len(begun)] == begun]
                assert gains[i, symbol] == pytest.approx(sum(parts), rel=1e-5, abs=1e-30)
            expected = math.exp(texts[prefix]) if prefix in texts else 0.0
            assert whole[i] == pytest.approx(expected, rel=1e-5, abs=1e-30)


def step_by_step(log_probs: np.ndarray, prefix: list[int]) -> tuple[np.ndarray, float]:
    """Watanabe et al. 2017, algorithm 2: (log p of the prefix with each symbol behind it, of the text)."""
    steps, blank = len(log_probs), log_probs.shape[1] - 1
    in_symbol = np.full(steps + 1, -np.inf)
    in_blank = np.concatenate([[0.0], np.cumsum(log_probs[:, blank])])
    last = None

    def arriving(symbol: int) -> np.ndarray:
        return in_blank if symbol == last else np.logaddexp(in_symbol, in_blank)

    for symbol in prefix:
        before, own, blanks = arriving(symbol), log_probs[:, symbol], log_probs[:, blank]
        grown, closed = np.full(steps + 1, -np.inf), np.full(steps + 1, -np.inf)
        for t in range(1, steps + 1):
            grown[t] = np.logaddexp(grown[t - 1], before[t - 1]) + own[t - 1]
            closed[t] = np.logaddexp(closed[t - 1], grown[t - 1]) + blanks[t - 1]
        in_symbol, in_blank, last = grown, closed, symbol
    gains = [np.logaddexp.reduce(arriving(k)[:-1] + log_probs[:, k]) for k in range(blank)]
    return np.array(gains), float(np.logaddexp(in_symbol[-1], in_blank[-1]))


@pytest.mark.parametrize("length, scale", [(60, 3.0), (400, 8.0)])
def test_long_lines_score_as_step_by_step(length, scale):
    draw = np.random.default_rng(length)
    lengths = [length, length // 2]
    values = tf.nn.log_softmax(scale * draw.standard_normal([2, length, 8]).astype(np.float32))
    scores = PrefixScores(Frames(values, tf.constant(lengths)), 7)
    prefix = draw.integers(0, 7, 20).tolist()
    prefix[5] = prefix[4]
    sums = follow(scores, tuple(prefix), 2)
    gains, whole = scores.gains(sums)[:, 1].numpy(), scores.whole(sums)[:, 1].numpy()
    for i, steps in enumerate(lengths):
        expected, text = step_by_step(values[i, :steps].numpy().astype(float), prefix)
        np.testing.assert_allclose(gains[i], expected, rtol=1e-5, atol=1e-3)
        assert whole[i] == pytest.approx(text, rel=1e-5)


def test_what_underflows_is_improbable_and_finite():
    certain = tf.math.log([[[1.0, 0.0, 0.0]] * 3])
    scores = PrefixScores(Frames(certain, tf.constant([3])), 2)
    gains = scores.gains(scores.begin(1))
    np.testing.assert_allclose(gains[0, 0], [0.0, math.log(LEAST)], atol=1e-5)
