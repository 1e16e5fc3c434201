"""Files of predictions: every spelling of the same content reads the same, and bad lines are named."""

from __future__ import annotations

import json

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import (
    CheckpointRead,
    EvaluationResults,
    Prediction,
    RateFigures,
)
from ocr_tf.metrics.calibration import calibration
from ocr_tf.metrics.error_rates import measure


def read(tmp_path, content) -> list[Prediction]:
    file = tmp_path / "given"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return [prediction for _, prediction in predictions.read(file)]


EXPECTED = [Prediction("a/1.png", "käse"), Prediction("a/2.png", ""), Prediction("b#2", " x ")]


@pytest.mark.parametrize(
    "content",
    [
        "a/1.png\tkäse\na/2.png\t\nb#2\t x \n",
        "a/1.png\tka\u0308se\na/2.png\t\nb#2\t x ",  # NFD, and no last line end
        "\ufeffa/1.png\tkäse\r\n\r\na/2.png\t\r\nb#2\t x \r\n",
        '{"id": "a/1.png", "text": "ka\\u0308se"}\n{"id": "a/2.png", "text": ""}\n'
        '{"text": " x ", "id": "b#2", "log_prob": null, "by": {"me": 1}}\n',
        '\ufeff\r\n{"id":"a/1.png","text":"käse"}\r\n{"id":"a/2.png","text":""}\r\n'
        '{"id":"b#2","text":" x "}\r\n',
    ],
)
def test_the_same_predictions_in_every_spelling(content, tmp_path):
    assert read(tmp_path, content) == EXPECTED


def test_a_text_may_hold_tabs_and_odd_line_ends(tmp_path):
    text = "a\tb\u2028c\x0bd"
    expected = [Prediction("x", text)]
    assert read(tmp_path, f"x\t{text}\n") == expected
    assert read(tmp_path, json.dumps({"id": "x", "text": text})) == expected


def test_places_are_lines_of_the_file(tmp_path):
    (tmp_path / "given").write_text("x\ta\n\n \ny\tb\n")
    places = [place for place, _ in predictions.read(tmp_path / "given")]
    assert places == [f"{tmp_path}/given:1", f"{tmp_path}/given:4"]


def test_what_is_written_is_read(tmp_path):
    written = [
        Prediction("a", 'q"\t\u2028\\ ', "ref", -0.25, -3.5, ended=False),
        Prediction("b", "", "", None, None, ok=False),
        Prediction("c", "xy", "xy", -0.5, -0.5, objective=1.25, confidences=(0.75, 1.0)),
    ]
    rates = RateFigures.from_rates(measure([("ref", "")]))
    evaluations = [
        EvaluationResults("another", ("lines.tsv",), "f", rates, {"missing": 1}, "given.tsv"),
        EvaluationResults(
            "ctc",
            ("lines.tsv", "synthetic:digits"),
            "f",
            rates,
            run="runs/ctc",
            experiment="ctc",
            seed=0,
            checkpoint=CheckpointRead("best", 12),
            finished=False,
            training_seconds=1.5,
            temperature=1.25,
            calibration=calibration([-0.5, -1.0], [True, False]),
        ),
    ]
    for evaluation in evaluations:
        predictions.write(tmp_path / "new" / "folder", evaluation, written)
        assert predictions.results(tmp_path / "new" / "folder") == evaluation
    placed = predictions.read(tmp_path / "new" / "folder" / predictions.PREDICTIONS)
    assert [prediction for _, prediction in placed] == written


@pytest.mark.parametrize(
    "content, message",
    [
        ("x\ta\ny\n", r"given:2: no tab"),
        ("x\ta\rb\n", r"given:1: a carriage return"),
        ("x\ta\ny\tb\nx\tc\n", r"given:3: x was read at .*given:1 already"),
        (b"x\ta\n\xff\tb\n", r"given:2: not UTF-8 \(byte 4\)"),
        ("\n \n", r"given: holds no predictions"),
        ('{"id": "x", "text": "a"}\n{"id": "y", "te', r"given:2: not JSON"),
        ('{"id": "x", "text": "a"}\ny\tb\n', r"given:2: not JSON"),
        ('{"id": "x", "text": "a"}\n["y", "b"]\n', r"given:2: no object"),
        ('{"a": ' * 100_000, r"given:1: not JSON"),
        ('{"id": "x"}', r'given:1: no "text"'),
        ('{"text": "a"}', r'given:1: no "id"'),
        ('{"id": 7, "text": "a"}', r'given:1: "id" must be a string'),
        ('{"id": "x", "text": null}', r'given:1: "text" must be a string'),
        ('{"id": "x", "text": "\\ud800"}', r'given:1: "text" holds half a surrogate pair'),
        ('{"id": "x", "text": "a", "log_prob": 93.5}', r'"log_prob" must be a natural logarithm'),
        ('{"id": "x", "text": "a", "log_prob": -Infinity}', r'"log_prob" must be'),
        ('{"id": "x", "text": "a", "log_prob": true}', r'"log_prob" must be'),
        ('{"id": "x", "text": "a", "objective": NaN}', r'"objective" must be a finite number'),
        (
            '{"id": "x", "text": "a", "confidences": 0.5}',
            r'"confidences" must be a list of numbers',
        ),
        ('{"id": "x", "text": "a", "confidences": [1.5]}', r"from 0 to 1, or null"),
        ('{"id": "x", "text": "a", "confidences": [true]}', r'"confidences" must be a list'),
        ('{"id": "x", "text": "a", "ok": 1}', r'"ok" must be true or false'),
    ],
)
def test_a_bad_file_is_told_in_a_line(content, message, tmp_path):
    with pytest.raises(InputError, match=message) as raised:
        read(tmp_path, content)
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(InputError, match=f"{path}: cannot read the predictions"):
            predictions.read(path)


@pytest.mark.parametrize(
    "content", [None, "", "[]", '{"rates": 1}', "{", '{"rates": {}, "test": []}', "3"]
)
def test_what_are_no_results(content, tmp_path):
    if content is not None:
        (tmp_path / predictions.RESULTS).write_text(content)
    assert predictions.results(tmp_path) is None
