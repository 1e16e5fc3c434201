import functools
import itertools
import json
import random

import pytest

from ocr_tf.metrics.edits import Edits, edits, word_edits
from ocr_tf.metrics.error_rates import measure


@functools.cache
def ways(reference: str, hypothesis: str) -> "frozenset[tuple[int, int, int]]":
    """(I, D, S) of every alignment, by recursion on the last symbols."""
    if not reference and not hypothesis:
        return frozenset({(0, 0, 0)})
    found = set()
    if hypothesis:
        found |= {(i + 1, d, s) for i, d, s in ways(reference, hypothesis[:-1])}
    if reference:
        found |= {(i, d + 1, s) for i, d, s in ways(reference[:-1], hypothesis)}
    if reference and hypothesis:
        differ = reference[-1] != hypothesis[-1]
        found |= {(i, d, s + differ) for i, d, s in ways(reference[:-1], hypothesis[:-1])}
    return frozenset(found)


SMALL = ["".join(s) for n in range(6) for s in itertools.product("ab", repeat=n)]


def test_edits_equal_brute_force_on_all_small_strings():
    for reference, hypothesis in itertools.product(SMALL, SMALL):
        fewest = min(sum(way) for way in ways(reference, hypothesis))
        best = min(way for way in ways(reference, hypothesis) if sum(way) == fewest)
        assert edits(reference, hypothesis) == Edits(*best, length=len(reference))


def test_word_edits_equal_edits_of_one_letter_words():
    for reference, hypothesis in itertools.product(SMALL[:31], SMALL[:31]):
        assert word_edits(" ".join(reference), " ".join(hypothesis)) == edits(reference, hypothesis)


@pytest.mark.parametrize(
    "reference, hypothesis, expected",
    [
        ("kitten", "sitting", Edits(1, 0, 2, 6)),
        ("ab", "ba", Edits(0, 0, 2, 2)),
        ("", "", Edits(0, 0, 0, 0)),
        ("", "abc", Edits(3, 0, 0, 0)),
        ("abc", "", Edits(0, 3, 0, 3)),
        ("hello", "helo", Edits(0, 1, 0, 5)),
        ("caf\u00e9", "cafe\u0301", Edits(0, 0, 0, 4)),  # the same text after NFC
        ("cafe\u0301", "cafe", Edits(0, 0, 1, 4)),  # composed: one symbol
        ("u\u0364ber", "uber", Edits(0, 1, 0, 5)),  # no composed form: the mark is a symbol
        ("\U0001d504b", "Ab", Edits(0, 0, 1, 2)),  # outside the BMP: one code point
    ],
)
def test_edits_by_hand(reference, hypothesis, expected):
    assert edits(reference, hypothesis) == expected


@pytest.mark.parametrize(
    "reference, hypothesis, expected",
    [
        ("the cat sat", "the cat sat", Edits(0, 0, 0, 3)),
        ("the cat sat", " the  cat\tsat\u00a0", Edits(0, 0, 0, 3)),
        ("the cat sat", "thecat sat", Edits(0, 1, 1, 3)),
        ("the", "the the", Edits(1, 0, 0, 1)),
        (" ", "", Edits(0, 0, 0, 0)),
        ("re\u0301sume\u0301", "r\u00e9sum\u00e9", Edits(0, 0, 0, 1)),
    ],
)
def test_word_edits_by_hand(reference, hypothesis, expected):
    assert word_edits(reference, hypothesis) == expected


def test_rates_by_hand():
    rates = measure([("abcd", "abxd"), ("", "zz"), ("one two", "one"), ("", ""), ("ok", "ok")])
    assert rates.lines == 5
    assert rates.exact_lines == 2
    assert rates.characters == Edits(insertions=2, deletions=4, substitutions=1, length=13)
    assert rates.words == Edits(insertions=1, deletions=1, substitutions=1, length=4)
    assert rates.cer == pytest.approx(7 / 13)
    assert rates.wer == pytest.approx(3 / 4)
    assert rates.exact == pytest.approx(2 / 5)
    assert rates.one_minus_ned == pytest.approx((3 / 4 + 0 + 3 / 7 + 1 + 1) / 5)
    assert rates.ar == pytest.approx(6 / 13)
    assert rates.cr == pytest.approx(8 / 13)


