import io

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data import synthetic
from ocr_tf.data.dataset import open_source
from ocr_tf.data.source import Sample
from ocr_tf.study.analysis import probe_data
from ocr_tf.study.analysis.probe_data import Joined, drawn, joined

# Words of 4 to 10 letters, some with one letter only or with a symbol that is rare.
WORDS = [a + b + c + "t" for a in "abcdf" for b in "eiou" for c in "lmn"]
TRAINED = (
    [" ".join(WORDS[i : i + 3]) for i in range(0, len(WORDS), 3)] + ["eeee", "a7b!"] + WORDS * 9
)
KNOWN = sorted(set("".join(TRAINED)) - {"i"})


def texts(levels):
    return {(one.family, one.name): [s.text for s in one.source.samples] for one in levels}


@pytest.fixture(scope="module")
def probes():
    return texts(drawn(TRAINED, KNOWN))


def test_only_letters_that_all_know_and_that_training_often_held(probes):
    held = set("".join(t for found in probes.values() for t in found))
    assert held == set(KNOWN) - {" ", "!", "7"}


def test_repeats_are_one_symbol_and_their_controls_have_none(probes):
    for size in probe_data.REPEATS:
        repeats, random = probes["repeats", str(size)], probes["no repeats", str(size)]
        assert all(len(set(text)) == 1 and len(text) == size for text in repeats)
        assert all(len(text) == size for text in random)
        assert not any(a == b for text in random for a, b in zip(text, text[1:]))
        assert len(repeats) == len(random) == probe_data.LINES


def test_shuffled_words_have_the_same_symbols_and_are_no_words(probes):
    words, shuffled = probes["words", "in order"], probes["shuffled words", "shuffled"]
    assert set(words) <= set(WORDS) and len(set(words)) == len(words)
    assert [sorted(word) for word in words] == [sorted(other) for other in shuffled]
    assert not set(shuffled) & {word for text in TRAINED for word in text.split()}


def test_lengths_go_beyond_the_longest_training_line(probes):
    longest = max(map(len, TRAINED))
    sizes = sorted(int(name) for family, name in probes if family == "lengths")
    assert sizes == [round(share * longest) for share in probe_data.LENGTHS]
    assert all(len(t) == sizes[-1] for t in probes["lengths", str(sizes[-1])])


def test_every_control_is_a_level_with_as_many_lines():
    levels = drawn(TRAINED, KNOWN)
    there = {(one.family, one.name): one for one in levels}
    held = {(one.family, one.name): one.control for one in levels if one.control}
    assert held["repeats", "4"] == ("no repeats", "4")
    assert held["shuffled words", "shuffled"] == ("words", "in order")
    assert all(len(there[c].source.samples) == probe_data.LINES for c in held.values())
    assert held["lengths", "28"] == ("lengths", "7") and ("lengths", "7") not in held


def test_lines_of_a_place_look_alike_on_every_level():
    levels = {(one.family, one.name): one.source for one in drawn(TRAINED, KNOWN)}
    for i in range(3):
        pictures = [
            Image.open(io.BytesIO(levels[key].read(i)))
            for key in (("repeats", "2"), ("words", "in order"), ("lengths", "14"))
        ]
        assert len({picture.height for picture in pictures}) == 1


def test_probes_are_the_same_each_time():
    again = texts(drawn(TRAINED, KNOWN))
    assert again == texts(drawn(list(TRAINED), list(KNOWN)))


def test_what_cannot_be_drawn_is_left_out():
    assert drawn(TRAINED, ["a", "!", "\u4eac"]) == []  # one letter, and one that no typeface has
    families = {one.family for one in drawn(["ab ba"] * 3, ["a", "b"])}
    assert families == {"repeats", "no repeats", "lengths"}  # too few words


# Test lines side by side


class Gray:
    """Lines of one gray each, as wide as they are high or twice."""

    name = "gray"
    samples = [Sample(f"gray/{i}", text, f"gray#{i}") for i, text in enumerate(["a", "bb", "c"])]
    grays, sizes = (50, 100, 150), ((20, 20), (10, 20), (40, 40))

    def read(self, i):
        height, width = self.sizes[i]
        encoded = io.BytesIO()
        Image.fromarray(np.full((height, width), self.grays[i], np.uint8)).save(encoded, "PNG")
        return encoded.getvalue()

    def origin(self, i):
        return self.samples[i].place


def decoded(source):
    return lambda i: pixels(source, i)


def pixels(source, i):
    return np.asarray(Image.open(io.BytesIO(source.read(i))))


def test_joined_lines_are_as_high_as_the_first_and_follow_one_another():
    source = Joined(Gray(), decoded(Gray()), [0, 1, 2], 2, "")
    assert [s.text for s in source.samples] == ["abb", "bbc", "ca"]
    assert len({s.id for s in source.samples}) == 3
    first = pixels(source, 0)
    assert first.shape == (20, 20 + 40)
    assert (first[:, :20] == 50).all() and (first[:, 20:] == 100).all()
    assert pixels(source, 2).shape == (40, 40 + 40)


def test_a_space_between_texts_is_a_gap_between_images():
    source = Joined(Gray(), decoded(Gray()), [0], 3, " ")
    assert source.samples[0].text == "a bb c"
    assert pixels(source, 0).shape == (20, 20 + 10 + 40 + 10 + 20 + 10)
    assert (pixels(source, 0)[:, 20:30] == 50).all()


def test_joined_levels_are_of_the_same_lines_and_one_alone_is_the_control():
    source = open_source("synthetic:digits:count=90")
    alone, two, three = joined(source, decoded(source), list("0123456789"))
    assert alone.control is None and two.control == three.control == ("joined", "1")
    assert len(alone.source.samples) == len(three.source.samples) == probe_data.LINES
    for one, other in zip(alone.source.samples, three.source.samples):
        assert other.text.startswith(one.text)
    first = alone.source.samples[0].text
    i = [s.text for s in source.samples].index(first)
    assert (pixels(alone.source, 0) == pixels(source, i)).all()
    few = synthetic.open("digits:count=3")
    assert joined(few, decoded(few), ["0"]) == []
