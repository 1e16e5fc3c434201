"""Pages: nothing from data becomes markup, differences add up to the texts, pictures stay small."""

from __future__ import annotations

import base64
import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image

from ocr_tf.normalization import nfc
from ocr_tf.study.report import html

TEXTS = [
    "",
    "a",
    "ab",
    "ba",
    "abba",
    "Wa\u0308nde",
    "Wande",
    "fru\u0364her",
    "fruher",
    "a b",
    "ab ",
]


@pytest.mark.parametrize("reference, text", list(itertools.product(TEXTS, repeat=2)))
def test_the_segments_add_up_and_differ_only_where_they_say(reference, text):
    found = html.differences(reference, text)
    assert "".join(segment.text for segment in found.reference) == nfc(reference)
    assert "".join(segment.text for segment in found.text) == nfc(text)
    assert [s.same for s in found.reference] == [s.same for s in found.text]
    for one, other in zip(found.reference, found.text):
        assert one.same == (one.text == other.text)
    assert all(s.same for s in found.text) == (nfc(reference) == nfc(text))


def test_a_letter_keeps_its_mark():
    found = html.differences("fru\u0364her", "fruher")
    assert [tuple(s) for s in found.reference] == [("fr", True), ("u\u0364", False), ("her", True)]
    assert [tuple(s) for s in found.text] == [("fr", True), ("u", False), ("her", True)]


def decoded(picture: html.Picture) -> np.ndarray:
    head, _, data = picture.uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_small_picture_is_embedded_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, [31, 90]).astype(np.uint8)
    picture = html.picture(pixels)
    assert (picture.width, picture.height) == (90, 31)
    np.testing.assert_array_equal(decoded(picture), pixels)


@pytest.mark.parametrize("shape", [(600, 2836), (1, 5_000_000), (3_000_000, 2), (265, 265)])
def test_a_hundred_large_pictures_of_noise_fit_in_ten_megabytes(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    picture = html.picture(pixels)
    assert decoded(picture).shape == (picture.height, picture.width)
    assert 100 * len(picture.uri) < 9.8e6


EVIL = "<script>alert(1)</script>\"'&{{ 7 * 7 }}"


def suspect(**changes) -> dict:
    values = {
        "label": EVIL,
        "reading": EVIL[1:],
        "differences": html.differences(EVIL, EVIL[1:]),
        "picture": html.picture(np.zeros([2, 3], np.uint8)),
        "votes": 1,
        "voters": 2,
        "margin": 1.25,
        "reason": EVIL,
        "role": "",
        "id": EVIL,
        "place": EVIL,
    }
    values.update(changes)
    words = ("label", "reading", "votes", "voters", "margin", "reason")
    return {**values, "error": {word: values[word] for word in words}}


def render(*suspects: dict) -> str:
    return html.render(
        "label_errors.html",
        lines=3,
        source=EVIL,
        runs=[EVIL, "b"],
        total=len(suspects),
        table=EVIL,
        suspects=list(suspects),
    )


def test_what_comes_from_data_is_text():
    content = render(suspect(), suspect(label="", reading="", reason=""))
    assert "<script" not in content and "49" not in re.sub('base64,[^"]*', "", content)
    # The first letter is cut off by the mark around it.
    assert content.count("script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;{{ 7 * 7 }}") >= 6
    assert "http" not in content  # Nothing is fetched.


def test_a_page_knows_what_it_was_made_from(tmp_path):
    (tmp_path / "a.html").write_text(render(suspect()), encoding="utf-8")
    (tmp_path / "b.html").write_text("<!DOCTYPE html><p>ocr_tf label_errors.html")
    assert html.is_made_from("label_errors.html", tmp_path / "a.html")
    assert not html.is_made_from("other.html", tmp_path / "a.html")
    assert not html.is_made_from("label_errors.html", tmp_path / "b.html")