def test_rates_sum_before_they_divide():
    rates = measure([("a", "b"), ("abcdefghi", "abcdefghi")])
    assert rates.cer == 0.1  # and not (1 + 0) / 2


def test_insertions_may_take_the_error_rate_over_one():
    rates = measure([("a", "abcd")])
    assert (rates.cer, rates.ar, rates.cr, rates.one_minus_ned) == (3, -2, 1, 0.25)


def test_rates_keep_their_identities_in_any_order():
    rng = random.Random(0)
    text = lambda: "".join(rng.choices("ab c", k=rng.randrange(8)))  # noqa: E731
    pairs = [(text(), text()) for _ in range(300)]
    rates = measure(pairs)
    total = rates.characters
    assert total.distance == sum(edits(*pair).distance for pair in pairs)
    assert total.length == sum(len(reference) for reference, _ in pairs)
    assert total.length - total.deletions + total.insertions == sum(len(h) for _, h in pairs)
    assert rates.cer + rates.ar == pytest.approx(1)
    assert rates.cr - rates.ar == pytest.approx(total.insertions / total.length)
    assert rates.exact_lines == sum(reference == hypothesis for reference, hypothesis in pairs)
    assert rates.exact <= rates.one_minus_ned <= 1
    rng.shuffle(pairs)
    assert measure(iter(pairs)) == rates


def test_perfect_reading():
    rates = measure([("a b", "a b"), ("", "")])
    assert (rates.cer, rates.wer, rates.exact, rates.one_minus_ned) == (0, 0, 1, 1)
    assert (rates.ar, rates.cr) == (1, 1)


def test_normalization_applies_to_both_sides_and_is_named():
    pairs = [("It's", "ITS"), ("e\u0301", "\u00c9"), ("...", "-")]
    assert measure(pairs).exact_lines == 0
    rates = measure(pairs, "alphanumeric")
    assert rates.exact_lines == 3
    assert rates.characters.length == 4
    assert rates.as_dict()["normalization"] == "alphanumeric"
    assert "normalization: alphanumeric" in rates.table()
    with pytest.raises(ValueError, match="not one of none"):
        measure(pairs, "upper")


def test_nothing_to_divide_by_is_null():
    nothing = json.loads(json.dumps(measure([]).as_dict(), allow_nan=False))
    for name in ("cer", "wer", "exact", "one_minus_ned", "ar", "cr"):
        assert nothing[name] is None
    only_empty = measure([("", "abc")])
    assert only_empty.cer is only_empty.wer is only_empty.ar is only_empty.cr is None
    assert (only_empty.exact, only_empty.one_minus_ned) == (0, 0)
    assert only_empty.characters.insertions == 3
    assert "CER          -" in only_empty.table()


def test_json_has_every_count():
    assert measure([("a b", "a c d")]).as_dict() == {
        "normalization": "none",
        "cer": 1.0,
        "wer": 1.0,
        "exact": 0.0,
        "one_minus_ned": pytest.approx(0.4),
        "ar": 0.0,
        "cr": pytest.approx(2 / 3),
        "lines": 1,
        "exact_lines": 0,
        "insertions": 2,
        "deletions": 0,
        "substitutions": 1,
        "length": 3,
        "word_insertions": 1,
        "word_deletions": 0,
        "word_substitutions": 1,
        "word_length": 2,
    }


def test_table():
    pairs = [("abcd", "abxd"), ("one two", "one")]
    assert measure(pairs).table().splitlines() == [
        "CER     45.45%  5 edits in 11 code points (1 substituted, 4 deleted, 0 inserted)",
        "WER     66.67%  2 edits in 3 words (1 substituted, 1 deleted, 0 inserted)",
        "exact    0.00%  0 of 2 lines",
        "1-NED   58.93%",
        "AR      54.55%",
        "CR      54.55%  normalization: none",
    ]
