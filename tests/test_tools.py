"""The scripts of tools/: what the shell does before Python begins."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def give(*command) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["evaluate", "quickstart", "train"])
def test_a_tool_can_be_started_through_a_link_from_anywhere(name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "direct").symlink_to(ROOT / "tools" / name)
    (tmp_path / "x").symlink_to("folder/direct")  # a link to a link, relative
    done = give(tmp_path / "x", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage:" in done.stdout
    assert f"tools/{name}" in done.stdout


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_test_tool_says_its_usage_at_once(flag):
    start = time.monotonic()
    done = give(ROOT / "tools" / "test", flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: tools/test [--slow]" in done.stdout
    assert time.monotonic() - start < 2  # without Python
