"""Searches with a language model or a lexicon against every text there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam
from ocr_tf.decode.autoregressive_beam import COVERED
from ocr_tf.decode.guide import Guide, Tables
from ocr_tf.language import arpa, kneser_ney
from ocr_tf.language.automaton import of_ngrams
from ocr_tf.language.lexicon import of_words
from tests.decode import test_autoregressive_beam as attention
from tests.decode import test_ctc_prefix_beam as ctc
from tests.language.test_ngrams import texts

SYMBOLS = Alphabet("ab")
WORDS = ["ab", "b", "bba"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(model, lexicon)"""
    folder = tmp_path_factory.mktemp("guides")
    arpa.write(kneser_ney.estimate(texts(seed=5, symbols="ab"), 3), folder / "model.arpa")
    (folder / "words.txt").write_text("\n".join(WORDS))
    return str(folder / "model.arpa"), str(folder / "words.txt")


def gain_of(text, files, how: Beam) -> float:
    """What a guide adds to a text, from the model and the words themselves."""
    said = "".join("ab"[i] for i in text)
    total = 0.0
    if how.lm:
        total += how.lm_weight * arpa.read(files[0]).score(list(said)) + how.bonus * len(said)
    if how.lexicon and said not in (*WORDS, ""):
        total = -np.inf
    return total


def guided(files, **settings) -> list[Beam]:
    model, words = files
    return [
        Beam(lm=model, lm_weight=0.8, bonus=0.6, **settings),
        Beam(lexicon=words, **settings),
        Beam(lm=model, lm_weight=1.5, lexicon=words, **settings),
    ]


