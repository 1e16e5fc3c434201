"""The public functions, on a network that has not learnt anything: shapes, agreement and errors."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import ocr_tf
from ocr_tf.data.dataset import open_source

SMALL = {
    "data.train": "synthetic:digits:count=40",
    "data_height": 16,
    "sequence_layers": 1,
    "sequence_units": 8,
    "train_steps": 2,
    "train_previews": 0,
}
TEST = "synthetic:digits:count=4:split=test"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> ocr_tf.Run:
    return ocr_tf.train(ocr_tf.Experiment("small"), tmp_path_factory.mktemp("api") / "run", **SMALL)


@pytest.fixture(scope="module")
def model(run):
    return ocr_tf.load(run.path)


@pytest.fixture(scope="module")
def line() -> bytes:
    return open_source(TEST).read(0)


def test_training_gives_the_run(run):
    assert run.finished and run.best_step == 2 and run.experiment.train.steps == 2


def test_paths_bytes_and_arrays_are_read_alike(model, line, tmp_path):
    (tmp_path / "line.png").write_bytes(line)
    pixels = np.asarray(Image.open(io.BytesIO(line)).convert("L"))
    color = np.repeat(pixels[:, :, None], 3, axis=2)
    readings = model.read([tmp_path / "line.png", line, pixels, color, b"no image", "none.png"])
    assert len({reading.text for reading in readings[:4]}) == 1
    assert [reading.ok for reading in readings] == [True] * 4 + [False] * 2
    assert "not an image" in readings[4].reason and readings[5].reason == "no such file"


def test_a_score_is_the_log_probability_of_the_text_read(model, line):
    (reading,) = model.read([line])
    scores = model.score([line, line, b""], [reading.text, "\u2603", reading.text])
    np.testing.assert_allclose(scores[0], reading.log_prob, rtol=1e-4)
    assert scores[1] == -np.inf and np.isnan(scores[2])


def test_alignments_and_n_best(model, line):
    aligned, bad = model.align([line, b""], ["12", ""])
    assert aligned.weights.shape == (2, len(aligned.edges) - 1) and aligned.spans.shape == (2, 2)
    assert bad is None
    (answers,) = model.n_best([line], 3)
    assert 1 <= len(answers) <= 3
    log_probs = [answer.log_prob for answer in answers]
    assert log_probs == sorted(log_probs, reverse=True)


def test_evaluating_gives_rates(run):
    evaluation = ocr_tf.evaluate(run, TEST)
    assert evaluation.rates.lines == 4 and (evaluation.output / "results.json").exists()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.read(b"x"), "give a list"),
        (lambda m: m.read([3]), "int is no path"),
        (lambda m: m.score([b"x"], []), "texts: give a list of 1"),
        (lambda m: ocr_tf.load("no/such"), "no such run folder"),
        (lambda m: ocr_tf.train("captcha_cct", "x"), "did you mean captcha_ctc"),
        (lambda m: ocr_tf.train("captcha_ctc", "x", train_stps=3), "Unknown flag --train_stps"),
        (lambda m: ocr_tf.register("haed", "x"), "did you mean head"),
    ],
)
def test_what_is_wrong_is_an_input_error(call, message, model):
    with pytest.raises(ocr_tf.InputError, match=message):
        call(model)
