"""A lexicon with a model of its words, against the model asked word by word."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Beam, parse_search
from ocr_tf.decode.guide import Guide, Words
from ocr_tf.errors import InputError
from ocr_tf.language import arpa, kneser_ney, lexicon, words
from ocr_tf.language.ngrams import NGrams
from tests.decode import test_autoregressive_beam as attention
from tests.decode import test_ctc_prefix_beam as ctc

SYMBOLS = Alphabet("ab ")  # the space is in no word
WORDS = ["a", "ab", "ba", "bbb"]
TEXTS = [t for n in range(6) for t in itertools.product(range(3), repeat=n)]


def said() -> list[list[str]]:
    """Sentences; one word is not in the lexicon, and the lexicon's last word is never said."""
    draw = np.random.default_rng(4)
    return [draw.choice(["a", "ab", "ba", "aaa"], draw.integers(1, 6)).tolist() for _ in range(60)]


@pytest.fixture(scope="module", params=[1, 2, 3])
def model(request) -> NGrams:
    return kneser_ney.estimate(said(), request.param)


def gain_of(text: tuple[int, ...], model: NGrams, weight: float, bonus: float) -> float:
    spoken = "".join("ab "[i] for i in text).split()
    if not set(spoken) <= set(WORDS):
        return -np.inf
    return weight * model.score(spoken) + bonus * len(spoken)


def guide_of(model: NGrams, weight: float, bonus: float) -> Guide:
    known = lexicon.of_words(WORDS, SYMBOLS, "words.txt")
    return Guide([Words(words.of_words(model, known, "words.arpa"), weight, bonus)])


def test_every_text_has_the_log_p_of_its_words(model):
    guide = guide_of(model, 0.7, 0.3)
    ids = np.full([len(TEXTS), 5], -1, np.int32)
    for row, text in zip(ids, TEXTS):
        row[: len(text)] = text
    lengths = tf.constant([len(text) for text in TEXTS])
    expected = [gain_of(text, model, 0.7, 0.3) for text in TEXTS]
    assert sum(np.isfinite(expected)) > 40
    np.testing.assert_allclose(guide.score(tf.constant(ids), lengths), expected, rtol=1e-4)


def test_a_model_without_some_histories_backs_off_over_them(model):
    """As other tools prune: what follows a history may be gone, and with it the history."""
    pruned = NGrams(
        tuple(
            {gram: p for gram, p in grams.items() if len(gram) == 1 or gram[0] != "ab"}
            for grams in model.log_probs
        ),
        model.backoffs,
    )
    guide = guide_of(pruned, 1.0, 0.0)
    for text in ([0, 1, 2, 1, 0], [0, 2, 0, 1], [1, 0, 2, 0, 2], []):
        ids, length = tf.constant([text], tf.int32), tf.constant([len(text)])
        expected = gain_of(tuple(text), pruned, 1.0, 0.0)
        np.testing.assert_allclose(guide.score(ids, length)[0], expected, rtol=1e-4)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    arpa.write(kneser_ney.estimate(said(), 2), folder / "words.arpa")
    (folder / "words.txt").write_text("\n".join(WORDS))
    return str(folder / "words.arpa"), str(folder / "words.txt")


def test_a_wide_ctc_beam_finds_the_best_of_all_texts(files):
    model = arpa.read(files[0])
    how = Beam(130, 3, lexicon=files[1], word_lm=files[0], word_weight=0.8, word_bonus=1.5)
    found = how.ctc(ctc.lines(ctc.LENGTHS, 4, padding=2, seed=4), SYMBOLS)
    for i, scores in enumerate(ctc.every_text_of(4)):
        totals = {t: p + gain_of(t, model, 0.8, 1.5) for t, p in scores.items()}
        allowed = {text: total for text, total in totals.items() if total > -np.inf}
        ranked = sorted(allowed, key=allowed.__getitem__, reverse=True)[:3]
        assert ctc.texts(found, i) == ranked
        np.testing.assert_allclose(
            found.objective[i][: len(ranked)], [allowed[t] for t in ranked], rtol=1e-4, atol=1e-4
        )


def test_a_decoders_beam_is_ranked_by_words(files):
    """The decoder gives every text of a length the same log p: the model alone chooses."""

    def step(ids, state):
        log_probs = tf.math.log(tf.tile([[0.25, 0.25, 0.25, 0.25]], [tf.shape(ids)[0], 1]))
        return log_probs, None, state

    decoder = attention.Decoder(lambda copies: tf.zeros([copies]), step, SYMBOLS)
    how = Beam(60, lexicon=files[1], word_lm=files[0], word_weight=4.0, word_bonus=9.0)
    found = how.autoregressive(decoder, tf.constant([4]))
    model = arpa.read(files[0])
    totals = {
        t: np.log(0.25) * (len(t) + 1) + gain_of(t, model, 4.0, 9.0) for t in TEXTS if len(t) <= 4
    }
    assert attention.texts(found, 0) == [max(totals, key=totals.__getitem__)]
    np.testing.assert_allclose(found.objective[0, 0], max(totals.values()), rtol=1e-4)


def test_what_cannot_be_is_told_in_a_line(files, tmp_path):
    with pytest.raises(InputError, match=r"word_lm=x.arpa needs a lexicon"):
        parse_search("beam:word_lm=x.arpa")
    with pytest.raises(InputError, match="none.arpa: cannot read"):
        parse_search(f"lexicon:{files[1]},word_lm=none.arpa")
    arpa.write(kneser_ney.estimate([["x", "y"]] * 3, 2), tmp_path / "other.arpa")
    how = Beam(lexicon=files[1], word_lm=str(tmp_path / "other.arpa"))
    with pytest.raises(InputError, match="other.arpa: knows none of the 4 words of the lexicon"):
        how.guide(SYMBOLS)
