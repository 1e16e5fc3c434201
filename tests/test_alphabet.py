import random
import sys
import unicodedata

import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc


def any_texts(count, seed=0):
    """Texts of arbitrary code points, with some whose order or form NFC changes."""
    rng = random.Random(seed)
    special = "e\u0301\u0323\u0364 A\u030a\u212b\u0958\u1100\u1161\u11a8\u0915\u093f\u200d\u00a0"
    for _ in range(count):
        yield "".join(
            rng.choice(special) if rng.random() < 0.5 else chr(rng.randrange(0x20, 0xD800))
            for _ in range(rng.randrange(1, 12))
        ) + chr(rng.randrange(0x10000, sys.maxunicode + 1))


def test_any_text_survives_ids_and_comes_back_in_nfc():
    texts = list(any_texts(300))
    alphabet = Alphabet.from_texts(texts)
    for text in texts:
        ids = alphabet.encode(text)
        assert len(ids) == len(unicodedata.normalize("NFC", text))
        assert alphabet.decode(ids) == unicodedata.normalize("NFC", text)
        assert alphabet.unknown(text) == []


def test_any_alphabet_survives_its_file(tmp_path):
    alphabet = Alphabet.from_texts(any_texts(300, seed=1))
    path = tmp_path / "alphabet.txt"
    path.write_bytes(alphabet.dumps().encode())
    assert Alphabet.load(path) == alphabet
    assert hash(Alphabet.load(path)) == hash(alphabet)


def test_symbols_are_code_points_of_nfc_in_code_point_order():
    alphabet = Alphabet.from_texts(["be\u0301", "a", "", "u\u0364"])
    assert alphabet.symbols == ("a", "b", "u", "\u00e9", "\u0364")
    assert Alphabet.from_texts(["u\u0364", "\u00e9a", "b"]) == alphabet


def test_composed_and_decomposed_text_have_the_same_ids():
    alphabet = Alphabet.from_texts(["\u00e9\u1ec7"])
    assert alphabet.encode("e\u0301e\u0323\u0302") == alphabet.encode("\u00e9\u1ec7") == [0, 1]


def test_marks_without_composed_form_are_symbols_of_their_own():
    alphabet = Alphabet.from_texts(["u\u0364"])
    assert alphabet.decode(alphabet.encode("u\u0364u")) == "u\u0364u"


def test_special_ids_stand_outside_the_symbols():
    alphabet = Alphabet("abc")
    assert len(alphabet) == 3
    assert (alphabet.blank, alphabet.end, alphabet.start, alphabet.pad) == (3, 3, 4, -1)
    assert alphabet.classes == 4
    assert alphabet.encode("") == []
    assert alphabet.decode([]) == ""
    for special in (alphabet.blank, alphabet.start, alphabet.pad):
        with pytest.raises(IndexError, match="not a symbol id"):
            alphabet.decode([0, special])


def test_decoding_only_joins():
    alphabet = Alphabet("e\u0301")
    assert alphabet.decode([0, 1]) == "e\u0301" != nfc("e\u0301")


def test_unknown_symbols_are_named_once_in_order():
    alphabet = Alphabet("abc")
    assert alphabet.unknown("xaybxe\u0301") == ["x", "y", "\u00e9"]
    with pytest.raises(ValueError, match="not in the alphabet: 'x' 'y'"):
        alphabet.encode("xay")


@pytest.mark.parametrize(
    "symbols, message",
    [
        ("", "at least one symbol"),
        ("aba", "symbol 'a' stands twice"),
        (["ab"], "one code point, not 'ab'"),
        (["a", ""], "one code point, not ''"),
        ("a\n", "line end"),
        ("a\r", "line end"),
    ],
)
def test_what_no_alphabet_is_made_of(symbols, message):
    with pytest.raises(ValueError, match=message):
        Alphabet(symbols)


@pytest.mark.parametrize(
    "content, symbols",
    [
        ("a\nb\n", ("a", "b")),
        ("a\nb", ("a", "b")),  # no line end behind the last
        ("b\r\na\r\n", ("b", "a")),  # the order of the file
        ("a\n \n\u00a0\n", ("a", " ", "\u00a0")),
        ("\u2028\n\x0b\n\x85\n\t\n", ("\u2028", "\x0b", "\x85", "\t")),  # splitlines() would cut
        ("e\u0301\n\u0364\n", ("\u00e9", "\u0364")),
    ],
)
def test_load(tmp_path, content, symbols):
    path = tmp_path / "alphabet.txt"
    path.write_bytes(content.encode())
    assert Alphabet.load(path).symbols == symbols


@pytest.mark.parametrize(
    "content, place, message",
    [
        (b"a\nbc\nd\n", ":2", "one symbol (code point) a line, not 'bc'"),
        (b"a\n\nb\n", ":2", "one symbol (code point) a line, not ''"),
        (b"", ":1", "one symbol (code point) a line, not ''"),
        ("a\nu\u0364\n".encode(), ":2", "one symbol (code point) a line, not 'u\u0364'"),
        (b"a\nb\na\n", "", "symbol 'a' stands twice"),
        ("e\u0301\n\u00e9\n".encode(), "", "symbol '\u00e9' stands twice"),
        (b"a\n\xff\n", ":2", "not UTF-8 (byte 2); save the file as UTF-8"),
    ],
)
def test_load_names_the_place_of_an_error(tmp_path, content, place, message):
    path = tmp_path / "alphabet.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        Alphabet.load(path)
    assert str(error.value) == f"{path}{place}: {message}"


def test_load_of_no_file(tmp_path):
    with pytest.raises(InputError) as error:
        Alphabet.load(tmp_path / "none.txt")
    assert str(error.value).endswith(
        "none.txt: cannot read the alphabet: No such file or directory; name a file with one symbol "
        "a line"
    )
    with pytest.raises(InputError, match="Is a directory"):
        Alphabet.load(tmp_path)
