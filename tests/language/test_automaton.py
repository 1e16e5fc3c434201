"""Models and lexicons as tables over an alphabet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.errors import InputError
from ocr_tf.language import automaton, kneser_ney, lexicon
from ocr_tf.language.automaton import of_ngrams, token_of
from tests.language.test_ngrams import texts


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_table_gives_the_scores_of_its_model(order):
    said = [[token_of(" ") if s == "c" else s for s in text] for text in texts()]
    model = kneser_ney.estimate(said, order)
    alphabet = Alphabet("gfed ba?")  # one symbol unknown to the model
    table = of_ngrams(model, alphabet, "model")
    for text in texts(80, seed=3, symbols="abde fg?"):
        expected = model.score([token_of(s) for s in text])
        assert table.score(alphabet.encode("".join(text))) == pytest.approx(expected, abs=1e-4)


def test_a_model_of_words_or_of_other_symbols_is_refused():
    words = kneser_ney.estimate([["some", "words"]], 2)
    with pytest.raises(InputError, match=r"m.arpa: a model of words \(some, words\)"):
        of_ngrams(words, Alphabet("some"), "m.arpa")
    other = kneser_ney.estimate([["x", "y"]], 2)
    with pytest.raises(InputError, match="knows none of the 2 symbols"):
        of_ngrams(other, Alphabet("ab"), "m.arpa")


def test_a_table_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(automaton, "MOST_ENTRIES", 10)
    with pytest.raises(InputError, match="train one of a lower order"):
        of_ngrams(kneser_ney.estimate(texts(), 3), Alphabet("abcdefg"), "m.arpa")


WORDS = ["ab", "a", "ba", "bab"]


@pytest.mark.parametrize("symbols, longest", [("ab", 6), ("ab ", 5), ("ab -", 4)])
def test_a_lexicon_allows_its_words_between_free_symbols_and_nothing_else(symbols, longest):
    alphabet = Alphabet(symbols)
    table = lexicon.of_words(WORDS, alphabet, "words").automaton
    for length in range(longest + 1):
        for text in map("".join, itertools.product(symbols, repeat=length)):
            words = text.replace("-", " ").split(" ")
            allowed = all(word in (*WORDS, "") for word in words)
            assert table.score(alphabet.encode(text)) == (0.0 if allowed else -np.inf), text


def test_words_are_spelled_as_labels_are_and_lost_ones_are_named(capsys):
    alphabet = Alphabet("abc", Spelling(normalization="lower"))
    table = lexicon.of_words(["AB", "ca", "axe"], alphabet, "words.txt").automaton
    assert table.score(alphabet.encode("ab")) == 0.0
    assert "words.txt: 1 of 3 words have symbols that the alphabet lacks" in capsys.readouterr().err
    with pytest.raises(InputError, match="every word has symbols that the alphabet lacks"):
        lexicon.of_words(["xyz"], alphabet, "words.txt")


def test_an_empty_lexicon_is_refused(tmp_path):
    (tmp_path / "words.txt").write_text("\n \n")
    with pytest.raises(InputError, match="holds no words"):
        lexicon.read_words(tmp_path / "words.txt")
