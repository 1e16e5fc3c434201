import unicodedata

import pytest

from ocr_tf.normalization import NORMALIZATIONS, normalize


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("none", "e\u0301 A.", "é A."),
        ("none", "  two  spaces ", "  two  spaces "),
        ("lower", "It's 4:30 P.M.", "it's 4:30 p.m."),
        ("lower", "E\u0301TÉ", "été"),
        ("alphanumeric", "It's 4:30 P.M.", "its430pm"),
        ("alphanumeric", "E\u0301TÉ", "été"),
        ("alphanumeric", "Straße", "straße"),
        ("alphanumeric", "e\u0363", "e\u0363"),  # a small e above: a mark without composed form
        ("alphanumeric", "हिन्दी!", "हिन्दी"),
        ("alphanumeric", "_-.,;", ""),
        ("alphanumeric", "", ""),
    ],
)
def test_normalization_by_hand(name, text, expected):
    assert normalize(text, name) == expected


def test_ascii_keeps_what_the_scene_text_protocol_keeps():
    text = "".join(map(chr, range(128)))
    kept = "0123456789" + "abcdefghijklmnopqrstuvwxyz" * 2
    assert normalize(text, "alphanumeric") == kept


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_normalizing_is_nfc_and_done_once(name):
    for text in ("\u0130stanbul", "A\u030angstrom \u212b", "\u1e9e", "n\u0303o\u0303", "\u0958"):
        once = normalize(text, name)
        assert unicodedata.is_normalized("NFC", once)
        assert normalize(once, name) == once


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'upper', not one of none, lower, alphanumeric"):
        normalize("a", "upper")
