"""What a study's command says of wrong flags, data and folders: one line, exit code 2, no training."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from experiments import ctc_vs_attention
from ocr_tf.study import command, scheduler
from ocr_tf.study.study_folder import KNOWN

TRAIN = "--data.train=synthetic:digits:count=20"
TEST = "--data.test=synthetic:digits:count=6:split=test"
ONE_LINE = "--data.test=synthetic:digits:count=1:split=test"
NEEDED = ["--workdir=study", TRAIN, TEST]


@pytest.fixture
def refused(capsys, monkeypatch, tmp_path):
    """Gives the command its flags, in an empty folder, and takes what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scheduler, "run", lambda *_: pytest.fail("a training was started"))

    def refuse(*argv):
        with pytest.raises(SystemExit) as ended:
            command.main(ctc_vs_attention.STUDY, "", argv)
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert ended.value.code == 2 and len(said) == 1
        return said[0]

    return refuse


@pytest.mark.parametrize(
    "argv, said",
    [
        ([], "--workdir is missing: .* --workdir=runs/ctc_vs_attention"),
        (["--workdir=study", TEST], "--data.train is missing: .*labels file"),
        (["--workdir=study", TRAIN], "--data.test is missing: .*labels file"),
        ([*NEEDED, "--study.seeds=0"], "--study.seeds: at least 1, not 0"),
        ([*NEEDED, "--study.seed=2"], "did you mean --study.seeds?"),
        ([*NEEDED, "--study.search=greedy;bean"], "--study.search=bean: the searches are"),
        ([*NEEDED, "--study.engine=foo"], "--study.engine: one of local, ray; not 'foo'"),
        ([*NEEDED, "--study.metric=wr"], "--study.metric: one of cer, wer, exact, one_minus_ned"),
        ([*NEEDED, "--train.seed=1"], "--train.seed=1: a study trains under"),
        ([*NEEDED, "--train.patience=1"], "--train.patience=1: every condition"),
        ([*NEEDED, "--data.lines=x"], "--data.lines=x: a study chooses"),
        (["--workdir=study", "--data.train=none.tsv", TEST], "none.tsv: cannot read the labels"),
        (["--workdir=study", TRAIN, "--data.test=none.tsv"], "none.tsv: cannot read the labels"),
        ([*NEEDED, "--data.val=none.tsv"], "none.tsv: cannot read the labels"),
        ([*NEEDED, "--data.alphabet=none.txt"], "none.txt"),
        ([*NEEDED, "--train.init_from=none"], "none: no such run folder"),
        ([TRAIN, "--workdir=study", ONE_LINE], "one line; a comparison"),
        ([*NEEDED, "--study.groups=("], "--study.groups=.*no regular expression"),
        ([*NEEDED, "--study.engine=ray"], "Ray is not installed; pip install 'ray>=2,<3'"),
        ([*NEEDED, "--study.longer_than=99"], "longer_than=99: no test line has more symbols"),
        ([*NEEDED, "--study.tune=2"], "Optuna is not installed; pip install optuna"),
    ],
)
def test_wrong_flags_write_nothing_and_load_nothing(refused, tmp_path, monkeypatch, argv, said):
    for package in ("ray", "optuna"):  # as if it were not installed
        monkeypatch.setitem(sys.modules, package, None)
    # Neither here nor in what would be trained with: TensorFlow takes seconds to import.
    monkeypatch.setitem(sys.modules, "ocr_tf.study.shared_lines", None)
    assert re.search(said, refused(*argv))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "argv, said",
    [
        ([TRAIN, "--data.test=synthetic:digits:count=3"], "3 images that are among the training"),
        ([TRAIN, "--data.test=empty.tsv"], "no line has a text"),
    ],
)
def test_wrong_data_are_refused_before_training(refused, tmp_path, argv, said):
    (tmp_path / "empty.tsv").write_text("a.png\t\nb.png\t\n")
    message = refused("--workdir=study", *argv)
    assert re.search(said, message), message
    # What is there is no hindrance to the next start.
    study = tmp_path / "study"
    assert not study.exists() or set(os.listdir(study)) <= set(KNOWN)


def test_folders_of_something_else_are_left_as_they_are(refused, tmp_path):
    (tmp_path / "photo.jpg").write_text("x")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "photo.jpg").write_text("x")
    assert "holds no study (photo.jpg is in it); choose" in refused(*NEEDED)
    assert "not a folder; choose" in refused("--workdir=photo.jpg", TRAIN, TEST)
    assert "photo.jpg is not a folder; choose" in refused("--workdir=photo.jpg/study", TRAIN, TEST)
    assert os.listdir(tmp_path / "study") == ["photo.jpg"]


HOLDER = """
import sys
from pathlib import Path
from ocr_tf.study.study_folder import StudyFolder
with StudyFolder(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused(refused, tmp_path):
    (tmp_path / "study").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "study")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert f"in use by process {holder.pid}; wait for it" in refused(*NEEDED)
        holder.stdin.close()
    assert os.listdir(tmp_path / "study") == ["lock"]
