"""Formats that list image files: gt, icdar, mjsynth, iiit5k and iam, in their finer points and broken."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from ocr_tf.data.dataset import open_source
from ocr_tf.data.sources.icdar import open_icdar
from ocr_tf.data.sources.iiit5k import open_iiit5k

from ..images import encode, noise
from . import formats
from .formats import IMAGES, message, pixels, put, structs


def texts(spec: str) -> list[str]:
    return [sample.text for sample in open_source(spec).samples]


# gt


@pytest.mark.parametrize("ending", [".png", ".TIF", ".jpeg", ".bin.png", ".nrm.png"])
def test_pairs_of_any_ending(tmp_path, ending):
    kind = {".TIF": "TIFF", ".jpeg": "JPEG"}.get(ending, "PNG")
    image = noise(10, 20)
    put(tmp_path / f"a.1{ending}", encode(image, kind))
    put(tmp_path / "a.1.gt.txt", "text")
    source = open_source(f"gt:{tmp_path}")
    assert source.sample(0).id == f"{tmp_path.name}/a.1{ending}"
    assert source.sample(0).place == f"{tmp_path}/a.1.gt.txt"
    if kind != "JPEG":
        np.testing.assert_array_equal(pixels(source.read(0)), image)


def test_pairs_keep_the_order_of_names_and_need_no_line_end(tmp_path):
    for name, text in (("b/1", "b1\n"), ("a/2", "a2"), ("c", "c\r\n\n"), ("a/1", "")):
        put(tmp_path / f"{name}.gt.txt", text)
    assert texts(f"gt:{tmp_path}") == ["c", "", "a2", "b1"]


def test_a_text_without_an_image_is_named_when_it_is_read(tmp_path):
    put(tmp_path / "a.gt.txt", "x")
    source = open_source(f"gt:{tmp_path}")
    assert message(source.read, 0).startswith(
        f"{tmp_path}/a.gt.txt: no image beside it: {tmp_path}/a.png"
    )


@pytest.mark.parametrize(
    "content, place, words",
    [
        (b"one\ntwo\n", ":2:", "a second line"),
        (b"\xff\n", ":1:", "not UTF-8"),
        (b"a\rb\n", ":1:", "carriage return"),
    ],
)
def test_broken_texts_of_pairs(tmp_path, content, place, words):
    file = put(tmp_path / "a.gt.txt", content)
    said = message(open_source, f"gt:{tmp_path}")
    assert said.startswith(f"{file}{place}") and words in said


def test_pairs_need_a_folder_with_some(tmp_path):
    file = put(tmp_path / "a.gt.txt", "x")
    assert "no such folder" in message(open_source, f"gt:{file}")
    assert "holds no NAME.gt.txt" in message(
        open_source, f"gt:{put(tmp_path / 'b' / 'c', '').parent}"
    )


# icdar


def test_icdar_quotes_commas_and_backslashes(tmp_path):
    put(
        tmp_path / "gt.txt",
        'word_1.png, "Genaxis Theatre"\nword_2.png, "[06], \\"x\\""\n\nw.png,"a\\\\b\\c"\n'
        'v.png, ""\nu.png, "6"x\\"\n',
    )
    source = open_icdar(str(tmp_path))
    assert [s.text for s in source.samples] == [
        "Genaxis Theatre",
        '[06], "x"',
        "a\\b\\c",
        "",
        '6"x\\',
    ]
    assert source.sample(2).place == f"{tmp_path}/gt.txt:4"


@pytest.mark.parametrize(
    "content, place, words",
    [
        (b'a.png "x"\n', ":1:", "no image and quoted text"),
        (b'a.png, "x"\nb.png, x\n', ":2:", "no image and quoted text"),
        (b'a.png, "x\n', ":1:", "no image and quoted text"),
        (b'a.png, "\xe9"\n', ":1:", "not UTF-8"),
        (b', "x"\n', ":1:", "no image path"),
        (b"\n", ":", "holds no lines"),
    ],
)
def test_broken_icdar_files(tmp_path, content, place, words):
    file = put(tmp_path / "gt.txt", content)
    said = message(open_source, f"icdar:{file}")
    assert said.startswith(f"{file}{place}") and words in said


# mjsynth


def test_mjsynth_texts_are_those_of_the_names(tmp_path):
    put(tmp_path / "annotation_val.txt", "./a/1/1_O_2_7.jpg 7\nb/2_PADDLE'S_3.jpg\nc/3__0.jpg 0\n")
    assert texts(f"mjsynth:{tmp_path}") == ["O_2", "PADDLE'S", ""]
    assert open_source(f"mjsynth:{tmp_path}").sample(0).id == f"{tmp_path.name}/a/1/1_O_2_7.jpg"


def test_mjsynth_splits(tmp_path):
    for split in ("train", "val"):
        put(tmp_path / f"annotation_{split}.txt", f"1_{split}_0.jpg 0\n")
    assert texts(f"mjsynth:{tmp_path}?split=val") == ["val"]
    assert texts(f"mjsynth:{tmp_path / 'annotation_train.txt'}") == ["train"]
    assert "by ?split= one of train, val" in message(open_source, f"mjsynth:{tmp_path}")
    assert "there are train, val" in message(open_source, f"mjsynth:{tmp_path}?split=test")
    spec = f"mjsynth:{tmp_path}/annotation_train.txt?split=val"
    assert "chooses a file of a folder" in message(open_source, spec)


def test_mjsynth_lexicon_confirms_texts(tmp_path):
    spec = f"{formats.mjsynth(tmp_path / 'set')}?lexicon={tmp_path}/set/lexicon.txt"
    assert texts(spec) == list(formats.TEXTS)
    lexicon, listing = tmp_path / "set" / "lexicon.txt", tmp_path / "set" / "annotation_train.txt"
    put(lexicon, "lube\nhello\n")
    said = message(open_source, spec)
    assert said.startswith(f"{listing}:3: word 2 of {lexicon}, which has 2")
    put(lexicon, "lube\nother\nx\n")
    assert message(open_source, spec).startswith(f"{listing}:2: 'hello', and word 1")
    put(lexicon, " \n")
    assert message(open_source, spec).startswith(f"{lexicon}: the lexicon is empty")
    lexicon.unlink()
    assert message(open_source, spec).startswith(f"{lexicon}: cannot read the lexicon")


@pytest.mark.parametrize(
    "content, place, words",
    [
        (b"./1/2.jpg 3\n", ":1:", "no image name with a label in it"),
        (b"1_a_2.jpg 3\n1_a.jpg x\n", ":2:", "no image name with a label in it"),
        (b"1_\xff_2.jpg 3\n", ":1:", "not UTF-8"),
        (b"\n", ":", "holds no lines"),
    ],
)
def test_broken_mjsynth_files(tmp_path, content, place, words):
    file = put(tmp_path / "annotation_train.txt", content)
    said = message(open_source, f"mjsynth:{file}")
    assert said.startswith(f"{file}{place}") and words in said


# iiit5k


def test_iiit5k_splits_and_both_kinds_of_file(tmp_path):
    for split in ("train", "test"):
        rows = {f"{split}data": structs([f"{split}/1.png"], [split.upper()], "GroundTruth")}
        scipy.io.savemat(tmp_path / f"{split}data.mat", rows)
    assert texts(f"iiit5k:{tmp_path}?split=test") == ["TEST"]
    assert texts(f"iiit5k:{tmp_path}/traindata.mat") == ["TRAIN"]
    assert "?split= one of test, train" in message(open_source, f"iiit5k:{tmp_path}")
    assert "?split= one of test, train" in message(open_source, f"iiit5k:{tmp_path}?split=val")
    rows = {"testCharBound": structs(["test/1.png", "test/2.png"], ["A", ""])}
    scipy.io.savemat(tmp_path / "testCharBound.mat", rows)
    assert texts(f"iiit5k:{tmp_path}?split=test") == ["TEST"]
    (tmp_path / "testdata.mat").unlink()
    source = open_iiit5k(f"{tmp_path}?split=test")
    assert [s.text for s in source.samples] == ["A", ""]
    assert source.sample(1).place == f"{tmp_path}/testCharBound.mat:2"


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "no MATLAB file"),
        (b"MATLAB 5.0 MAT-file, and then nothing", "no MATLAB file"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM", "save it by save -v7"),
        (b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"\x0e\0\0\0\xff\0\0\0", "damaged"),
        ({"other": np.zeros(3)}, "no structs with ImgName"),
        ({"traindata": structs([], [])}, "holds no words"),
        ({"traindata": structs(["a.png"], [""])[:, :1]}, ""),
    ],
)
def test_broken_iiit5k_files(tmp_path, content, words):
    file = tmp_path / "traindata.mat"
    if isinstance(content, dict):
        scipy.io.savemat(file, content)
    else:
        put(file, content)
    if words:
        assert words in message(open_source, f"iiit5k:{file}")
    else:
        assert texts(f"iiit5k:{file}") == [""]


def test_iiit5k_names_that_are_no_strings(tmp_path):
    rows = structs(["a.png", "b.png"], ["A", "B"])
    rows[0, 1]["ImgName"] = np.arange(3)
    scipy.io.savemat(tmp_path / "traindata.mat", {"traindata": rows})
    said = message(open_source, f"iiit5k:{tmp_path}")
    assert said == f"{tmp_path}/traindata.mat:2: a name or text that is no string"


# iam

WORDS_TXT = """# format: a01-000u-00-00 ok 154 1 408 768 27 51 AT A
a01-000u-00-00 ok 154 408 768 27 51 AT A
a01-000u-00-01 err 154 507 766 213 48 NN MOVE
a01-000u-00-02 ok 154 -1 -1 -1 -1 NPTS M Ps
"""


def test_iam_lines_status_and_ids(tmp_path):
    spec = formats.iam(tmp_path)
    put(tmp_path / "ascii" / "lines.txt", formats.LINES_TXT.replace("Lube", "A|MOVE|,|to stop"))
    assert texts(spec) == ["A MOVE , to stop", "hello", "Straße"]
    assert texts(f"{spec}?status=ok") == ["A MOVE , to stop", "Straße"]
    ids = put(tmp_path / "train.txt", "b04-010\n\na01-000u-01\n")
    assert texts(f"{spec}?ids={ids}") == ["hello", "Straße"]
    assert texts(f"{spec}?ids={ids}&status=ok") == ["Straße"]
    assert open_source(spec).sample(0).place == f"{tmp_path}/ascii/lines.txt:3"
    assert texts(f"iam:{tmp_path}/ascii/lines.txt") == texts(spec)
    assert open_source(f"iam:{tmp_path}/ascii/lines.txt").read(0) == IMAGES[0]
    put(ids, "b04-010\na01-999\n")
    said = message(open_source, f"{spec}?ids={ids}")
    assert said == f"{ids}:2: a01-999 is not in {tmp_path}/ascii/lines.txt"
    put(ids, "\n")
    assert "names no ids" in message(open_source, f"{spec}?ids={ids}")


def test_iam_words(tmp_path):
    put(tmp_path / "words.txt", WORDS_TXT)
    put(tmp_path / "words/a01/a01-000u/a01-000u-00-00.png", IMAGES[0])
    spec = f"iam:{tmp_path}?part=words"
    assert texts(spec) == texts(f"iam:{tmp_path}/words.txt") == ["A", "M Ps"]
    assert texts(f"{spec}&status=all") == ["A", "MOVE", "M Ps"]
    source = open_source(spec)
    assert source.read(0) == IMAGES[0]
    assert source.sample(0).id == f"{tmp_path.name}/words/a01/a01-000u/a01-000u-00-00.png"


@pytest.mark.parametrize(
    "content, place, words",
    [
        (b"a01-000u-00 ok 154 19\n", ":1:", "no line of lines.txt"),
        (b"# x\na01-000u-00 yes 154 19 408 746 1661 89 A\n", ":2:", "no line of lines.txt"),
        (b"../../../x ok 154 19 408 746 1661 89 A\n", ":1:", "no line of lines.txt"),
        (b"a01-000u-00 ok 154 19 408 746 1661 89 \xe9\n", ":1:", "not UTF-8"),
        (b"# nothing\n", ":", "holds none of these lines"),
    ],
)
def test_broken_iam_lists(tmp_path, content, place, words):
    file = put(tmp_path / "lines.txt", content)
    said = message(open_source, f"iam:{tmp_path}")
    assert said.startswith(f"{file}{place}") and words in said


def test_iam_options(tmp_path):
    spec = formats.iam(tmp_path)
    assert "part is lines or words" in message(open_source, f"{spec}?part=pages")
    assert "status is ok or all" in message(open_source, f"{spec}?status=err")
    assert "words.txt" in message(open_source, f"{spec}?part=words")
    other = put(tmp_path / "list.txt", formats.LINES_TXT)
    assert "say ?part=" in message(open_source, f"iam:{other}")
