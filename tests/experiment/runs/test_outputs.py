"""An output that cannot be written is found by trying, and the try leaves nothing."""

from __future__ import annotations

import errno
import os

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs import outputs
from ocr_tf.experiment.runs.outputs import check_writable


def test_what_can_be_written_passes_and_nothing_is_left(tmp_path):
    check_writable(tmp_path / "file.png", "--output")
    check_writable(tmp_path / "deep" / "er" / "folder", "--output", parents=True)
    check_writable(tmp_path, "--output")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path, parents, message in [
        (tmp_path / "none" / "a.png", False, "there is no folder .*none; make it first"),
        (tmp_path / "file" / "a.png", False, ".*/file is not a folder; choose another place"),
        (tmp_path / "file" / "b" / "a.png", True, ".*/file is not a folder"),
        ("/proc/a/b.png", True, "cannot write in /proc: "),
    ]:
        with pytest.raises(InputError, match=f"^--output=x: {message}") as raised:
            check_writable(path, "--output=x", parents=parents)
        assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_named_at_once(tmp_path, monkeypatch):
    def check(path):
        check_writable(path, str(path), folder=True, way_out="choose another")

    check(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for place in ("file", "file/x/y", "link"):
        with pytest.raises(InputError, match="(file|link) is not a folder; choose another$"):
            check(tmp_path / place)

    def refuse(dir):  # noqa: A002
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(outputs.tempfile, "TemporaryFile", refuse)
    message = f"{tmp_path}/a/b: cannot write in {tmp_path}: Read-only file system; choose another"
    with pytest.raises(InputError, match=f"^{message}$"):
        check(tmp_path / "a" / "b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_permissions_count(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path / "a", "--output")