@pytest.mark.parametrize("number", range(3))
def test_a_wide_ctc_beam_finds_the_best_of_all_texts(files, number):
    how = guided(files, width=100, best=4)[number]
    batch = ctc.lines(ctc.LENGTHS, 3, padding=2, seed=3)
    found = how.ctc(batch, SYMBOLS)
    for i, scores in enumerate(ctc.every_text_of(3)):
        totals = {text: score + gain_of(text, files, how) for text, score in scores.items()}
        allowed = {text: total for text, total in totals.items() if total > -np.inf}
        ranked = sorted(allowed, key=allowed.__getitem__, reverse=True)[:4]
        assert ctc.texts(found, i) == ranked
        count = len(ranked)
        np.testing.assert_allclose(
            found.objective[i][:count], [allowed[t] for t in ranked], rtol=1e-4, atol=1e-4
        )
        np.testing.assert_allclose(
            found.log_probs[i][:count], [scores[t] for t in ranked], rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("number", range(3))
def test_a_wide_decoder_beam_finds_the_best_of_all_texts(files, number):
    how = guided(files, width=40, best=3)[number]
    memory = attention.Memory()
    found = attention.search(memory, how)
    for i, (line, bound) in enumerate(attention.LINES):
        all_texts = [t for n in range(bound + 1) for t in itertools.product((0, 1), repeat=n)]
        scores = {text: memory.log_prob(line, text) for text in all_texts}
        totals = {text: score + gain_of(text, files, how) for text, score in scores.items()}
        allowed = {text: total for text, total in totals.items() if total > -np.inf}
        ranked = sorted(allowed, key=allowed.__getitem__, reverse=True)[:3]
        assert attention.texts(found, i) == ranked
        count = len(ranked)
        np.testing.assert_allclose(
            found.objective[i][:count], [allowed[t] for t in ranked], rtol=1e-4
        )
        np.testing.assert_allclose(
            found.log_probs[i][:count], [scores[t] for t in ranked], rtol=1e-4
        )


def test_length_normalization_ranks_by_the_formula():
    memory = attention.Memory()
    found = attention.search(memory, Beam(40, 5, length_norm=0.9))
    for i, (line, bound) in enumerate(attention.LINES):
        all_texts = [t for n in range(bound + 1) for t in itertools.product((0, 1), repeat=n)]
        totals = {t: memory.log_prob(line, t) / ((6 + len(t)) / 6) ** 0.9 for t in all_texts}
        ranked = sorted(totals, key=totals.__getitem__, reverse=True)[:5]
        assert attention.texts(found, i) == ranked[: len(all_texts)]


def test_coverage_counts_the_frames_that_were_read():
    """Frame n is read with symbol n; the end of each text is as likely as its going on."""
    bound = 3

    def step(ids, state):
        count = tf.shape(ids)[0]
        alignment = tf.one_hot(state, bound, COVERED + 0.1)
        log_probs = tf.math.log(tf.tile([[0.3, 0.2, 0.5]], [count, 1]))
        return log_probs, alignment, state + 1

    decoder = attention.Decoder(lambda copies: tf.zeros([copies], tf.int32), step, Alphabet("ab"))
    bounds = tf.constant([bound])
    assert attention.texts(Beam(4).autoregressive(decoder, bounds), 0) == [()]
    found = Beam(4, coverage=2.0).autoregressive(decoder, bounds)
    assert attention.texts(found, 0)[0] == (0, 0)  # a third symbol and the end read no frame more
    expected = 2 * np.log(0.3) + np.log(0.5) + 2.0 * 3
    np.testing.assert_allclose(found.objective[0, 0], expected, rtol=1e-5)


def test_where_a_lexicon_allows_nothing_the_text_is_empty_and_not_ended(tmp_path):
    (tmp_path / "words.txt").write_text("abababab\n")
    how = Beam(2, lexicon=str(tmp_path / "words.txt"))
    certain = tf.math.log([[[0.98, 0.01, 0.01]] * 2, [[0.01, 0.01, 0.98]] * 2])
    found = how.ctc(ctc.Frames(certain, tf.constant([2, 2])), SYMBOLS)
    assert found.lengths.numpy().tolist() == [[0], [0]]
    # The empty text holds no other words; the beam of the first line has lost it.
    assert found.ended.numpy().tolist() == [[False], [True]]
    only = Guide(
        [Tables(of_words(["abababab"], SYMBOLS, "").automaton._replace(final=np.full(9, -np.inf)))]
    )
    from ocr_tf.decode.autoregressive_beam import Ranking, beam
    from ocr_tf.decode.ctc_prefix_beam import prefix_beam

    found = prefix_beam(ctc.Frames(certain, tf.constant([2, 2])), SYMBOLS, 2, 1, only)
    assert found.lengths.numpy().tolist() == [[0], [0]] and not found.ended.numpy().any()
    np.testing.assert_allclose(found.log_probs[:, 0], [2 * np.log(0.01), 2 * np.log(0.98)], 1e-4)
    memory = attention.Memory()
    names, bounds = (tf.constant(values) for values in zip(*attention.LINES))
    found = beam(attention.decoder(memory, names), bounds, 2, 1, Ranking(guide=only))
    assert not found.lengths.numpy().any() and not found.ended.numpy().any()
    expected = [memory.log_prob(line, ()) for line, _ in attention.LINES]
    np.testing.assert_allclose(found.log_probs[:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("number", range(3))
def test_guided_lines_read_the_same_in_any_batch_and_graph(files, number):
    how = guided(files, width=3, best=2)[number]
    lengths = [9, 2, 14, 1]
    batch = ctc.lines(lengths, 3, padding=4)
    together = how.ctc(batch, SYMBOLS)
    spec = ctc.Frames(tf.TensorSpec([None, None, 3]), tf.TensorSpec([None], tf.int32))
    graph = tf.function(
        lambda line: how.ctc(line, SYMBOLS), input_signature=[spec], autograph=False
    )
    tf.nest.map_structure(np.testing.assert_array_equal, graph(batch), together)
    for i, length in enumerate(lengths):
        line = ctc.Frames(batch.values[i : i + 1, :length], batch.lengths[i : i + 1])
        alone = how.ctc(line, SYMBOLS)
        assert ctc.texts(alone, 0) == ctc.texts(together, i)
        np.testing.assert_allclose(alone.objective[0], together.objective[i], rtol=1e-5)


def test_a_model_is_searched_as_by_an_independent_decoder(files):
    """Flashlight's decoder without a lexicon finds nothing that ranks above what is found here."""
    decoder = pytest.importorskip("flashlight.lib.text.decoder")
    from flashlight.lib.text.decoder.kenlm import KenLM
    from flashlight.lib.text.dictionary import Dictionary

    alphabet = Alphabet("abcdefg")
    path = files[0].replace("model", "seven")
    arpa.write(kneser_ney.estimate(texts(seed=8), 4), path)
    batch = ctc.lines([30, 22, 25, 9] * 6, 8, seed=11)
    how = Beam(40, lm=path, lm_weight=0.7, bonus=0.4)
    found = how.ctc(batch, alphabet)
    names = Dictionary()
    for symbol in alphabet.symbols:
        names.add_entry(symbol)
    settings = decoder.LexiconFreeDecoderOptions(
        beam_size=40,
        beam_size_token=8,
        beam_threshold=1e4,
        lm_weight=0.7 * np.log(10),
        sil_score=0.0,
        log_add=True,
        criterion_type=decoder.CriterionType.CTC,
    )
    theirs = decoder.LexiconFreeDecoder(settings, KenLM(path, names), -1, 7, [])
    guide = Guide([Tables(of_ngrams(arpa.read(path), alphabet, path), 0.7, 0.4)])
    better = 0
    for i, length in enumerate(batch.lengths.numpy()):
        values = np.ascontiguousarray(batch.values[i, :length].numpy())
        best = theirs.decode(values.ctypes.data, int(length), 8)[0]
        merged = [k for k, _ in itertools.groupby(best.tokens)]
        text = [k for k in merged if 0 <= k < 7]
        line = ctc.Frames(batch.values[i : i + 1, :length], batch.lengths[i : i + 1])
        ids = tf.constant([text], tf.int32)
        count = tf.constant([len(text)])
        score = ctc.ctc_lattice.score(line, ctc.Labels(ids, count), 7)
        objective = float((score + guide.score(ids, count))[0])
        assert objective <= float(found.objective[i, 0]) + 1e-3
        better += objective < float(found.objective[i, 0]) - 1e-3
    assert better <= 12  # theirs has no bonus for symbols
