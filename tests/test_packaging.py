"""What `pip install` brings along: built as a wheel and as an sdist, and used away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_CODE = (
    "ocr_tf/page/text_regions.json.gz",
    "ocr_tf/preflight/templates/inspect_data.html",
    "ocr_tf/study/report/report.schema.json",
    "ocr_tf/study/report/templates/report.html",
    "ocr_tf/systems/templates/compare_systems.html",
    "ocr_tf/py.typed",
)


def run(*command, cwd, **environment):
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "", **environment},
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel and the sdist of a copy of what git tracks."""
    folder = tmp_path_factory.mktemp("built")
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    code, _, errors = run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", cwd=folder
    )
    assert code == 0, errors[-2000:]
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Where the wheel is unpacked, without the packages that it needs: those are here already."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    code, _, errors = run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--target", folder, wheel),
        cwd=folder,
    )
    assert code == 0, errors
    return folder


def test_wheel_and_sdist_hold_what_is_no_code_too(built):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert set(NOT_CODE) < set(names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ocr_tf"}
    assert "ocr_tf/experiments/captcha_ctc.py" in names
    assert any(name.endswith("LICENSE") for name in names)
    with tarfile.open(sdist) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    assert {*NOT_CODE, "LICENSE", "README.md", "experiments/captcha_ctc.py"} < members


def test_the_console_command_works_away_from_the_checkout(installed, tmp_path):
    console = installed / "bin" / "ocr-tf"
    code, output, errors = run(
        sys.executable, console, "--help", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert code == 0, errors
    assert "evaluate" in output and "train" in output
    code, output, errors = run(
        *(sys.executable, console, "train", "captcha_ctc"), cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert code == 2 and errors.startswith("error: --workdir is missing")
    where = "import ocr_tf.experiments.quickstart_attention as e; print(e.__file__)"
    code, output, errors = run(sys.executable, "-c", where, cwd=tmp_path, PYTHONPATH=str(installed))
    assert code == 0 and output.startswith(str(installed)), errors


@pytest.mark.slow
def test_an_installed_experiment_trains_and_evaluates(installed, tmp_path):
    console = (sys.executable, installed / "bin" / "ocr-tf")
    lines = ["--data.train=synthetic:digits:count=60", "--train.steps=2", "--train.previews=0"]
    code, _, errors = run(
        *console,
        "train",
        "quickstart_ctc",
        "--workdir=run",
        *lines,
        cwd=tmp_path,
        PYTHONPATH=installed,
    )
    assert code == 0, errors
    assert "ocr-tf evaluate" in errors + _
    code, output, errors = run(
        *console,
        *("evaluate", "run", "--data.test=synthetic:digits:count=20:split=test"),
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert code == 0 and "CER" in output, errors
