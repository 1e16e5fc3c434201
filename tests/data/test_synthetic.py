import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data import synthetic
from ocr_tf.data.dataset import open_source
from ocr_tf.errors import InputError


def test_strings_are_short_distinct_and_of_their_kind():
    for kind, symbols in synthetic.SYMBOLS.items():
        texts = [s.text for s in open_source(f"synthetic:{kind}:count=400").samples]
        assert len(set(texts)) == 400
        assert {len(text) for text in texts} == set(range(4, 11))
        assert set("".join(texts)) == set(symbols)
    assert len(open_source("synthetic:").samples) == 2000


def test_train_and_test_share_no_string():
    train, test = (
        {
            s.text
            for s in open_source(f"synthetic:digits:count=3000:seed={seed}:split={split}").samples
        }
        for seed, split in [(0, "train"), (1, "test")]
    )
    assert not train & test
    assert all(synthetic.split_of(text) == "test" for text in test)


def test_a_larger_count_begins_with_the_lines_of_a_smaller_one():
    few, many = open_source("synthetic:count=20"), open_source("synthetic:count=50")
    assert few.samples[:20] != [] and [s.id for s in few.samples] == [
        s.id for s in many.samples[:20]
    ]
    assert [s.text for s in few.samples] == [s.text for s in many.samples[:20]]
    assert [few.read(i) for i in (19, 3)] == [many.read(i) for i in (19, 3)]
    other = open_source("synthetic:count=20:seed=1")
    assert [s.text for s in few.samples] != [s.text for s in other.samples]


def test_pictures_are_dark_on_light_and_unclipped():
    source = open_source("synthetic:count=60")
    for i in range(60):
        pixels = np.asarray(Image.open(io.BytesIO(source.read(i))), float)
        assert pixels.ndim == 2 and 32 <= pixels.shape[0] <= 48
        paper = np.median(pixels)
        ink = pixels < paper - 60
        assert ink.mean() > 0.02
        assert not ink[:, [0, -1]].any() and not ink[[0, -1]].any()


def test_worn_lines_are_the_same_texts_in_images_of_their_own():
    clean, worn = (open_source(f"synthetic:count=40{look}") for look in ("", ":look=worn"))
    assert [s.text for s in worn.samples] == [s.text for s in clean.samples]
    assert not {s.id for s in worn.samples} & {s.id for s in clean.samples}
    assert [worn.read(i) for i in (7, 0)] == [
        open_source("synthetic:count=40:look=worn").read(i) for i in (7, 0)
    ]

    def contrast(encoded):
        pixels = np.asarray(Image.open(io.BytesIO(encoded)), float)
        return np.median(pixels) - np.quantile(pixels, 0.02)

    losses = [contrast(clean.read(i)) - contrast(worn.read(i)) for i in range(40)]
    assert np.mean(losses) > 15 and min(losses) < 15  # some lines are all but clean


def test_given_texts_are_drawn_in_the_looks_of_their_places():
    source = open_source("synthetic:words:count=3:seed=5")
    again = synthetic.Drawn("again", "other", [s.text for s in source.samples], seed=5)
    assert [again.read(i) for i in range(3)] == [source.read(i) for i in range(3)]
    assert [s.id for s in again.samples] == ["other/0", "other/1", "other/2"]


@pytest.mark.parametrize(
    "spec, texts, pixels",
    [
        ("words:count=2", ["apgj", "vhtbrxmxsr"], ["f8f0de4940e1", "74b31e45a117"]),
        ("digits:count=2:look=worn", ["0623", "8270694976"], ["e3452b140f71", "4ca817b528ef"]),
    ],
)
def test_lines_stay_what_they_were(spec, texts, pixels):
    """Runs are resumed on them, and measurements of years are compared."""
    source = open_source(f"synthetic:{spec}")
    assert [s.text for s in source.samples] == texts
    images = [np.asarray(Image.open(io.BytesIO(source.read(i)))) for i in range(2)]
    assert [hashlib.sha256(i.tobytes()).hexdigest()[:12] for i in images] == pixels


def test_only_symbols_that_all_typefaces_have_are_drawable():
    missing = [chr(0xE000), "\u4eac"]  # for private use; Chinese
    assert synthetic.drawable([*missing, "a", "\u00df", "7"]) == ["a", "\u00df", "7"]


def test_every_typeface_is_there():
    for name in synthetic.FONTS:
        assert synthetic.typeface(name, 20).getlength("abc") > 0


@pytest.mark.parametrize(
    "spec, words",
    [
        ("synthetic:digit", "did you mean digits"),
        ("synthetic:bankcrad", "words\\?, bankcard\\?"),
        ("synthetic:wrods?", "did you mean words"),
        ("synthetic:words:cuont=3", "did you mean count"),
        ("synthetic:words:count=0", "whole number"),
        ("synthetic:words:count=many", "whole number"),
        ("synthetic:words:split=valid", "train or test"),
        ("synthetic:words:3", "no option"),
    ],
)
def test_bad_specs_say_what_there_is(spec, words):
    with pytest.raises(InputError, match=words):
        open_source(spec)
