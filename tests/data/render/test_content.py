import numpy as np
import pytest

from ocr_tf.data.render.content import (
    Bounds,
    Corpus,
    Hanzi,
    Lexicon,
    Numbers,
    Patterned,
    Punctuated,
    Syllables,
)
from ocr_tf.data.render.splits import split_of
from ocr_tf.errors import InputError


def labels(content, times: int = 500) -> list:
    random = np.random.default_rng(0)
    drawn = [content.draw(random) for _ in range(times)]
    assert set("".join(text.drawn for text in drawn)) <= content.symbols
    return [text.label for text in drawn]


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300)))
    return str(path)


@pytest.mark.parametrize("case", ["keep", "mixed"])
def test_splits_of_a_lexicon_share_no_word_whatever_its_case(lexicon, case):
    train, test = (
        {label.casefold() for label in labels(Lexicon(lexicon, Bounds("s", split, case=case)))}
        for split in ("train", "test")
    )
    assert len(train) > 100 and len(test) > 30 and not train & test
    assert {split_of(word) for word in test} == {"test"}
    assert train | test <= set(labels(Lexicon(lexicon, Bounds("s", "all")), 4000))


@pytest.mark.parametrize("make", [Syllables, Hanzi, lambda bounds: Patterned("plate", bounds)])
def test_splits_of_what_is_made_up_share_no_text(make):
    train, test = (set(labels(make(Bounds("s", split, 1, 12)))) for split in ("train", "test"))
    assert train and test and not train & test


def test_pieces_of_a_corpus_share_neither_texts_nor_lines(tmp_path):
    path = tmp_path / "corpus.txt"
    lines = [f"alpha{i}  beta{i} \t gamma{i} delta{i}" for i in range(200)]
    path.write_text("\r\n".join(lines), "utf-8")
    train, test = (
        labels(Corpus(str(path), Bounds("s", split, 5, 20))) for split in ("train", "test")
    )
    numbers = [
        {word.strip("abdeghlmpt") for t in texts for word in t.split()} for texts in (train, test)
    ]
    assert numbers[0] and numbers[1] and not numbers[0] & numbers[1]
    words = {word for line in lines for word in line.split()}
    for text in train + test:
        assert 5 <= len(text) <= 20 and set(text.split(" ")) <= words


def test_a_corpus_without_spaces_is_cut_between_characters(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("天地玄黃宇宙洪荒日月盈昃辰宿列張" * 3, "utf-8")
    texts = labels(Corpus(str(path), Bounds("s", "all", 3, 7)))
    assert {len(text) for text in texts} == {3, 4, 5, 6, 7}
    assert len(set(texts)) > 40


def test_case_is_drawn():
    texts = labels(Syllables(Bounds("s", "all", 4, 9, case="mixed")))
    assert any(t.isupper() for t in texts) and any(t.islower() for t in texts)
    assert any(t[0].isupper() and t[1:].islower() for t in texts)


def test_a_share_of_the_lines_are_numbers():
    bounds = Bounds("s", "train", 2, 8)
    texts = labels(Numbers(Syllables(bounds), 0.25, bounds), 1000)
    numbers = [text for text in texts if text.isdigit()]
    assert 150 < len(numbers) < 350 and {split_of(n) for n in numbers} == {"train"}
    assert {len(n) for n in numbers} == {2, 3, 4, 5, 6}


def test_a_share_of_the_words_have_marks_and_splits_stay_apart():
    drawn = {}
    for split in ("train", "test"):
        bounds = Bounds("s", split, 2, 8)
        texts = labels(Punctuated(Syllables(bounds), 0.3, bounds), 1000)
        marked = [text for text in texts if not text.isalpha()]
        assert 200 < len(marked) < 350
        assert all(2 <= len(t) <= 8 and split_of(t) == split for t in texts)
        drawn[split] = set(texts)
        assert any(t[0].isalpha() and t[-1].isalpha() for t in marked)
        assert any(t[-1] == "." for t in marked) and any(t[0] == "(" for t in marked)
    assert not drawn["train"] & drawn["test"]


def test_a_word_that_leaves_no_room_for_marks_stands_alone():
    bounds = Bounds("s", "all", 4, 4)
    assert all(t.isalpha() for t in labels(Punctuated(Syllables(bounds), 1.0, bounds), 50))


def test_the_characters_of_ordinary_chinese_are_all_there():
    symbols = Hanzi(Bounds("s", "all")).symbols
    assert len(symbols) == 3755 and {"啊", "座", "中", "国"} <= symbols


@pytest.mark.parametrize(
    "content, bounds, words",
    [
        (b"", {}, "holds no words"),
        (b"\n \n", {}, "holds no words"),
        (b"caf\xe9\n", {}, "not UTF-8"),
        (b"alpha\n", {"split": "test"}, "split=all"),  # alpha is for training
        (b"alpha\n", {"longest": 3}, "widen length="),
    ],
)
def test_a_lexicon_that_gives_nothing_is_one_line(tmp_path, content, bounds, words):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as raised:
        Lexicon(str(path), Bounds("s", **{"split": "train", **bounds}))
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_template_of_few_texts_may_leave_a_split_empty():
    empty = "test" if split_of("abc") == "train" else "train"
    with pytest.raises(InputError, match="template=abc has no text"):
        Patterned("abc", Bounds("s", empty)).draw(np.random.default_rng(0))
    assert labels(Patterned("abc", Bounds("s", "all")), 3) == ["abc"] * 3
