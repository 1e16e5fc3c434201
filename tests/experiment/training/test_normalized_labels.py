"""Labels are trained on and scored in the form that --data.normalize names."""

import dataclasses
import json

import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate, TestData
from ocr_tf.experiment.training import loop, splits
from tests.experiment import tiny

TEXTS = ["Ab!", "aB 1", "?!", "ba"]


def labels(folder, texts):
    """A labels file of drawn images, whatever they show."""
    source = open_source(f"synthetic:digits:count={len(texts)}:seed={len(texts)}")
    folder.mkdir()
    rows = []
    for i, text in enumerate(texts):
        (folder / f"{i}.png").write_bytes(source.read(i))
        rows.append(f"{i}.png\t{text}\n")
    (folder / "labels.tsv").write_text("".join(rows))
    return str(folder / "labels.tsv")


@pytest.fixture
def experiment(tmp_path):
    chosen = tiny.experiment(steps=2, evaluate_every=2, checkpoint_every=2)
    train, val = labels(tmp_path / "train", TEXTS), labels(tmp_path / "val", ["A", "?"])
    return dataclasses.replace(
        chosen, data=dataclasses.replace(chosen.data, train=(train,), val=(val,), normalize="lower")
    )


def with_data(experiment, **data):
    return dataclasses.replace(experiment, data=dataclasses.replace(experiment.data, **data))


@pytest.mark.parametrize(
    "name, symbols, left",
    [
        ("none", " !1?ABab", 4),
        ("lower", " !1?ab", 4),
        ("alphanumeric", "1ab", 3),
    ],
)
def test_the_alphabet_is_of_normalized_labels(experiment, name, symbols, left):
    roles = splits.prepare(with_data(experiment, normalize=name))
    assert roles.alphabet.symbols == tuple(symbols)
    assert len(roles.train) == left
    assert all("alphanumeric leaves nothing" in line.reason for line in roles.skipped)


def test_length_is_counted_after_normalizing(experiment):
    roles = splits.prepare(with_data(experiment, normalize="alphanumeric", max_length=2))
    assert sorted(roles.train.texts) == ["Ab!", "ba"]


def test_validation_needs_a_text_that_is_left(experiment, tmp_path):
    val = labels(tmp_path / "signs", ["?", "!", "..", "-", ""])
    with pytest.raises(InputError, match="the validation lines hold no text"):
        splits.prepare(with_data(experiment, normalize="alphanumeric", val=(val,)))


def test_test_lines_are_scored_in_the_form_of_training(experiment, tmp_path):
    loop.run(experiment, tmp_path / "run")
    test = labels(tmp_path / "test", ["AB", "?", "b"])
    evaluate.run(Evaluate(data=TestData((test,))), str(tmp_path / "run"))
    records = (tmp_path / "run/evaluations/test/predictions.jsonl").read_text().splitlines()
    assert [json.loads(record)["reference"] for record in records] == ["ab", "?", "b"]
