"""Evaluate, export and predict on a trained run: one text everywhere, and bad input told in a line."""

import dataclasses
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ocr_tf.data.dataset import open_source
from ocr_tf.decode import SEARCHES, Search
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.serving import predict, saved_model
from ocr_tf.experiment.serving.config import Export, Predict
from ocr_tf.experiment.serving.signatures import NO_LOG_PROB, Serving
from ocr_tf.experiment.training import loop
from ocr_tf.types import Hypotheses
from tests.experiment import tiny

TEST = "synthetic:digits:count=24:split=test"


@pytest.fixture(
    scope="module",
    params=["ctc", pytest.param("attention", marks=pytest.mark.slow)],
)
def trained(request, tmp_path_factory):
    """A run whose texts are nonsense, which is as good here: (its folder, export and test images)."""
    folder = tmp_path_factory.mktemp(request.param)
    loop.run(tiny.experiment(request.param, steps=2, evaluate_every=2), folder / "run")
    saved_model.run(Export(), str(folder / "run"), str(folder / "saved"))
    source = open_source(TEST)
    (folder / "images").mkdir()
    for i in range(len(source.samples)):
        (folder / "images" / f"{i:03d}.png").write_bytes(source.read(i))
    return folder


def measured(folder, **settings):
    config = Evaluate(data=TestData((TEST,)), **settings)
    results = evaluate.run(config, str(folder / "run"))
    output = folder / "run" / "evaluations" / config.name
    written = json.loads((output / "results.json").read_text())
    assert written["rates"] == results.rates.as_flat()
    lines = (output / "predictions.jsonl").read_text().splitlines()
    return results, [json.loads(line) for line in lines]


def test_the_export_reads_what_evaluate_read(trained):
    _, predictions = measured(trained)
    assert any(p["text"] for p in predictions)
    read = tf.saved_model.load(str(trained / "saved")).signatures["serving_default"]
    images = [path.read_bytes() for path in sorted((trained / "images").iterdir())]
    together = read(images=tf.constant(images))
    for i, (image, prediction) in enumerate(zip(images, predictions)):
        for answer, row in ((together, i), (read(images=tf.constant([image])), 0)):
            assert answer["ok"][row] and answer["text"][row].numpy().decode() == prediction["text"]
            log_prob = float(answer["log_prob"][row])
            assert log_prob == pytest.approx(prediction["log_prob"], rel=1e-4, abs=1e-4)


def test_evaluation_reads_with_the_search_that_it_is_told(trained):
    greedy, first = measured(trained)
    beam, second = measured(trained, search="beam:64", name="beam")
    assert (greedy.search, beam.search) == ("greedy", "beam:width=64")
    for prediction in second:  # without a model a beam ranks by what it sums of log p itself
        assert prediction["objective"] <= prediction["log_prob"] + 1e-3
    gains = [b["log_prob"] - a["log_prob"] for a, b in zip(first, second)]
    assert min(gains) >= -1e-4 and max(gains) > 1e-3


def test_a_fitted_temperature_changes_confidences_but_no_greedy_text(trained):
    plain, first = measured(trained)
    fitted, second = measured(trained, temperature="fitted", name="fitted")
    assert plain.temperature == 1 and fitted.temperature != 1
    assert [p["text"] for p in first] == [p["text"] for p in second]
    assert [p["log_prob"] for p in first] != [p["log_prob"] for p in second]
    for results, predictions in ((plain, first), (fitted, second)):
        probabilities = [math.exp(p["log_prob"]) for p in predictions]
        assert results.calibration.confidence == pytest.approx(np.mean(probabilities), abs=1e-6)
        assert results.calibration.accuracy == results.rates.exact
        assert [len(p["confidences"]) for p in predictions] == [len(p["text"]) for p in predictions]
    assert (trained / "run" / "temperatures.json").exists()


@dataclasses.dataclass(frozen=True)
class Silent(Search):
    """Reads every line as the empty text: a search of one's own, for both kinds of head."""

    def ctc(self, log_probs, alphabet):
        return self._nothing(tf.size(log_probs.lengths))

    def autoregressive(self, decoder, bounds):
        return self._nothing(tf.size(bounds))

    def _nothing(self, lines):
        zero, yes = tf.zeros([lines, 1]), tf.ones([lines, 1], tf.bool)
        lengths = tf.zeros([lines, 1], tf.int32)
        return Hypotheses(tf.zeros([lines, 1, 0], tf.int32), lengths, zero, zero, yes, yes)


def test_a_search_of_ones_own_is_used_by_its_name(trained, monkeypatch):
    monkeypatch.setitem(SEARCHES, "silent", Silent)
    results, predictions = measured(trained, search="silent", name="silent")
    assert results.search == "silent" and results.rates.figures["cer"] == 1
    assert {p["text"] for p in predictions} == {""}
    serving = Serving(restore(trained / "run"), n_best_search=Silent(), search=Silent())
    image = tf.constant([(trained / "images" / "000.png").read_bytes()])
    assert serving.serving_default(image)["text"].numpy().tolist() == [b""]
    assert serving.n_best(image)["texts"].numpy().tolist() == [[b""]]


