from __future__ import annotations

import os

import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.data.sources import lmdb as source_of_lmdb
from ocr_tf.data.sources.lmdb import open_lmdb

from ..images import encode, noise
from .formats import IMAGES, TEXTS, lmdb_items, message, pixels, put, write_lmdb


def changed(folder, **changes) -> str:
    """A database some keys of which are others, or gone."""
    items = {**lmdb_items(), **changes}
    return f"lmdb:{write_lmdb(folder, {key: value for key, value in items.items() if value is not None})}"


def test_ids_places_and_other_image_formats(tmp_path):
    image = noise(9, 9)
    source = open_source(changed(tmp_path / "MJ", **{"image-000000002": encode(image, "TIFF")}))
    assert source.sample(1) == ("MJ/000000002", TEXTS[1], f"{tmp_path}/MJ#2")
    assert (pixels(source.read(1)) == image).all()
    assert open_source(f"lmdb:{tmp_path}/MJ/data.mdb").read(0) == IMAGES[0]


def test_missing_keys_are_named(tmp_path):
    spec = changed(tmp_path, **{"image-000000002": None, "label-000000003": None})
    source = open_source(spec)
    promise = "where num-samples promises 3"
    assert message(source.read, 1) == f"{tmp_path}#2: no key image-000000002, {promise}"
    assert message(source.sample, 2).startswith(f"{tmp_path}#3: no key label-000000003, {promise}")
    assert source.read(2) == IMAGES[2] and source.sample(1).text == TEXTS[1]


@pytest.mark.parametrize(
    "count, words",
    [
        (None, "no key num-samples"),
        (b"many", "num-samples is no number but b'many'"),
        (b"-1", "is no number"),
        (b"9" * 40, "is no number"),
        (b"1000000", "promises 1000000, and there are 7 keys"),
        (b"0", "holds no samples"),
    ],
)
def test_numbers_of_samples(tmp_path, count, words):
    said = message(open_source, changed(tmp_path, **{"num-samples": count}))
    assert said.startswith(f"{tmp_path}: ") and words in said


def test_labels_that_are_not_utf8(tmp_path):
    source = open_source(changed(tmp_path, **{"label-000000001": b"a\xe9"}))
    assert message(source.sample, 0) == f"{tmp_path}#1: label-000000001 is not UTF-8 (byte 1)"


def test_images_that_cannot_be_converted(tmp_path):
    source = open_source(changed(tmp_path, **{"image-000000001": b"II*\0 and nothing"}))
    assert message(source.read, 0).startswith(f"{tmp_path}#1: truncated")


def test_files_that_are_no_database(tmp_path):
    write_lmdb(tmp_path / "whole", lmdb_items())
    whole = (tmp_path / "whole" / "data.mdb").read_bytes()
    header = whole[:20] + bytes(20_000)
    for name, content, words in (
        ("empty", b"", "no LMDB database"),
        ("text", b"text" * 5000, "no LMDB database"),
        ("short", whole[:-4096], "shorter than it says; copy it again"),
        ("head", header, "cannot open the database"),
    ):
        file = put(tmp_path / name / "data.mdb", content)
        said = message(open_source, f"lmdb:{tmp_path}/{name}")
        assert said.startswith(f"{file}: ") and words in said
    put(tmp_path / "short" / "data.mdb", whole)  # copied again
    assert open_source(f"lmdb:{tmp_path}/short").read(0) == IMAGES[0]
    assert message(open_source, f"lmdb:{tmp_path}").endswith(
        "there are some below it, name one: empty, head, short, text, whole"
    )


def test_two_sources_share_a_file_and_a_replaced_one_is_noticed(tmp_path):
    spec = changed(tmp_path)
    first, second = open_source(spec), open_source(spec)
    assert first.read(0) == second.read(0) == IMAGES[0]
    changed(tmp_path, **{"image-000000001": IMAGES[1]})
    assert open_source(spec).read(0) == first.read(0) == IMAGES[1]
    (tmp_path / "data.mdb").unlink()
    assert "No such file" in message(first.read, 0)


def test_it_is_read_after_a_fork_too(tmp_path):
    source = open_lmdb(changed(tmp_path).removeprefix("lmdb:"))
    assert source.read(0) == IMAGES[0]
    child = os.fork()
    if not child:
        code = 1
        try:
            fresh = not source_of_lmdb._opened
            code = 0 if fresh and source.read(1) == IMAGES[1] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert source.read(2) == IMAGES[2]
