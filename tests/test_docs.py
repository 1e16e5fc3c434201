"""The documentation builds without a warning, loads nothing from other hosts, and its examples are true."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON_BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
OUTPUT_BLOCK = re.compile(r"\s*```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"[-+]?\b\d+(\.\d+)?\b")
MARK = "----- end of a block -----"
LONGEST_HEAD = 40  # lines of a file that adds a head


def run(arguments: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = run(["-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)])
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


class Loaded(HTMLParser):
    """Collects what a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.addresses.append(values.get("src") or "")
        if tag == "link" and values.get("rel") != "canonical":
            self.addresses.append(values.get("href") or "")


def test_pages_load_nothing_from_other_hosts(site):
    pages = list(site.rglob("*.html"))
    assert {"index.html", "decide.html", "comparison.html", "api.html"} <= {p.name for p in pages}
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text("utf-8"))
        outside = [a for a in loaded.addresses if re.match(r"(https?:)?//", a)]
        assert not outside, page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", sheet.read_text("utf-8")), (
            sheet
        )


def test_the_api_page_shows_signatures_and_docstrings(site):
    text = (site / "api.html").read_text("utf-8")
    for name in ("ocr_tf.heads.base.Head.score", "ocr_tf.metrics.paired.recipes"):
        assert f'id="{name}"' in text
    assert "log p(label | frames)" in text
    assert "Valid columns" in text or "valid columns" in text  # the comment behind Images.widths
    assert 'id="ocr_tf.api.load"' in text


def blocks(page: str) -> list[str]:
    return PYTHON_BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))


def test_the_worked_example_prints_what_the_page_says():
    text = (ROOT / "docs" / "comparison.md").read_text("utf-8")
    block = PYTHON_BLOCK.search(text)
    shown = OUTPUT_BLOCK.match(text, block.end())
    done = run(["-c", block.group(1)])
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown.group(1)


def test_the_head_of_the_example_keeps_the_contract(tmp_path):
    head, study = blocks("own-head.md")
    assert len(head.splitlines()) <= LONGEST_HEAD
    (tmp_path / "deep_ctc.py").write_text(head, "utf-8")
    (tmp_path / "deep_or_plain.py").write_text(study, "utf-8")
    code = (
        "import deep_ctc, numpy as np, tensorflow as tf\n"
        "from ocr_tf.alphabet import Alphabet\n"
        "from ocr_tf.types import Frames, Labels\n"
        "assert deep_ctc.EXPERIMENT.head_name == 'deep_ctc'\n"
        "head = deep_ctc.DeepCTC(units=8).build(Alphabet.from_texts(['ab']))\n"
        "frames = Frames(tf.random.stateless_normal([2, 5, 4], [0, 1]), tf.constant([5, 3]))\n"
        "labels = Labels(tf.constant([[0, 1], [1, -1]]), tf.constant([2, 1]))\n"
        "np.testing.assert_allclose(head.loss(frames, labels), -head.score(frames, labels), 1e-4)\n"
        "assert {v.shape[0] for v in head.trainable_variables} == {4, 8, 3}\n"
    )
    for arguments in (
        ["-c", code],
        ["-m", "ocr_tf.cli.launch", "study", "deep_or_plain.py", "--help"],
    ):
        done = run(arguments, tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_example_runs_in_its_order_and_prints_what_the_page_says(tmp_path):
    """Figures may differ: another processor rounds otherwise, and training goes another way."""
    text = (ROOT / "docs" / "example.md").read_text("utf-8")
    code, shown = [], []
    for block in PYTHON_BLOCK.finditer(text):
        output = OUTPUT_BLOCK.match(text, block.end())
        code.append(block.group(1))
        shown.append(output.group(1) if output else "")
    assert any(shown)
    done = run(["-c", f"\nprint({MARK!r})\n".join(code)], tmp_path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{MARK}\n")
    assert [NUMBER.sub("#", one) for one in printed] == [NUMBER.sub("#", one) for one in shown]


def rooms() -> list[Path]:
    """Packages whose docstring lists their files."""
    packages = sorted((ROOT / "ocr_tf").rglob("__init__.py"))
    return [path for path in packages if "Its files:" in docstring(path)]


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def test_several_rooms_list_their_files():
    assert len(rooms()) > 5


@pytest.mark.parametrize("room", rooms(), ids=lambda path: path.parent.name)
def test_a_room_names_its_files(room):
    listed = re.findall(r"^    (\w+)  ", docstring(room), re.MULTILINE)
    files = {path.stem for path in room.parent.glob("[!_]*.py")}
    missing = files ^ set(listed)
    assert not missing, f"{room.relative_to(ROOT)}: its docstring and its files differ in {missing}"