def test_tensorboard_shows_what_evaluate_measured(trained):
    results, _ = measured(trained, name="shown")
    events = EventAccumulator(str(trained / "run")).Reload()
    (point,) = events.Scalars("values/test/shown/cer")
    assert (point.step, point.value) == (2, pytest.approx(results.rates.cer))


def test_predict_prints_the_same_from_run_and_export(trained, capsys):
    _, predictions = measured(trained)
    for model in ("run", "saved"):
        capsys.readouterr()
        predict.run(Predict(batch_size=7), str(trained / model), [str(trained / "images")])
        rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert [text for _, text, _ in rows] == [p["text"] for p in predictions]
        for (_, _, confidence), prediction in zip(rows, predictions):
            assert float(confidence) == pytest.approx(math.exp(prediction["log_prob"]), abs=1e-4)


def test_bad_images_fail_one_by_one(trained, tmp_path, capsys):
    good = (trained / "images" / "000.png").read_bytes()
    bomb = bytearray(good)
    bomb[16:24] = (30000).to_bytes(4, "big") * 2
    files = {"empty.png": b"", "cut.png": good[:150], "text.png": b"hello", "bomb.png": bytes(bomb)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(trained / "images" / "000.png"), *(str(tmp_path / name) for name in files)]
    paths += [str(tmp_path / "gone.png"), str(trained / "images" / "001.png")]
    for model in ("run", "saved"):
        with pytest.raises(InputError, match="5 of 7 images"):
            predict.run(Predict(), str(trained / model), paths)
        shown = capsys.readouterr()
        assert [line.split("\t")[0] for line in shown.out.splitlines()] == [paths[0], paths[-1]]
        for name in (*files, "gone.png"):
            assert sum(name in line for line in shown.err.splitlines()) == 1
    read = tf.saved_model.load(str(trained / "saved")).signatures["serving_default"]
    out = read(images=tf.constant([b"", good, b"hello"]))
    np.testing.assert_array_equal(out["ok"], [False, True, False])
    assert out["text"][0] == b"" and out["log_prob"][2] == NO_LOG_PROB


def test_its_own_predictions_give_a_run_the_same_rates(trained, tmp_path):
    results, _ = measured(trained)
    given = trained / "run" / "evaluations" / "test" / "predictions.jsonl"
    config = Evaluate(
        predictions=str(given), output=str(tmp_path / "again"), data=TestData((TEST,))
    )
    again = evaluate.run(config)
    assert (again.rates, again.fingerprint) == (results.rates, results.fingerprint)
    assert (tmp_path / "again" / "predictions.jsonl").read_bytes() == given.read_bytes()


def test_evaluation_keeps_every_line(trained, tmp_path):
    source = open_source(TEST)
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(source.read(i))
    (tmp_path / "broken.png").write_bytes(b"")
    labels = [f"0.png\t{source.samples[0].text}", "1.png\t", "2.png\tä1", "broken.png\t12"]
    labels.append(f"0.png\t{'1' * 300}")
    (tmp_path / "labels.tsv").write_text("\n".join(labels) + "\n", encoding="utf-8")
    config = Evaluate(name="odd", data=TestData((str(tmp_path / "labels.tsv"),)))
    results = evaluate.run(config, str(trained / "run"))
    assert results.rates.lines == 5
    troubles = results.troubled_lines
    assert {k: troubles[k] for k in ("unreadable", "unknown_symbol", "unreachable", "empty")} == {
        "unreadable": 1,
        "unknown_symbol": 1,
        "unreachable": 1,
        "empty": 1,
    }
    rows = RunFolder(trained / "run").path / "evaluations" / "odd" / "predictions.jsonl"
    predictions = [json.loads(line) for line in rows.read_text().splitlines()]
    assert [p["reference"] for p in predictions] == [line.split("\t")[1] for line in labels]
    assert predictions[3] == {
        **predictions[3],
        "text": "",
        "log_prob": None,
        "reference_log_prob": None,
        "ok": False,
    }
    assert predictions[2]["reference_log_prob"] is None  # a symbol that the head cannot write


def test_test_lines_the_run_has_seen_are_refused(trained):
    config = Evaluate(data=TestData(("synthetic:digits:count=5",)))
    with pytest.raises(InputError, match="5 images that .* was trained or selected on"):
        evaluate.run(config, str(trained / "run"))


def test_an_existing_output_is_refused_and_stays(trained, tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(InputError, match="exists"):
        saved_model.run(Export(), str(trained / "run"), str(tmp_path / "mine"))
    assert (tmp_path / "mine").read_text() == "precious"


def test_what_is_no_model_is_named(trained, tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            predict.run(Predict(), str(path), [str(trained / "images")])
