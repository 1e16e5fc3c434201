"""A file is the old one or the whole new one, whatever happens while it is written."""

import errno
import os

import pytest

from ocr_tf import atomic
from ocr_tf.atomic import atomic_write


def test_it_replaces_the_whole_file(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, b"first, longer")
    atomic_write(path, b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_is_named_with_the_file_and_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "file"
    atomic_write(path, b"old")
    monkeypatch.setattr(atomic, "open", lambda *_: open("/dev/full", "wb"), raising=False)
    with pytest.raises(OSError) as raised:
        atomic_write(path, b"new")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_bytes() == b"old"


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        atomic_write(tmp_path / "folder", b"a folder cannot become a file")
    assert os.listdir(tmp_path) == ["folder"]
