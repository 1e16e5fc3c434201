import random
from collections import Counter

import pytest

from ocr_tf.metrics.confusions import confusions, most_common
from ocr_tf.metrics.edits import edits


@pytest.mark.parametrize(
    "reference, hypothesis, expected",
    [
        ("abc", "abc", {}),
        ("abc", "axc", {("b", "x"): 1}),
        ("abc", "ac", {("b", ""): 1}),
        ("ac", "abc", {("", "b"): 1}),
        ("", "aa", {("", "a"): 2}),
        ("00", "", {("0", ""): 2}),
        ("0O0", "O0O", None),  # several ways: only their number is fixed
        ("e\u0301", "\u00e9", {}),  # one letter, however it is composed
        ("e\u0301", "e", {("\u00e9", "e"): 1}),
    ],
)
def test_simple_cases(reference, hypothesis, expected):
    counts = confusions([(reference, hypothesis)])
    assert sum(counts.values()) == edits(reference, hypothesis).distance
    if expected is not None:
        assert counts == expected


def test_they_sum_over_lines_to_the_edits_and_balance_the_lengths():
    draw = random.Random(0)

    def text():
        return "".join(draw.choice("ab ") for _ in range(draw.randrange(8)))

    pairs = [(text(), text()) for _ in range(300)]
    counts = confusions(pairs)
    assert sum(counts.values()) == sum(edits(*pair).distance for pair in pairs)
    assert all(true != read for true, read in counts)
    grown = sum(n * (bool(read) - bool(true)) for (true, read), n in counts.items())
    assert grown == sum(len(hypothesis) - len(reference) for reference, hypothesis in pairs)
    assert counts == sum((confusions([pair]) for pair in pairs), Counter())


def test_the_most_common_come_first_and_equals_in_the_order_of_symbols():
    counts = confusions([("b", "x"), ("a", "x"), ("c", ""), ("c", ""), ("", "y")])
    assert most_common(counts, 3) == [(("c", ""), 2), (("", "y"), 1), (("a", "x"), 1)]
