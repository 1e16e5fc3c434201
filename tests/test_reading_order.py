import random

import pytest

from ocr_tf import reading_order
from ocr_tf.alphabet import Alphabet, Spelling

HEBREW = "\u05e9\u05dc\u05d5\u05dd"  # shalom, as it is read


@pytest.mark.parametrize(
    "direction, text, shown",
    [
        ("ltr", HEBREW, HEBREW),
        ("rtl", HEBREW, HEBREW[::-1]),
        ("auto", HEBREW, HEBREW[::-1]),
        ("auto", "abc (d)", "abc (d)"),
        ("rtl", f"{HEBREW} 12-34", f"12-34 {HEBREW[::-1]}"),  # numbers are read from left to right
        ("rtl", f"abc {HEBREW}", f"{HEBREW[::-1]} abc"),
        ("auto", f"abc {HEBREW} d", f"abc {HEBREW[::-1]} d"),
        ("auto", f"{HEBREW} abc", f"abc {HEBREW[::-1]}"),
        ("rtl", "\u05d0(\u05d1", "\u05d1)\u05d0"),  # drawn mirrored
        ("rtl", "", ""),
    ],
)
def test_order_of_display(direction, text, shown):
    assert reading_order.to_visual(text, direction) == shown
    assert reading_order.canonical(text, direction) == text


def test_two_texts_of_one_image_are_given_as_one():
    texts = [f"abc {HEBREW}", f"{HEBREW} abc"]
    assert len({reading_order.to_visual(text, "auto") for text in texts}) == 1
    assert {reading_order.canonical(text, "auto") for text in texts} == {f"{HEBREW} abc"}


@pytest.mark.parametrize("direction", reading_order.DIRECTIONS)
def test_what_is_given_for_an_image_is_given_for_itself(direction):
    generator = random.Random(0)
    for _ in range(2000):
        size = generator.randint(0, 10)
        text = "".join(
            generator.choice("\u05d0\u05d1\u05d2\u0627\u0628ab1 2(.)-") for _ in range(size)
        )
        given = reading_order.canonical(text, direction)
        assert reading_order.canonical(given, direction) == given
        assert len(reading_order.to_visual(text, direction)) == size


def test_an_alphabet_spells_in_the_order_of_the_image():
    alphabet = Alphabet.from_texts([f"{HEBREW} 12 (a)"], Spelling("rtl"))
    ids = alphabet.encode(f"{HEBREW} 12")
    assert [alphabet.symbols[i] for i in ids] == list(f"12 {HEBREW[::-1]}")
    assert alphabet.decode(ids) == f"{HEBREW} 12"
    assert not alphabet.unknown(")(")


def test_right_to_left_symbols_are_named():
    assert reading_order.right_to_left(f"a1({HEBREW[0]}{HEBREW[0]}\u0628") == [HEBREW[0], "\u0628"]
