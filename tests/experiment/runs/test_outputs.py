"""An output that cannot be written is found by trying, and the try leaves nothing."""

from __future__ import annotations

import os

import pytest

from ocr_tf.errors import InputError
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
        (tmp_path / "file" / "a.png", False, "cannot write in .*file: Not a directory; choose"),
        (tmp_path / "file" / "b" / "a.png", True, "cannot write in .*file: Not a directory"),
        ("/proc/a/b.png", True, "cannot write in /proc: "),
    ]:
        with pytest.raises(InputError, match=f"^--output=x: {message}") as raised:
            check_writable(path, "--output=x", parents=parents)
        assert "\n" not in str(raised.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_permissions_count(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path / "a", "--output")
