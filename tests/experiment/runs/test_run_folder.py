"""The run folder: nothing half-written, one owner, no resuming of something else."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import ocr_tf
from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs import run_folder
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.heads import HEADS

ALPHABET = Alphabet("abc")
FACTS = {"threads": {"intra": 2, "inter": 1}, "data": {"lines": 3, "hash": "00ff"}}
EXPERIMENT = options.replace(
    Experiment("captcha_ctc"), {"data.train": ("a b.tsv", "c,d.tsv"), "train.weight_decay": 1}
)


def begun(path, experiment=EXPERIMENT) -> RunFolder:
    folder = RunFolder.create_or_open(path)
    with folder.lock():
        assert folder.begin(experiment, ALPHABET, FACTS) == []
    return folder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return begun(tmp_path / "runs" / "x")


def names(folder: RunFolder) -> list[str]:
    return sorted(str(p.relative_to(folder.path)) for p in folder.path.rglob("*") if p.is_file())


def refusal(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    assert "\n" not in str(raised.value)
    return str(raised.value)


# Description


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("head", HEADS)
def test_a_run_gives_its_experiment_back(encoder, head, tmp_path):
    experiment = Experiment("x", encoder=ENCODERS[encoder](), head=HEADS[head]())
    changed = {}
    for leaf in options.leaves(experiment):
        metadata = leaf.field.metadata
        if metadata["choices"]:
            value = metadata["choices"][-1]
            changed[leaf.name] = (value,) if leaf.type is tuple else value
        elif leaf.type is bool:
            changed[leaf.name] = not leaf.value
        elif leaf.type is tuple:
            changed[leaf.name] = ("a", "ä b")
        elif leaf.type is str:
            changed[leaf.name] = "ä"
        else:
            # A multiple: some sizes must be divided by others.
            changed[leaf.name] = metadata["maximum"] or leaf.type((leaf.value or 1) * 4)
    del changed["sequence.stack"]  # a separate one has no projection
    experiment = options.replace(experiment, changed)
    begun(tmp_path / "x", experiment)
    opened = RunFolder.open(tmp_path / "x")
    assert opened.experiment == experiment
    assert opened.alphabet == ALPHABET


def test_run_json_describes_the_run(folder):
    described = json.loads((folder.path / "run.json").read_text("utf-8"))
    assert described["name"] == "captcha_ctc"
    assert (described["encoder"], described["head"]) == ("compact", "ctc")
    assert described["config"]["data"]["train"] == ["a b.tsv", "c,d.tsv"]
    assert described["seed"] == 0
    assert described["threads"] == FACTS["threads"]
    assert described["data"] == FACTS["data"]
    assert described["versions"]["ocr_tf"] == ocr_tf.__version__
    assert set(described["versions"]) == {
        "python",
        "ocr_tf",
        "tensorflow",
        "tensorflow-addons",
        "numpy",
    }
    assert {"commit", "dirty", "processor"} <= set(described)


def rewrite(folder: RunFolder, change) -> None:
    path = folder.path / "run.json"
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_run_of_before_gradients_were_normalized_did_not(folder):
    def age(content):
        train = content["config"]["train"]
        del train["normalize_gradient"]
        train["clip_norm"] = 5.0

    rewrite(folder, age)
    train = RunFolder.open(folder.path).experiment.train
    assert (train.normalize_gradient, train.clip_norm) == (False, 5.0)


def test_a_run_of_before_there_were_cells_is_of_lstms(folder):
    expected = folder.experiment

    def take_out(content):
        del content["config"]["sequence"]["cell"], content["config"]["sequence"]["stack"]
        del content["config"]["train"]["momentum"]

    rewrite(folder, take_out)
    opened = RunFolder.open(folder.path).experiment
    assert opened == expected and opened.sequence.cell == "lstm"


def test_an_option_of_another_version_is_refused_by_name(folder):
    def change(content):
        content["config"]["train"]["lookahead"] = 3
        content["versions"]["ocr_tf"] = "9.1"

    rewrite(folder, change)
    message = refusal(RunFolder.open, folder.path)
    assert "option train.lookahead is not known here" in message
    assert "written by ocr_tf 9.1" in message


def test_a_head_of_another_version_is_refused_by_name(folder):
    rewrite(folder, lambda content: content.update(head="joint2"))
    assert "no head 'joint2'; there are ctc, attention" in refusal(RunFolder.open, folder.path)


def test_a_damaged_run_json_is_named(folder):
    (folder.path / "run.json").write_text('{"name": ')
    assert "run.json: not JSON" in refusal(RunFolder.open, folder.path)


def test_no_run_to_open_is_said(tmp_path):
    assert "no such run folder" in refusal(RunFolder.open, tmp_path / "none")
    assert "holds no run" in refusal(RunFolder.open, tmp_path)


# Beginning and resuming


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    message = refusal(RunFolder.create_or_open, tmp_path)
    assert "is not empty and holds no run (thesis.tex is in it)" in message
    assert "choose another --workdir" in message
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refusal(RunFolder.create_or_open, tmp_path / "file")
    assert "file is not a folder" in refusal(RunFolder.create_or_open, tmp_path / "file/x/y")


def test_a_start_killed_before_it_began_is_started_again(tmp_path):
    (tmp_path / "lock").write_text("1\n")
    (tmp_path / "alphabet.txt").write_text("z\n")
    (tmp_path / ".run.json.77.tmp").write_text('{"na')
    folder = begun(tmp_path)
    assert folder.alphabet == ALPHABET
    assert not [name for name in names(folder) if name.endswith(".tmp")]


def test_another_experiment_is_refused(folder):
    other = Experiment("captcha_attention")
    message = refusal(folder.check_usable, other)
    assert message == f"{folder.path} holds experiment captcha_ctc; choose another --workdir"
    assert refusal(folder.begin, other, ALPHABET, FACTS) == message


def test_other_flags_are_refused_by_name_with_both_values(folder):
    other = options.replace(EXPERIMENT, {"train.learning_rate": 0.5, "data.train": ("e.tsv",)})
    message = refusal(folder.check_same, other, FACTS)
    assert "--train.learning_rate=0.001, not 0.5" in message
    assert '--data.train=a b.tsv,"c,d.tsv", not e.tsv' in message
    assert "choose another --workdir" in message


def test_another_structure_is_refused(folder):
    other = Experiment("captcha_ctc", data=EXPERIMENT.data, train=EXPERIMENT.train)
    assert folder.check_same(other, FACTS) == []
    other = Experiment(
        "captcha_ctc", ENCODERS["crnn"](), HEADS["attention"](), other.data, train=other.train
    )
    message = refusal(folder.check_same, other, FACTS)
    assert "encoder compact, not crnn; head ctc, not attention" in message


@pytest.mark.parametrize("name", run_folder.RESUMABLE)
def test_what_touches_no_weight_may_change(name, folder):
    value = "mirrored" if name == "train.strategy" else 17
    assert folder.check_same(options.replace(EXPERIMENT, {name: value}), FACTS) == []


def test_files_whose_content_is_compared_may_have_moved(folder):
    moved = options.replace(EXPERIMENT, {"data.lines": "x/lines.txt", "data.alphabet": "x/a.txt"})
    assert folder.check_same(moved, FACTS) == []


def test_the_resumable_flags_exist():
    assert set(run_folder.RESUMABLE) < {leaf.name for leaf in options.leaves(EXPERIMENT)}


def test_other_data_or_symbols_are_refused(folder):
    facts = {**FACTS, "data": {"lines": 4, "hash": "1234"}}
    message = refusal(folder.check_same, EXPERIMENT, facts)
    assert '"lines": 3' in message and '"lines": 4' in message
    assert "alphabet" in refusal(folder.begin, EXPERIMENT, Alphabet("abd"), FACTS)


def test_another_machine_is_warned_of(folder):
    facts = {**FACTS, "threads": {"intra": 8, "inter": 1}}
    rewrite(folder, lambda content: content["versions"].update(tensorflow="2.14.0"))
    warnings = folder.check_same(EXPERIMENT, facts)
    assert len(warnings) == 2
    assert all("resuming is not bit-exact" in warning for warning in warnings)
    assert any("threads" in warning for warning in warnings)
    assert any("2.14.0" in warning for warning in warnings)


def test_another_number_of_devices_is_warned_of(folder):
    one = {"strategy": "none", "replicas": 1, "workers": 1}  # what it was where none was recorded
    assert folder.check_same(EXPERIMENT, {**FACTS, "devices": one}) == []
    two = {"strategy": "mirrored", "replicas": 2, "workers": 1}
    (warning,) = folder.check_same(EXPERIMENT, {**FACTS, "devices": two})
    assert "devices changed from" in warning and "resuming is not bit-exact" in warning


def test_what_a_start_went_on_with_is_remembered_once(folder):
    (began,) = folder.surroundings
    alphabet, other = folder.alphabet, {**FACTS, "threads": {"intra": 8, "inter": 1}}
    for facts in (FACTS, other, FACTS, other):
        folder.begin(EXPERIMENT, alphabet, facts)
    assert folder.surroundings == [began, dataclasses.replace(began, threads=other["threads"])]
    folder.metrics.append({"step": 4, "finished": True})
    folder.begin(EXPERIMENT, alphabet, {**FACTS, "threads": {"intra": 3}})
    assert len(folder.surroundings) == 2


# Lock

HOLD = """
import sys
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
with RunFolder(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_and_a_kill_frees_the_folder(folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError) as raised, folder.lock():
            pass
        assert str(raised.value).startswith(f"{folder.path} is in use by process {holder.pid};")
    finally:
        holder.kill()
        holder.communicate()
    with folder.lock():
        assert (folder.path / "lock").read_text() == f"{os.getpid()}\n"
    assert (folder.path / "lock").read_text() == ""


def test_a_leftover_of_a_kill_is_no_checkpoint_and_goes(folder):
    folder.checkpoints.save(1, {"w": np.zeros(2)}, TrainingState())
    leftover = folder.checkpoints.path / ".step-00000002.npz.99.tmp"
    leftover.write_bytes(b"half")
    assert folder.checkpoints.steps() == [1]
    folder.begin(EXPERIMENT, ALPHABET, FACTS)
    assert not leftover.exists()
