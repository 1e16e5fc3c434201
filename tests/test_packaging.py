"""A wheel holds everything, under the package's own name, and its commands start from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that no build folder is left among the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    for name in ("ocr_tf", "experiments"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    done = subprocess.run(
        [*pip, "--wheel-dir=dist", "."], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def console(installed: Path, cwd: Path, *arguments: str) -> str:
    """Gives `ocr-tf ...` as the script that an installation makes does."""
    code = "import sys; sys.argv[0] = 'ocr-tf'; from ocr_tf.cli.launch import console; console()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_the_package_is_at_the_top(installed):
    assert sorted(p.name for p in installed.iterdir() if p.suffix != ".dist-info") == ["ocr_tf"]


def test_every_source_and_template_is_in_it(installed):
    def files(folder: Path) -> set[str]:
        paths = (p for p in folder.rglob("*") if p.suffix in (".py", ".html", ".json"))
        return {p.relative_to(folder).as_posix() for p in paths}

    expected = {*files(ROOT / "ocr_tf"), *(f"experiments/{n}" for n in files(ROOT / "experiments"))}
    assert files(installed / "ocr_tf") == expected
    assert list(installed.glob("*.dist-info/**/LICENSE"))


def test_the_console_command_is_the_launcher(installed):
    (entries,) = installed.glob("*.dist-info/entry_points.txt")
    assert "ocr-tf = ocr_tf.cli.launch:console" in entries.read_text("utf-8")


def test_commands_and_experiments_are_found_from_anywhere(installed, tmp_path):
    said = console(installed, tmp_path, "--help")
    assert "usage: ocr-tf COMMAND" in said and "evaluate" in said
    said = console(installed, tmp_path, "train", "quickstart_attention", "--help")
    assert "usage: ocr-tf train quickstart_attention" in said
    assert "python -m experiments" not in said


@pytest.mark.slow
def test_an_installed_experiment_trains(installed, tmp_path):
    small = ("--train.steps=2", "--data.train=synthetic:digits:count=40", "--train.previews=0")
    said = console(installed, tmp_path, "train", "quickstart_ctc", "--workdir=run", *small)
    assert (tmp_path / "run" / "run.json").exists()
    assert "ocr-tf evaluate run" in said
