from __future__ import annotations

import pytest

from ocr_tf.data.dataset import open_source, split_spec
from ocr_tf.data.sources import SOURCES
from ocr_tf.data.sources.recognize import recognize

from . import formats
from .formats import FORMATS, message, put

FILES = {
    "tsv": "labels.tsv",
    "icdar": "gt.txt",
    "mjsynth": "annotation_train.txt",
    "iiit5k": "trainCharBound.mat",
    "iam": "ascii/lines.txt",
    "page": "p1.xml",
    "alto": "p1.xml",
    "lmdb": "data.mdb",
}


@pytest.mark.parametrize("scheme", FORMATS)
def test_folders_and_lists_are_recognized_by_what_is_in_them(scheme, tmp_path):
    FORMATS[scheme](tmp_path / "set")
    assert recognize(str(tmp_path / "set")) == scheme
    ids = [sample.id for sample in open_source(str(tmp_path / "set")).samples]
    assert ids == [sample.id for sample in open_source(f"{scheme}:{tmp_path}/set").samples]
    if scheme in FILES:
        path = tmp_path / "set" / FILES[scheme]
        assert len(open_source(str(path))) == 3
        if path.suffix in (".txt", ".tsv"):  # by content, whatever its name
            assert recognize(str(path.rename(path.with_name("list")))) == scheme


def test_records_are_recognized(tmp_path):
    put(tmp_path / "manifest.json", "{}")
    put(tmp_path / "lines-00000.tfrecord", "")
    assert recognize(str(tmp_path)) == "records"


@pytest.mark.parametrize("scheme", ["gt", "page", "alto"])
def test_pairs_and_pages_may_lie_deep(scheme, tmp_path):
    FORMATS[scheme](tmp_path / "one" / "two" / "set")
    assert recognize(str(tmp_path)) == scheme


def test_where_several_kinds_fit_they_are_named(tmp_path):
    formats.gt(tmp_path)
    formats.tsv(tmp_path)
    assert recognize(str(tmp_path)) == "tsv"  # The pairs lie deeper.
    formats.icdar(tmp_path)
    said = message(open_source, str(tmp_path))
    assert said == f"{tmp_path}: may be tsv, icdar; write tsv:{tmp_path} or icdar:{tmp_path}"
    assert len(open_source(f"icdar:{tmp_path}")) == 3


def test_where_none_fits_it_says_what_is_known(tmp_path):
    put(tmp_path / "a.txt", "nothing of the kind\n")
    put(tmp_path / "b.xml", "<mets/>")
    put(tmp_path / "c.png", formats.IMAGES[0])
    for path in (tmp_path, tmp_path / "a.txt", tmp_path / "b.xml"):
        said = message(open_source, str(path))
        assert said.startswith(f"{path}: not a kind of data that is known") and "labels.tsv" in said
    assert message(open_source, str(tmp_path / "c.png")).startswith(f"{tmp_path}/c.png:")
    broken = put(tmp_path / "d.xml", "<PcGts")
    assert message(open_source, str(broken)).startswith(f"{broken}:1: not well-formed")


def test_a_missing_path_is_taken_for_a_labels_file(tmp_path):
    for name in ("none", "none.tsv", "none/labels.txt"):
        said = message(open_source, str(tmp_path / name))
        assert said.startswith(f"{tmp_path}/{name}: cannot read the labels: No such file")
    assert split_spec("none.tsv") == ("", "none.tsv")


def test_a_path_may_have_options(tmp_path):
    formats.iam(tmp_path)
    assert len(open_source(f"{tmp_path}?status=ok")) == 2


def test_recognized_schemes_are_registered():
    assert {"records", *FORMATS} <= set(SOURCES)
