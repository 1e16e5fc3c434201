"""Every command that the documents show can be given as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_tf.cli import launch
from ocr_tf.cli.commands import TOOLS
from ocr_tf.data.records import make as make_records
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.study import command as study_command
from tests.cli import stand_ins

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "WORKSPACE.md",
    "CONTRIBUTING.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
)
FENCE = re.compile(r"^ *```(?:sh|bash|console|shell)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

CLUSTER = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)

# Tools that take no configuration of ours: what else they accept.
PLAIN: dict[str, tuple[str, ...]] = {
    "docs": (),
    "quickstart": (),
    "test": ("--slow", "tests/heads"),
}


def commands() -> list:
    """(document, command) for each command of ours, as pytest parameters."""
    found = []
    for document in DOCUMENTS:
        path = ROOT / document
        if not path.exists():
            missing = pytest.mark.skip(reason=f"{document} is not written yet")
            found.append(pytest.param(document, "", marks=missing, id=document))
            continue
        for block in FENCE.findall(path.read_text("utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.strip().removeprefix("$ "), comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):  # X=1 command
                    words.pop(0)
                words = in_checkout(words)
                if words and is_ours(words):
                    found.append(pytest.param(document, shlex.join(words)))
    return found


def in_checkout(words: list[str]) -> list[str]:
    """The command of a checkout that does what an installed `ocr-tf` command does."""
    if words[:1] != ["ocr-tf"] or words[1] == "--help":
        return words
    if words[2].endswith(".py"):
        return []  # a file of the reader's
    return [f"tools/{words[1]}", *words[2:]]


def is_ours(words: list[str]) -> bool:
    if words[0].startswith(("tools/", "./tools/")):
        return True
    is_python = re.search(r"(^|/)python[\d.]*$", words[0]) is not None
    return is_python and words[1] == "-m" and words[2].startswith("experiments.")


def provide(folder: Path, arguments: list[str]) -> None:
    """Makes labels files and pairs of one line where an argument names some: commands look for them first."""
    for argument in arguments:
        for name in argument.partition("=")[2].split(","):
            if argument.startswith("--data.") and name.endswith(".tsv"):
                labels = folder / name
                labels.parent.mkdir(parents=True, exist_ok=True)
                labels.write_text("line.png\ttext\n", "utf-8")
            if argument.startswith("--data.") and name.startswith("gt:"):
                label = folder / name.removeprefix("gt:") / "line.gt.txt"
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text("text\n", "utf-8")
            if argument.startswith("--data.") and name.startswith("records:"):
                records = folder / name.removeprefix("records:")
                seed = len(list(folder.rglob("manifest.json")))  # each set has its own ids
                data = (f"synthetic:digits:count=3:seed={seed}",)
                drawn = MakeRecords(data=data, processes=1)
                make_records.run(drawn, str(records))


def check_experiment(module: str, arguments: list[str], folder: Path) -> None:
    """Gives the command with nothing in the place of the training."""
    assert (ROOT / Path(*module.split("."))).with_suffix(".py").exists(), module
    code = (
        "import runpy, sys, types\n"
        "train = types.ModuleType('ocr_tf.experiment.training.loop')\n"
        "train.run = lambda *_: None\n"
        "sys.modules['ocr_tf.experiment.training.loop'] = train\n"
        "from ocr_tf.study import command\n"
        "command.run = lambda *_: None\n"
        "from ocr_tf.study import rounds\n"
        "rounds.run = lambda *_: None\n"
        f"sys.argv = [{module!r}, *sys.argv[1:]]\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert process.returncode == 0, process.stderr


def check_tool(name: str, arguments: list[str]) -> None:
    """Gives the command with nothing in the place of the tool's function."""
    with pytest.MonkeyPatch.context() as patch:
        stand_ins.record_calls(patch)
        patch.setattr(study_command, "run", lambda *_: None)
        patch.setenv("TF_CONFIG", CLUSTER)  # which one command of the documents needs
        with pytest.raises(SystemExit) as stopped:
            launch.console([name, *arguments])
    assert stopped.value.code == 0


@pytest.mark.parametrize("document, command", commands())
def test_a_documented_command_can_be_given(document, command, tmp_path, monkeypatch):
    if "spoken" in command and shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    words = shlex.split(command)
    provide(tmp_path, words)
    monkeypatch.chdir(tmp_path)
    if words[1:2] == ["-m"]:
        check_experiment(words[2], words[3:], tmp_path)
        return
    path = ROOT / words[0]
    assert os.access(path, os.X_OK), f"{document}: no executable {words[0]}"
    if path.name in PLAIN:
        assert set(words[1:]) <= set(PLAIN[path.name]), command
        return
    known = path.name in (*TOOLS, *launch.STARTERS)
    assert known, f"{document}: {path.name} is no command and not in PLAIN"
    check_tool(path.name, words[1:])


@pytest.mark.parametrize(
    "command",
    [
        "tools/none",
        "tools/test --fast",
        "tools/evaluate runs/x",
        "tools/evaluate runs/x --data.tset=a.tsv",
        "python -m experiments.no_such_experiment",
    ],
)
def test_a_wrong_command_would_be_noticed(command, tmp_path, monkeypatch):
    words = shlex.split(command)
    assert is_ours(words)
    with pytest.raises(AssertionError):
        test_a_documented_command_can_be_given("README.md", command, tmp_path, monkeypatch)


@pytest.mark.skipif(not (ROOT / "CONTRIBUTING.md").exists(), reason="some are not written yet")
@pytest.mark.parametrize("document", [name for name in DOCUMENTS if "/" not in name])
def test_links_between_files_lead_somewhere(document):
    text = (ROOT / document).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [t for t in targets if "://" not in t and not (ROOT / t).exists()]
    assert not missing
