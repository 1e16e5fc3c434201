"""The public functions, on a network that has not learnt anything: shapes, agreement and errors."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import ocr_tf
from ocr_tf.data.dataset import open_source
from ocr_tf.experiment.serving import saved_model
from ocr_tf.experiment.serving.config import Export
from ocr_tf.heads import Attention
from ocr_tf.metrics.paired import Verdict

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
def exported(run):
    folder = run.path.parent / "exported"
    saved_model.run(Export(n_best=3), str(run.path), str(folder))
    return ocr_tf.load(folder)


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
    assert "not an image" in readings[4].reason and "no such file" in readings[5].reason.lower()


def test_a_score_is_the_log_probability_of_the_text_read(model, line):
    (reading,) = model.read([line])
    scores = model.score([line, line, b""], [reading.text, "\u2603", reading.text])
    np.testing.assert_allclose(scores[0], reading.log_prob, rtol=1e-4)
    assert scores[1] == -np.inf and np.isnan(scores[2])


def test_symbols_have_confidences_where_they_are_asked_for(model, exported, line):
    by_run, by_export = (m.read([line, b"no image"], symbols=True) for m in (model, exported))
    for reading, bad in (by_run, by_export):
        assert len(reading.confidences) == len(reading.text) and bad.confidences is None
    assert by_run[0].confidences == pytest.approx(by_export[0].confidences, rel=1e-3)
    assert model.read([line])[0].confidences is None


def test_a_temperature_scales_what_is_read_and_scored(run, exported, model, line):
    mild = ocr_tf.load(run.path, temperature=4)
    (reading,), (plain,) = mild.read([line]), model.read([line])
    assert reading.text == plain.text and abs(reading.log_prob - plain.log_prob) > 0.01
    np.testing.assert_allclose(mild.score([line], [reading.text]), reading.log_prob, rtol=1e-4)
    with pytest.raises(ocr_tf.InputError, match="an export, whose temperature was chosen"):
        ocr_tf.load(exported.path, temperature=4)


def test_alignments_and_n_best(model, line):
    aligned, bad = model.align([line, b""], ["12", ""])
    assert aligned.weights.shape == (2, len(aligned.edges) - 1) and aligned.spans.shape == (2, 2)
    assert bad is None
    (answers,) = model.n_best([line], 3)
    assert 1 <= len(answers) <= 3
    log_probs = [answer.log_prob for answer in answers]
    assert log_probs == sorted(log_probs, reverse=True)


def test_an_export_reads_as_its_run_does(exported, model, line, tmp_path):
    (tmp_path / "line.png").write_bytes(line)
    images = [tmp_path / "line.png", b"no image", line]
    by_export, by_run = exported.read(images), model.read(images)
    for part in ("text", "ok", "reason"):
        assert [getattr(one, part) for one in by_export] == [getattr(one, part) for one in by_run]
    assert [reading.log_prob is None for reading in by_export] == [False, True, False]
    for export_reading, run_reading in zip(by_export[::2], by_run[::2]):
        assert export_reading.log_prob == pytest.approx(run_reading.log_prob, rel=1e-4)


def test_an_export_gives_as_many_texts_as_it_was_made_for(exported, model, line):
    (from_export, bad), (from_run,) = exported.n_best([line, b""], 2), model.n_best([line], 2)
    assert [answer.text for answer in from_export] == [answer.text for answer in from_run]
    assert [answer.ok for answer in bad] == [False] and "zero bytes" in bad[0].reason
    with pytest.raises(ocr_tf.InputError, match="gives at most 3; export the run again"):
        exported.n_best([line], 4)


@pytest.mark.parametrize("method", ["score", "align"])
def test_an_export_says_what_it_cannot_do(method, exported, line):
    with pytest.raises(ocr_tf.InputError, match=f"an export reads .*; {method} needs the run"):
        getattr(exported, method)([line], ["1"])


def test_evaluating_gives_rates(run):
    evaluation = ocr_tf.evaluate(run, TEST)
    assert evaluation.rates.lines == 4 and (evaluation.output / "results.json").exists()


@pytest.mark.slow
def test_a_study_and_a_comparison_of_its_runs_give_their_verdicts(tmp_path):
    sequence = ocr_tf.Sequence(layers=1, units=8)
    head = Attention(units=8, attention_units=8, embedding=8)
    conditions = {
        "ctc": ocr_tf.Experiment("ctc", sequence=sequence),
        "attention": ocr_tf.Experiment("attention", head=head, sequence=sequence),
    }
    study = ocr_tf.Study.of("tiny", conditions, seeds=1, test=[TEST])
    settings = {name: value for name, value in SMALL.items() if "sequence" not in name}
    studied = ocr_tf.run_study(study, tmp_path / "study", **settings)
    assert studied.output == tmp_path / "study" / "report" and studied.page.exists()
    again = ocr_tf.run_study(study, tmp_path / "study", **settings)  # kept
    assert again == studied
    runs = [tmp_path / "study" / name / "seed-0" for name in conditions]
    compared = ocr_tf.compare(runs, tmp_path / "compared", name="best", metric="exact")
    for comparison, metric in ((studied, "cer"), (compared, "exact")):
        (verdict,) = comparison.verdicts
        assert isinstance(verdict, Verdict) and (verdict.a, verdict.b) == ("ctc", "attention")
        assert verdict.signature.metric == metric and verdict.signature.lines == 4


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
