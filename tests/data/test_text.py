import pytest

from ocr_tf.data.text import clean, is_odd, name_of, notes


@pytest.mark.parametrize(
    "text, cleaned",
    [
        ("as it is", "as it is"),
        ("  a \t b\u00a0\u2003c ", "a b c"),
        ("a\x07b\u200ec\ufeff", "abc"),
        ("cafe\u0301", "caf\u00e9"),
        ("e\u200b\u0301", "\u00e9"),  # what stood between them is gone
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # a joiner changes the glyph
        ("\u0085x\u2028y", "x y"),
        ("\t", ""),
        ("", ""),
    ],
)
def test_clean(text, cleaned):
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


def test_notes_count_labels():
    said = notes(["a", " b", "c ", "d  e", "f\u00a0g", "h\x07\x07", "i\x07\u200e", "\u00e9"])
    assert said == [
        "spaces at the ends of 2 labels are cut off",
        "white space within 2 labels becomes one space each: U+00A0 NO-BREAK SPACE (1 labels), double spaces "
        "(1 labels)",
        "control characters are left out: U+0007 (2 labels), U+200E LEFT-TO-RIGHT MARK (1 labels)",
    ]
    assert notes(["a", "b c", "\u00e9\u200d"]) == []


def test_odd_symbols():
    odd = ["\u00ad", "\ufffd", "\ue000", "\u200d"]
    assert [s for s in ["a", " ", "\u00e9", "\u0301", "\u5b57", "\u20ac", *odd] if is_odd(s)] == odd
    assert name_of("\u00ad") == "U+00AD SOFT HYPHEN"
