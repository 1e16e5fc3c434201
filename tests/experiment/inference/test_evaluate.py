"""Another system's predictions of the test lines, scored as a run's are; and those that do not fit."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.metrics.calibration import calibration
from ocr_tf.metrics.error_rates import measure
from tests.experiment import tiny

ROOT = Path(__file__).resolve().parents[3]
LINES = 6


@pytest.fixture
def lines(tmp_path):
    """A labels file with images of its own: (its path, its samples)."""
    source = open_source(f"synthetic:digits:count={LINES}:split=test")
    folder = tmp_path / "lines"
    folder.mkdir()
    for i in range(LINES):
        (folder / f"{i}.png").write_bytes(source.read(i))
    rows = [f"{i}.png\t{sample.text}\n" for i, sample in enumerate(source.samples)]
    rows[-1] = f"{LINES - 1}.png\t\n"
    (folder / "labels.tsv").write_text("".join(rows))
    return folder / "labels.tsv", open_source(str(folder / "labels.tsv")).samples


def score(lines, rows, **settings):
    """(results, the records of predictions.jsonl)"""
    folder = lines[0].parents[1]
    (folder / "given.tsv").write_text("".join(f"{name}\t{text}\n" for name, text in rows))
    output = folder / "out"
    config = Evaluate(
        **{
            "predictions": str(folder / "given.tsv"),
            "output": str(output),
            "data": TestData((str(lines[0]),)),
            **settings,
        }
    )
    results = evaluate.run(config)
    assert predictions.results(output) == results
    records = (output / "predictions.jsonl").read_text().splitlines()
    return results, [json.loads(record) for record in records]


def fake(samples):
    """A system with a fault of each kind, in an order of its own."""
    texts = [sample.text for sample in samples]
    texts[0] += "7"
    texts[1] = texts[1][1:]
    texts[2] = ""
    return [(sample.id, text) for sample, text in zip(samples, texts)][::-1]


def test_the_rates_are_those_of_the_texts(lines, capsys):
    rows = fake(lines[1])
    results, records = score(lines, rows, system="fake")
    assert results.system == "fake"
    assert [record["id"] for record in records] == [sample.id for sample in lines[1]]
    given = dict(rows)
    expected = measure([(sample.text, given[sample.id]) for sample in lines[1]])
    assert results.rates.as_flat() == expected.as_dict()
    assert expected.characters.distance == 1 + 1 + len(lines[1][2].text)
    assert results.troubled_lines == {
        "missing": 0,
        "unreadable": 0,
        "empty": 1,
        "not_ended": 0,
    }
    assert expected.table() in capsys.readouterr().out


def with_log_probs(lines, log_probs, **settings):
    """What evaluate makes of a system that gives these, and reads all but the first line right."""
    samples = lines[1]
    records = [
        {"id": sample.id, "text": "~" if i == 0 else f"{sample.text} .", "log_prob": log_prob}
        for i, (sample, log_prob) in enumerate(zip(samples, log_probs))
    ]
    given = lines[0].parents[1] / "given.jsonl"
    given.write_text("".join(json.dumps(record) + "\n" for record in records))
    return score(lines, [], predictions=str(given), normalize="alphanumeric", **settings)[0]


def test_a_system_that_gives_log_probs_is_told_what_they_are_worth(lines, capsys):
    logs = [math.log(p) for p in (0.2, 0.9, 0.8, 0.9, 0.7, 0.6)]
    found = with_log_probs(lines, logs).calibration
    assert found == calibration(logs, [False, True, True, True, True, True])
    assert found.table() in capsys.readouterr().out


def test_a_line_without_a_prediction_is_wrong_at_confidence_zero(lines):
    found = with_log_probs(lines, [-0.1] * 5, missing="empty").calibration
    # The last line's reference is empty, and so is what counts as read of it; nobody has read it.
    assert found == calibration([*[-0.1] * 5, -math.inf], [False, *[True] * 4, False])


@pytest.mark.parametrize("log_probs", [[None] * 6, [-0.5] * 5 + [None]])
def test_nothing_is_said_of_confidences_that_are_not_there(lines, log_probs, capsys):
    assert with_log_probs(lines, log_probs).calibration is None
    assert "ECE" not in capsys.readouterr().out


def test_lines_without_a_prediction_are_refused_or_read_empty(lines):
    rows = fake(lines[1])[:-4]  # The last of them are the first lines.
    named = ", ".join(sample.id for sample in lines[1][:4])
    with pytest.raises(InputError, match=rf"lacks 4 of 6 test lines \({named}\).*--missing=empty"):
        score(lines, rows)
    assert not (lines[0].parents[1] / "out").exists()
    results, records = score(lines, rows, missing="empty")
    assert results.troubled_lines["missing"] == 4
    assert results.troubled_lines["unreadable"] == 0
    assert results.rates.lines == LINES
    assert [(record["text"], record["ok"]) for record in records[:4]] == [("", False)] * 4


def test_only_the_first_missing_lines_are_named(lines):
    with pytest.raises(InputError) as raised:
        score(lines, [])
    assert "holds no predictions" in str(raised.value)
    rows = fake(lines[1])
    source = "synthetic:digits:count=40:split=test"
    with pytest.raises(InputError) as raised:
        score(lines, rows, data=TestData((str(lines[0]), source)))
    assert "lacks 40 of 46" in str(raised.value)
    assert str(raised.value).count("synthetic/") == NAMED


def test_predictions_of_other_lines_are_named(lines):
    rows = [*fake(lines[1]), ("0.png", "1"), ("other/9.png", "2")]
    with pytest.raises(InputError) as raised:
        score(lines, rows)
    place = lines[0].parents[1] / "given.tsv"
    assert str(raised.value).startswith(f"{place}:{LINES + 1}: '0.png' is no line of --data.test=")
    assert "did you mean lines/0.png?" in str(raised.value)
    assert "nor are 1 others" in str(raised.value)


def test_the_fingerprint_changes_with_label_and_image(lines):
    first = score(lines, fake(lines[1]))[0].fingerprint
    (lines[0].parent / "0.png").write_bytes((lines[0].parent / "1.png").read_bytes())
    config = {"output": str(lines[0].parents[1] / "out")}
    with pytest.raises(InputError, match="holds results of other test lines; choose another"):
        score(lines, fake(lines[1]), **config)
    assert predictions.results(lines[0].parents[1] / "out").fingerprint == first


def test_images_that_cannot_be_read_are_told(lines, capsys):
    (lines[0].parent / "0.png").unlink()
    results, _ = score(lines, fake(lines[1]))
    assert "1 images cannot be read; the first: " in capsys.readouterr().err
    assert results.rates.lines == LINES


def test_only_the_same_systems_results_are_overwritten(lines):
    output = lines[0].parents[1] / "out"
    rows = fake(lines[1])
    before, _ = score(lines, rows)
    again, _ = score(lines, rows[:-1], missing="empty", normalize="alphanumeric")
    assert again.rates != before.rates
    with pytest.raises(InputError, match="results of another system"):
        score(lines, rows, system="other")
    predictions.write_results(output, dataclasses.replace(before, predictions=None, run="runs/x"))
    with pytest.raises(InputError, match="results of another system"):
        score(lines, rows)
    (output / "results.json").unlink()
    with pytest.raises(InputError, match="not empty and holds no results"):
        score(lines, rows)


@pytest.mark.parametrize(
    "settings, run, message",
    [
        ({}, "", "RUN is missing: name a run folder, or another system's --predictions"),
        ({"predictions": "p"}, "runs/x", "one at a time"),
        ({"predictions": "p"}, "", "--output is missing"),
        ({"predictions": "p", "output": "o", "checkpoint": "last"}, "", "--checkpoint=last bel"),
        ({"predictions": "p", "output": "o", "name": "n"}, "", "--name=n belongs to a RUN"),
        (
            {"predictions": "p", "output": "o", "temperature": "2"},
            "",
            "--temperature=2 belongs to a RUN",
        ),
        ({"temperature": "0"}, "runs/x", "--temperature=0: give a number above 0, or fitted"),
        (
            {"predictions": "p", "output": "o", "search": "beam"},
            "",
            "--search=beam belongs to a RUN",
        ),
        ({"search": "beem"}, "runs/x", "--search=beem: the searches are greedy, beam"),
        ({"output": "o"}, "runs/x", "--output=o belongs to --predictions"),
        ({"missing": "empty"}, "runs/x", "--missing=empty belongs to --predictions"),
    ],
)
def test_flags_that_contradict_are_refused(settings, run, message):
    with pytest.raises(InputError, match=message):
        evaluate.run(Evaluate(**settings, data=TestData(("synthetic:digits",))), run)


def test_scoring_needs_no_tensorflow(lines):
    (lines[0].parents[1] / "given.tsv").write_text(f"{lines[1][0].id}\tx\n")
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from ocr_tf.cli import launch\n"
        "launch.tool('evaluate', sys.argv[1:])"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "--predictions=given.tsv",
            "--output=o",
            "--missing=empty",
            f"--data.test={lines[0]}",
        ],
        cwd=lines[0].parents[1],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "5 of 6 lines: no prediction" in done.stdout


def test_wrong_paths_of_a_run_are_told_without_tensorflow(lines, tmp_path):
    experiment, run = tiny.experiment("ctc"), tmp_path / "run"
    RunFolder.create_or_open(run).begin(experiment, Alphabet("0123456789"), {})
    (tmp_path / "file").write_text("")
    (run / "evaluations").symlink_to(tmp_path / "file")
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from ocr_tf.cli import launch\n"
        "launch.tool('evaluate', sys.argv[1:])"
    )
    for name, data, message in [
        ("none", str(lines[0]), "none: no such run folder"),
        ("run", "none.tsv", "none.tsv: cannot read the labels: No such file"),
        ("run", str(lines[0]), "run: run/evaluations is not a folder"),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", code, name, f"--data.test={data}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2 and message in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1


def test_an_output_that_cannot_be_written_is_told_before_the_work(lines, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="^--output=.*/file/out: .*/file is not a folder"):
        score(lines, fake(lines[1]), output=str(tmp_path / "file" / "out"))
