"""Models of n-grams: distributions, files, and the scores of KenLM on the same file."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ocr_tf.errors import InputError
from ocr_tf.language import arpa, kneser_ney
from ocr_tf.language.ngrams import BEGIN, END, NEVER, UNKNOWN, NGrams


def texts(count: int = 300, seed: int = 0, symbols: str = "abcdefg") -> list[list[str]]:
    """Texts in which symbols depend on those before them."""
    draw = np.random.default_rng(seed)
    said = []
    for _ in range(count):
        text, last = [], 0
        for _ in range(draw.integers(0, 12)):
            last = int(last + draw.geometric(0.5)) % len(symbols)
            text.append(symbols[last])
        said.append(text)
    return said


@pytest.fixture(scope="module", params=[1, 2, 3, 5])
def model(request) -> NGrams:
    return kneser_ney.estimate(texts(), request.param)


def test_every_history_has_a_distribution(model):
    everything = [*model.tokens, END, UNKNOWN]
    histories = [(), (BEGIN,), ("never",), ("a",), ("g", "a"), ("c", "d", "e", "f", "g", "a")]
    histories += [gram for grams in model.log_probs for gram in itertools.islice(grams, 40)]
    for history in histories:
        if END in history:
            continue
        total = sum(math.exp(model.log_prob(token, history)) for token in everything)
        assert total == pytest.approx(1, abs=1e-9), history


def test_what_was_seen_is_likelier_than_by_a_model_of_a_lower_order():
    seen, unseen = texts(), texts(100, seed=1)
    models = [kneser_ney.estimate(seen, order) for order in (1, 2, 3)]
    assert np.mean(np.diff([sum(map(m.score, seen)) for m in models]) > 0) == 1
    scores = [sum(map(m.score, unseen)) for m in models]
    assert scores[1] > scores[0]


def test_bigrams_of_a_tiny_text_by_hand():
    """Of `a b` and `a c`; all discounts are the fallback's, as no gram has the count 3."""
    model = kneser_ney.estimate([["a", "b"], ["a", "c"]], 2)
    # Different tokens before each: a 1 (BEGIN), b 1, c 1, END 2; one spares 0.5, two spare 1.
    uniform, spared = 1 / 5, (3 * 0.5 + 1) / 5
    lower = {t: 0.5 / 5 + spared * uniform for t in "abc"} | {END: 1 / 5 + spared * uniform}
    assert math.exp(model.log_prob("b", ())) == pytest.approx(lower["b"])
    assert math.exp(model.log_prob(END, ())) == pytest.approx(lower[END])
    assert math.exp(model.log_prob(UNKNOWN, ())) == pytest.approx(spared * uniform)
    assert math.exp(model.log_prob("b", ("a",))) == pytest.approx(0.5 / 2 + 0.5 * lower["b"])
    assert math.exp(model.log_prob("a", (BEGIN,))) == pytest.approx(1 / 2 + 0.5 * lower["a"])
    assert math.exp(model.log_prob("c", ("b",))) == pytest.approx(0.5 * lower["c"])


def test_discounts_are_those_of_the_paper():
    counts = [1] * 10 + [2] * 4 + [3] * 2 + [4]
    y = 10 / 18
    expected = (1 - 2 * y * 4 / 10, 2 - 3 * y * 2 / 4, 3 - 4 * y * 1 / 2)
    assert kneser_ney.discounts(counts) == pytest.approx(expected)
    assert kneser_ney.discounts([5, 6]) == kneser_ney.FALLBACK


def test_a_model_survives_its_file(model, tmp_path):
    arpa.write(model, tmp_path / "model.arpa")
    read = arpa.read(tmp_path / "model.arpa")
    assert read.order == model.order and read.tokens == model.tokens
    for text in texts(50, seed=2, symbols="abcdxyz"):
        assert read.score(text) == pytest.approx(model.score(text), abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_kenlm(seed, tmp_path):
    kenlm = pytest.importorskip("flashlight.lib.text.decoder.kenlm")
    from flashlight.lib.text.dictionary import Dictionary

    path = tmp_path / "model.arpa"
    arpa.write(kneser_ney.estimate(texts(seed=seed), 2 + seed), path)
    ours = arpa.read(path)
    # Back-off weights that no estimate gives: both must only add them up.
    draw = np.random.default_rng(seed)
    ours = NGrams(ours.log_probs, {h: -float(draw.uniform(0, 3)) for h in ours.backoffs})
    arpa.write(ours, path)
    ours = arpa.read(path)
    names = Dictionary()
    for token in (*ours.tokens, "unknown"):
        names.add_entry(token)
    theirs = kenlm.KenLM(str(path), names)
    for text in texts(60, seed=seed + 10, symbols="abcdefgxy"):
        state, total = theirs.start(False), 0.0
        for token in text:
            known = token if token in ours.tokens else "unknown"
            state, gain = theirs.score(state, names.get_index(known))
            total += gain
        _, gain = theirs.finish(state)
        assert ours.score(text) == pytest.approx((total + gain) * math.log(10), abs=1e-4)


def test_a_model_without_an_unknown_token_still_scores():
    model = NGrams(({("a",): -1.0, (END,): -1.0},), {})
    assert model.score(["a", "b"]) == pytest.approx(-1 + NEVER - 1)


GOOD = """\\data\\
ngram 1=3
ngram 2=1

\\1-grams:
-0.5\ta\t-0.3
-0.7\t</s>
-99\t<s>\t-0.1

\\2-grams:
-0.2\t<s> a

\\end\\
"""


def test_a_file_by_hand(tmp_path):
    path = tmp_path / "model.arpa"
    path.write_text("said before\n\n" + GOOD)
    model = arpa.read(path)
    assert model.order == 2
    assert model.score(["a"]) == pytest.approx((-0.2 - 0.3 - 0.7) * math.log(10))


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("\\data\\", "data", "no ARPA file"),
        ("ngram 1=3\nngram 2=1\n", "", "announces no n-grams"),
        ("ngram 2=1", "ngram 3=1", ":3: expected `ngram 2=COUNT`"),
        ("ngram 2=1", "ngram 2=2", "1 different 2-grams, of 2 announced"),
        ("-0.2\t<s> a", "-0.2\t<s> a b a", "expected a number, 2 tokens"),
        ("-0.5\ta", "much\ta", ":6: expected numbers beside the tokens"),
        ("-0.5\ta", "0.5\ta", "a number up to 0"),
        ("-0.2\t<s> a", "-0.2\tx a", "without its history"),
        ("\\2-grams:\n-0.2\t<s> a\n\n\\end\\\n", "", "expected `\\2-grams:`"),
        ("\\end\\\n", "", "the file is truncated"),
        ("\\2-grams:", "\\3-grams:", "expected `\\2-grams:`"),
    ],
)
def test_a_file_that_is_not_right_is_named_with_its_line(old, new, said, tmp_path):
    path = tmp_path / "model.arpa"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError) as error:
        arpa.read(path)
    assert said in str(error.value) and str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_nothing_gives_no_model():
    with pytest.raises(ValueError, match="no text"):
        kneser_ney.estimate([], 2)
    with pytest.raises(ValueError, match="at least 1"):
        kneser_ney.estimate([["a"]], 0)
