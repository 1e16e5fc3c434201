"""What every kind of source keeps, on a tiny data set of each."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.data.sources import SOURCES

from . import formats
from .formats import BOXES, FORMATS, IMAGES, PAGE, TEXTS, message, pixels

ELSEWHERE = {
    "records": "tests/data/records",
    "synthetic": "tests/data/test_synthetic.py",
    "shapes": "tests/data/sources/test_shapes.py",
    "spoken": "tests/data/sources/test_spoken.py",
}


def open_made(scheme: str, folder: Path):
    return open_source(FORMATS[scheme](folder / "set"))


def lines_of(source) -> dict[str, bytes]:
    """Images by text: kinds differ in their order."""
    return {sample.text: source.read(i) for i, sample in enumerate(source.samples)}


def test_every_source_is_tested():
    ours = {scheme for scheme in SOURCES if scheme not in SOURCES.outside}
    assert ours == {*FORMATS, *ELSEWHERE}


@pytest.mark.parametrize("scheme", FORMATS)
def test_texts_and_images_are_those_that_were_written(scheme, tmp_path):
    lines = lines_of(open_made(scheme, tmp_path))
    assert set(lines) == set(TEXTS)
    for i, text in enumerate(TEXTS):
        if scheme in ("page", "alto"):
            left, top, right, bottom = BOXES[i]
            expected = PAGE[top : bottom + 1, left : right + 1]
            np.testing.assert_array_equal(pixels(lines[text]), expected)
        else:
            assert lines[text] == IMAGES[i]


@pytest.mark.parametrize("scheme", FORMATS)
def test_ids_are_unique_and_move_with_the_folder(scheme, tmp_path, monkeypatch):
    first = open_made(scheme, tmp_path / "one")
    second = open_made(scheme, tmp_path / "two")
    ids = [sample.id for sample in first.samples]
    assert len(set(ids)) == len(ids) == len(first) == 3
    assert all(name.startswith("set/") for name in ids)
    assert [sample.id for sample in second.samples] == ids
    monkeypatch.chdir(tmp_path / "one" / "set")
    assert [sample.id for sample in open_source(f"{scheme}:.").samples] == ids


@pytest.mark.parametrize("scheme", FORMATS)
def test_any_number_of_threads_read_the_same(scheme, tmp_path):
    source = open_made(scheme, tmp_path)
    alone = [source.read(i) for i in range(3)]
    fresh = open_source(f"{scheme}:{tmp_path / 'set'}")
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(fresh.read, [0, 1, 2] * 20)) == alone * 20


@pytest.mark.parametrize("scheme", FORMATS)
def test_places_origins_and_names_say_where(scheme, tmp_path):
    source = open_made(scheme, tmp_path)
    places = [sample.place for sample in source.samples]
    assert len(set(places)) == 3
    assert all(place.startswith(f"{tmp_path}/set") for place in places)
    assert all(source.origin(i).startswith(f"{tmp_path}/set") for i in range(3))
    assert str(tmp_path / "set") in source.name


def image_file(scheme: str, source) -> Path:
    return Path(source.origin(0).partition("#")[0]) / ("data.mdb" if scheme == "lmdb" else "")


@pytest.mark.parametrize("scheme", FORMATS)
def test_a_stamp_tells_of_a_changed_image(scheme, tmp_path):
    source = open_made(scheme, tmp_path)
    stamps = [source.stamp(i) for i in range(3)]
    assert len(set(stamps)) == 3 and None not in stamps
    assert source.stamp(0) == stamps[0]
    os.utime(image_file(scheme, source), (1, 1))
    assert source.stamp(0) != stamps[0]


@pytest.mark.parametrize("scheme", [scheme for scheme in FORMATS if scheme != "lmdb"])
def test_a_missing_image_is_the_trouble_of_its_line(scheme, tmp_path):
    source = open_made(scheme, tmp_path)
    image_file(scheme, source).unlink()
    reopened = open_source(f"{scheme}:{tmp_path / 'set'}")
    for opened in (source, reopened):
        assert message(opened.read, 0).startswith(f"{opened.sample(0).place}: ")
        assert opened.stamp(0) is None
    if scheme not in ("page", "alto"):
        assert reopened.read(1) == source.read(1)


@pytest.mark.parametrize("scheme", FORMATS)
def test_what_is_not_there_or_not_an_option_is_said(scheme, tmp_path):
    assert f"{tmp_path}/none" in message(open_source, f"{scheme}:{tmp_path}/none")
    spec = FORMATS[scheme](tmp_path / "set")
    said = message(open_source, f"{spec}?colour=1")
    assert said.startswith(f"{scheme}:") and "no option 'colour'" in said


@pytest.mark.parametrize("scheme", FORMATS)
def test_an_empty_folder_holds_nothing_of_any_kind(scheme, tmp_path):
    assert str(tmp_path) in message(open_source, f"{scheme}:{tmp_path}")


@pytest.mark.parametrize("scheme", ["tsv", "icdar", "mjsynth", "iiit5k", "page", "alto"])
def test_a_path_that_climbs_out_is_refused(scheme, tmp_path):
    outside = {
        "tsv": ("labels.tsv", "../a.png\tx\n"),
        "icdar": ("gt.txt", '../a.png, "x"\n'),
        "mjsynth": ("annotation_train.txt", "./../../1_x_1.jpg 1\n"),
        "page": ("p.xml", formats.page_xml(formats.page_line("l", "x", "0,0 9,9 0,9"), "../a.png")),
        "alto": (
            "p.xml",
            formats.alto_xml(formats.alto_line("l", "x", (0, 0, 9, 9)), image="/a.png"),
        ),
    }
    if scheme == "iiit5k":
        rows = {"traindata": formats.structs(["../a.png"], ["x"], "GroundTruth")}
        formats.scipy.io.savemat(tmp_path / "traindata.mat", rows)
    else:
        name, text = outside[scheme]
        formats.put(tmp_path / name, text)
    said = message(open_source, f"{scheme}:{tmp_path}")
    assert "a.png" in said or "1_x_1.jpg" in said
    assert "is outside of" in said
