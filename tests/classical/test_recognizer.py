"""From labeled lines to texts, to a file and to an evaluation."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.classical import lattice as lattices
from ocr_tf.classical import train
from ocr_tf.classical.config import ClassicalData, TrainClassical
from ocr_tf.classical.images import BLANK, read_line
from ocr_tf.classical.labels import by_counting, collect, measure
from ocr_tf.classical.model_file import is_model, load, save
from ocr_tf.classical.recognizer import Preparation, prepare, spell
from ocr_tf.data.dataset import open_sources
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs import predictions

TRAIN = "synthetic:digits:count=60"
TEST = "synthetic:digits:count=8:split=test"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("classical") / "digits.npz"
    train.run(TrainClassical(rounds=1, data=ClassicalData((TRAIN,))), str(file))
    return file


def test_it_reads_lines_that_it_has_not_seen(path, tmp_path, capsys):
    output = tmp_path / "classical"
    found = evaluate.run(Evaluate(output=str(output), data=TestData((TEST,))), str(path))
    assert found.rates.cer is not None and found.rates.cer < 0.15
    assert predictions.results(output) == found
    assert (found.classical, found.system) == (str(path), "classical")
    read = [p.prediction for p in predictions.read(output / "predictions.jsonl")]
    assert [p.id for p in read] == list(open_sources([TEST]).ids)
    assert all(p.log_prob is not None and p.log_prob <= 0 for p in read)
    assert "ms a line" in capsys.readouterr().out
    # What another system has written there is left alone.
    with pytest.raises(InputError, match="another system"):
        evaluate.run(
            Evaluate(output=str(output), system="other", data=TestData((TEST,))), str(path)
        )


def test_images_of_the_training_are_refused(path, tmp_path):
    config = Evaluate(output=str(tmp_path / "x"), data=TestData((TRAIN,)))
    with pytest.raises(InputError, match="60 images that the recognizer was trained on"):
        evaluate.run(config, str(path))


@pytest.mark.parametrize(
    "flags, message",
    [
        ({}, "--output is missing"),
        ({"output": "x", "temperature": "2"}, "--temperature=2 belongs to a run"),
        ({"output": "x", "missing": "empty"}, "--missing=empty belongs to"),
        ({"output": "x", "search": "beam:4,best=2"}, "and nothing else"),
    ],
)
def test_flags_that_mean_nothing_to_it_are_refused(path, tmp_path, monkeypatch, flags, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        evaluate.run(Evaluate(data=TestData((TEST,)), **flags), str(path))


def test_a_text_of_the_file_is_the_text_of_the_recognizer(path, tmp_path):
    model = load(path)
    save(tmp_path / "again.npz", model)
    again = load(tmp_path / "again.npz")
    source = open_sources([TEST])
    images = [read_line(source, i).pixels for i in range(3)]
    assert again.recognizer.recognize(images) == model.recognizer.recognize(images)
    assert (again.seen == model.seen).all() and again.trained_on == (TRAIN,)


def test_the_probabilities_of_a_line_sum_to_one_with_those_of_its_other_texts(path):
    """Of a lattice of one piece: the empty text and each digit."""
    recognizer = load(path).recognizer
    source = open_sources([TEST])
    pieces = prepare(read_line(source, 0).pixels, recognizer.preparation)
    lattice = recognizer.lattice(pieces)
    one = lattice._replace(
        runs=lattice.runs[-1:, :1], space=lattice.space[:2], none=lattice.none[:2]
    )
    texts = ["", *recognizer.alphabet.symbols]
    scores = [lattices.log_score(one, recognizer.spelled(text)) for text in texts]
    assert np.logaddexp.reduce(scores) == pytest.approx(lattices.log_total(one))


@pytest.mark.parametrize(
    "image",
    [
        np.full((40, 200), 255, np.uint8),
        np.zeros((40, 200), np.uint8),
        BLANK,
        np.full((40, 1), 128, np.uint8),
        np.zeros((1, 300), np.uint8),
    ],
)
def test_a_line_without_ink_has_the_empty_text_for_sure(path, image):
    (text,) = load(path).recognizer.recognize([image])
    assert (text.text, text.log_prob) == ("", 0.0)


def test_narrow_lines_and_pictures_give_some_text(path):
    random = np.random.default_rng(0)
    narrow = np.full((40, 3), 255, np.uint8)
    narrow[10:30, 1] = 0
    picture = random.integers(0, 256, (60, 200)).astype(np.uint8)
    for text in load(path).recognizer.recognize([narrow, picture]):
        assert np.isfinite(text.log_prob) and text.log_prob <= 0


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_model_is_told_in_a_line(content, tmp_path):
    file = tmp_path / "broken.npz"
    if content is None:
        np.savez(file, weights=np.zeros(3))
    else:
        file.write_bytes(content)
    assert is_model(file)
    with pytest.raises(InputError, match="broken.npz: no classical recognizer"):
        load(file)


def test_nothing_to_begin_with_is_told(tmp_path):
    from PIL import Image

    Image.new("L", (60, 40), 255).save(tmp_path / "empty.png")
    (tmp_path / "labels.tsv").write_text("empty.png\t12\n", "utf-8")
    config = TrainClassical(data=ClassicalData((str(tmp_path / "labels.tsv"),)))
    with pytest.raises(InputError, match="nothing to begin with"):
        train.run(config, str(tmp_path / "model.npz"))
    assert not (tmp_path / "model.npz").exists()


def test_an_output_that_evaluate_would_not_know_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"end in \.npz"):
        train.run(TrainClassical(data=ClassicalData((TRAIN,))), str(tmp_path / "model"))


def test_counting_takes_lines_of_as_many_groups_as_characters():
    source = open_sources([TRAIN])
    alphabet = Alphabet("0123456789")
    preparation = Preparation(48, "otsu", 5)
    lines = []
    for i in range(12):
        pieces = prepare(read_line(source, i).pixels, preparation)
        lines.append(measure(pieces, 5, spell(source.text(i), alphabet)))
    counted = [by_counting(line) for line in lines]
    for line, runs in zip(lines, counted):
        assert bool(runs) == (len(set(line.groups.tolist())) == len(line.spelled.classes))
        assert not runs or (runs[0].first, runs[-1].end) == (0, len(line.groups))
        assert all(a.end == b.first for a, b in zip(runs, runs[1:]))
    samples = collect(zip(lines, counted), 11)
    assert samples.lines == sum(map(bool, counted)) > 0
    characters = sum(len(line.spelled.classes) for line, runs in zip(lines, counted) if runs)
    assert (samples.labels < 10).sum() == characters
    assert (samples.labels == 10).any() and not samples.spaced.any()


def test_spaces_are_said_of_the_character_behind_them():
    spelled = spell("a b  ba", Alphabet(" ab"))
    assert spelled.classes.tolist() == [0, 1, 1, 0]
    assert spelled.spaces.tolist() == [False, True, True, False]


def test_results_are_json_that_names_the_recognizer(path, tmp_path):
    evaluate.run(
        Evaluate(output=str(tmp_path / "x"), search="beam:4", data=TestData((TEST,))),
        str(path),
        quiet=True,
    )
    content = json.loads((tmp_path / "x" / "results.json").read_text("utf-8"))
    assert content["classical"] == str(path) and content["milliseconds"] > 0
    assert content["search"] == "beam:width=4"
