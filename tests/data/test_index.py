import os

import numpy as np
import pytest

from ocr_tf.data import lines as lines_module
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import image_digests
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import load_lines

from .images import line


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("OCR_TF_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "lines"
    folder.mkdir()
    for i in range(5):
        (folder / f"{i}.png").write_bytes(line(20, 30 + 5 * i, seed=i))
    (folder / "3.png").write_bytes(b"broken")
    (folder / "labels.tsv").write_text("".join(f"{i}.png\tab\n" for i in range(5)))
    return folder


@pytest.fixture
def reads(monkeypatch):
    """Positions of the images that are read from now on."""
    positions = []
    real = lines_module.read_image

    def read(source, i):
        positions.append(i)
        return real(source, i)

    monkeypatch.setattr(lines_module, "read_image", read)
    monkeypatch.setattr("ocr_tf.data.fingerprint.read_image", read)
    return positions


def load(folder, height=16):
    return load_lines(open_sources([str(folder)]), Geometry(height))


def test_an_image_is_read_once(data, reads):
    first = load(data)
    assert set(reads) == {0, 1, 2, 3, 4}
    reads.clear()
    again = load(data)
    assert set(reads) == {3}  # a bad one is looked at again, to say why
    assert [str(bad) for bad in again.bad] == [str(bad) for bad in first.bad]
    np.testing.assert_array_equal(again.digests, first.digests)
    np.testing.assert_array_equal(again.widths, first.widths)
    reads.clear()
    digests, _ = image_digests(open_sources([str(data)]))
    assert set(reads) == {3}
    np.testing.assert_array_equal(digests[first.positions], first.digests)


def test_another_height_needs_no_reading(data, reads):
    load(data)
    reads.clear()
    assert load(data, 40).widths.tolist() == [60, 70, 80, 100]
    assert set(reads) == {3}


def test_a_changed_image_is_read_again(data, reads):
    first = load(data)
    reads.clear()
    (data / "2.png").write_bytes(line(20, 90, seed=9))
    os.utime(data / "2.png", ns=(1, 1))
    again = load(data)
    assert set(reads) == {2, 3}
    assert again.widths[2] == 72 and (again.digests[2] != first.digests[2]).any()
    (data / "3.png").write_bytes(line(20, 30))
    assert len(load(data)) == 5


@pytest.mark.parametrize("content", [b"", b"PK no archive", None])
def test_a_broken_index_is_made_anew(data, tmp_path, reads, content):
    first = load(data)
    (index,) = (tmp_path / "cache" / "images").iterdir()
    if content is None:
        np.savez(index, version=99, keys=[], digests=[], sizes=[])
    else:
        index.write_bytes(content)
    reads.clear()
    np.testing.assert_array_equal(load(data).digests, first.digests)
    assert len(set(reads)) == 5
    reads.clear()
    load(data)
    assert set(reads) == {3}


def test_there_may_be_no_cache_folder(data, tmp_path, reads, monkeypatch):
    for where in ("off", str(data / "labels.tsv")):  # a file, where a folder would have to be
        monkeypatch.setenv("OCR_TF_CACHE", where)
        load(data)
        reads.clear()
        load(data)
        assert len(set(reads)) == 5
