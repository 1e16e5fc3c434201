"""The command that estimates a language model, from labels and from texts."""

from __future__ import annotations

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import SeenLine
from ocr_tf.experiment.training import train_lm
from ocr_tf.experiment.training.config import TrainLM
from ocr_tf.language import arpa
from tests.study import told


@pytest.fixture
def labels(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    (folder / "labels.tsv").write_text("0.png\tA b\n1.png\tBa\n2.png\tzz\n")
    return str(folder / "labels.tsv")


def test_labels_and_texts_are_learned_as_they_are_spelled(labels, tmp_path, capsys):
    (tmp_path / "more.txt").write_text("C\n\n")
    config = TrainLM(data=(labels,), text=(str(tmp_path / "more.txt"),), order=2, normalize="lower")
    train_lm.run(config, str(tmp_path / "lm.arpa"))
    model = arpa.read(tmp_path / "lm.arpa")
    assert model.order == 2 and model.tokens == ["<space>", "a", "b", "c", "z"]
    assert "4 texts, 8 symbols, 5 different" in capsys.readouterr().out


def test_words_can_be_learned(labels, tmp_path):
    config = TrainLM(data=(labels,), unit="words", order=1)
    assert train_lm.run(config, str(tmp_path / "lm.arpa")).tokens == ["A", "Ba", "b", "zz"]


def test_a_run_leaves_out_what_it_was_not_trained_on(labels, tmp_path, capsys):
    run = told.run(tmp_path / "run")
    roles = ["train", "train", "val"]
    run.remember_lines(
        SeenLine(role, bytes([1] * 32), i, f"lines/{i}.png") for i, role in enumerate(roles)
    )
    config = TrainLM(data=(labels,), run=str(run.path), order=1)
    assert "z" not in train_lm.run(config, str(tmp_path / "lm.arpa")).tokens
    assert "left out 1 of 3 lines" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, said",
    [
        ({}, "give texts to learn"),
        ({"run": "runs/x", "text": ("a.txt",)}, "give both"),
        ({"text": ("none.txt",)}, "none.txt: cannot read the text"),
        ({"text": ("empty.txt",)}, "the texts are all empty"),
    ],
)
def test_nothing_to_learn_is_said_in_a_line(flags, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(InputError, match=said):
        train_lm.run(TrainLM(**flags), "lm.arpa")
    assert not (tmp_path / "lm.arpa").exists()
