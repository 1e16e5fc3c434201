"""From the command line to the right function, and from each failure to its line and exit code."""

from __future__ import annotations

import errno
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_tf.cli import launch
from ocr_tf.cli.commands import TOOLS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.experiment import Experiment
from tests.cli import stand_ins

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENT = Experiment("captcha_ctc")
GOOD = ("--workdir=runs/x", "--data.train=synthetic:digits")


@pytest.fixture
def calls(monkeypatch) -> list:
    return stand_ins.record_calls(monkeypatch)


def outcome(capsys, function, *arguments) -> tuple[int, str]:
    """Exit code and the one line on stderr."""
    with pytest.raises(SystemExit) as stopped:
        function(*arguments)
    error = capsys.readouterr().err
    assert error.count("\n") == (1 if error else 0)
    return stopped.value.code, error.rstrip("\n")


def main(*argv: str):
    return launch.main(EXPERIMENT, "What is asked.", argv)


def test_an_experiment_is_trained_as_the_flags_change_it(calls, capsys):
    assert outcome(capsys, main, *GOOD, "--train.steps=7") == (0, "")
    ((name, experiment, workdir),) = calls
    assert name == "train"
    assert (experiment.name, experiment.train.steps) == ("captcha_ctc", 7)
    assert workdir == Path("runs/x")


@pytest.mark.parametrize(
    "argv, message",
    [
        (
            GOOD[1:],
            "error: --workdir is missing: name the run folder with --workdir=runs/captcha_ctc",
        ),
        (GOOD[:1], "error: --data.train is missing: "),
        (
            (*GOOD, "--train.lerning_rate=1"),
            "error: Unknown flag --train.lerning_rate (did you mean --train.learning_rate?)",
        ),
        ((*GOOD, "--train.steps=0"), "error: --train.steps: at least 1, not 0"),
    ],
)
def test_a_wrong_command_line_trains_nothing(argv, message, calls, capsys):
    code, error = outcome(capsys, main, *argv)
    assert code == 2
    assert error.startswith(message)
    assert calls == []


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/x/run.json")


@pytest.mark.parametrize(
    "raised, code, message",
    [
        (InputError("a.tsv:3: no tab"), 2, "error: a.tsv:3: no tab"),
        (InputError("two\nlines"), 2, "error: two lines"),
        (KeyboardInterrupt(), 130, ""),
        (
            full_disk(),
            2,
            "error: runs/x/run.json: no space left; free some, then give the same command again",
        ),
        (
            RuntimeError("[Op:WriteFile] No space left on device"),
            2,
            "error: writing: no space left",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "a.png"),
            2,
            "error: a.png: Permission denied",
        ),
    ],
)
def test_a_failure_is_one_line_and_a_code(raised, code, message, monkeypatch, capsys):
    def run(*_):
        raise raised

    stand_ins.replace_module(monkeypatch, stand_ins.WORKERS["train"], run)
    got, error = outcome(capsys, main, *GOOD)
    assert got == code
    assert error.startswith(message)


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), exits():
        _ = 1 / 0


def test_the_environment_is_set_for_tensorflow_unless_the_user_did(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.delenv("TF_ADDONS_PY_OPS", raising=False)
    with exits():
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
        assert os.environ["TF_ADDONS_PY_OPS"] == "1"


# Tools


def test_evaluate(calls, capsys):
    argv = ["runs/x", "--data.test=a.tsv,b.tsv", "--normalize=alphanumeric", "--name=val"]
    assert outcome(capsys, launch.tool, "evaluate", argv) == (0, "")
    ((name, config, run),) = calls
    assert (name, run) == ("evaluate", "runs/x")
    assert config.data.test == ("a.tsv", "b.tsv")
    assert (config.normalize, config.name) == ("alphanumeric", "val")
    assert (config.checkpoint, config.batch_size) == ("best", 32)


def test_evaluate_without_a_run_takes_predictions(calls, capsys):
    argv = ["--predictions=p.tsv", "--data.test=a.tsv", "--output=o"]
    assert outcome(capsys, launch.tool, "evaluate", argv) == (0, "")
    ((_, config, *run),) = calls
    assert (config.predictions, config.output, run) == ("p.tsv", "o", [])


def test_predict_takes_many_paths(calls, capsys):
    assert outcome(capsys, launch.tool, "predict", ["m", "a.png", "b/"]) == (0, "")
    assert calls[0][0] == "predict"
    assert calls[0][2:] == ("m", ["a.png", "b/"])


def test_export(calls, capsys):
    assert outcome(capsys, launch.tool, "export", ["r", "out", "--checkpoint=last"]) == (0, "")
    assert calls[0][0] == "export"
    assert (calls[0][1].checkpoint, calls[0][2:]) == ("last", ("r", "out"))


@pytest.mark.parametrize(
    "name, argv, message",
    [
        (
            "evalute",
            [],
            "error: Unknown command 'evalute' (did you mean evaluate?); there are train, ",
        ),
        ("export", [], "error: RUN is missing: "),
        ("evaluate", ["r"], "error: --data.test is missing: test lines"),
        ("evaluate", ["r", "--data.test=a", "s"], "error: Unexpected argument 's'"),
        ("predict", ["m"], "error: PATHS is missing: "),
    ],
)
def test_a_wrong_tool_line_runs_nothing(name, argv, message, calls, capsys):
    code, error = outcome(capsys, launch.console, [name, *argv])
    assert code == 2
    assert error.startswith(message)
    assert calls == []


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_has_a_function_a_command_and_help(name, capsys):
    assert callable(importlib.import_module(stand_ins.WORKERS[name]).run)
    assert f"launch {name} " in (ROOT / "tools" / name).read_text("utf-8")
    with pytest.raises(SystemExit) as stopped:
        launch.tool(name, ["--help"])
    assert stopped.value.code == 0
    assert f"usage: tools/{name} " in capsys.readouterr().out


def test_help_loads_nothing_that_takes_long():
    code = (
        "import atexit, sys; "
        "from ocr_tf.cli import launch; "
        "from ocr_tf.experiment.config.experiment import Experiment; "
        "atexit.register(lambda: print(*sorted(m for m in sys.modules if '.' not in m), file=sys.stderr)); "
        "launch.main(Experiment('x'), 'What is asked.', ['--help'])"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0 and process.stdout.startswith("What is asked.")
    loaded = set(process.stderr.split())
    assert "ocr_tf" in loaded
    slow = {
        "tensorflow",
        "keras",
        "cv2",
        "scipy",
        "statsmodels",
        "pandas",
        "matplotlib",
        "PIL",
        "jinja2",
    }
    assert not loaded & slow
