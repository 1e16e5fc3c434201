"""Scores of given texts, and whose errors a run's errors are, against counts made by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.data.lines import load_lines
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import score
from ocr_tf.experiment.inference.config import Score
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.inference.score import OwnReadings, against, own_errors
from ocr_tf.experiment.inference.scorer import Scorer
from ocr_tf.experiment.serving.model import Model
from ocr_tf.experiment.serving.reader import open_signatures

OWN = OwnReadings(
    references=["a", "b", "c", "d", "e"],
    texts=["a", "x", "x", "x", "x"],
    log_probs=np.array([-1.0, -1.0, -3.0, -2.0, -2.0]),
    reference_log_probs=np.array([-1.0, -2.0, -1.0, -np.inf, -2.0]),
)


def test_whose_error_a_wrong_reading_is():
    """The first is right; the third is the search's; of the others' one reference cannot be written."""
    told = own_errors(OWN)
    assert told.startswith("4 of 5 lines read wrong: in 1 the reference is more probable")
    assert "in 3 it is not (model errors; in 1 of these it cannot be written)" in told


def test_which_of_two_wrong_readings_the_run_prefers():
    others = ["y", "b", "y", "x", "y"]  # lines 2, 3 and 4 are wrong in both, 3 alike
    told = against(OWN, others, np.array([-9.0, -9.0, -1.0, -2.0, -2.0]), "other")
    assert told.startswith("3 lines wrong in both, 2 of them differently from other: ")
    assert told.endswith("its own text more probable in 0, the other in 1, both alike in 1")
    told = against(OWN, others, np.array([-9.0, -9.0, -9.0, -9.0, -np.inf]), "other")
    assert told.endswith("its own text more probable in 2, the other in 0, both alike in 0")


@pytest.fixture
def lines(tmp_path):
    """Images, a broken one among them, and their labels file."""
    source = open_source("synthetic:mixed:count=4")
    images = [source.read(i) for i in range(4)]
    (tmp_path / "lines").mkdir()
    for i, image in enumerate([*images, b"broken"]):
        (tmp_path / "lines" / f"{i}.png").write_bytes(image)
    texts = ["abc", "a", "", "ba", "c"]
    rows = "".join(f"{i}.png\t{text}\n" for i, text in enumerate(texts))
    (tmp_path / "lines" / "labels.tsv").write_text(rows)
    return tmp_path / "lines" / "labels.tsv", images, texts


def rows_of(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


@pytest.mark.parametrize(
    "served", ["ctc", pytest.param("attention", marks=pytest.mark.slow)], indirect=True
)
def test_scores_are_the_models_of_references_and_of_other_texts(served, lines, tmp_path, capsys):
    labels, images, texts = lines
    model = Model(served.run, open_signatures(served.run), 4)
    data = TestData((str(labels),))
    score.run(Score(data=data), str(served.run))
    shown = capsys.readouterr()
    rows = rows_of(shown.out)
    assert [row[:2] for row in rows] == [[f"lines/{i}.png", text] for i, text in enumerate(texts)]
    given = [float(row[2]) for row in rows]
    np.testing.assert_allclose(given[:4], model.score(images, texts[:4]), rtol=1e-3)
    assert math.isnan(given[4]) and "of 4 lines read wrong" in shown.err

    others = ["a\tb", "\u2603", "cab", "ba", "c"]  # the first two cannot be written
    given_texts = tmp_path / "other.jsonl"
    records = [{"id": f"lines/{i}.png", "text": text} for i, text in enumerate(others)]
    given_texts.write_text("".join(json.dumps(record) + "\n" for record in records))
    output = tmp_path / "scores.tsv"
    score.run(Score(texts=str(given_texts), output=str(output), data=data), str(served.run))
    rows = rows_of(output.read_text("utf-8"))
    assert rows[0] == ["lines/0.png", "a\\tb", "-inf"] and rows[1][1:] == ["\u2603", "-inf"]
    expected = model.score(images[2:], others[2:4])
    np.testing.assert_allclose([float(row[2]) for row in rows[2:4]], expected, rtol=1e-3)
    assert rows[4][2] == "nan"
    assert f"written to {output}" in capsys.readouterr().out


@pytest.mark.parametrize("served", ["ctc"], indirect=True)
def test_scores_are_at_the_temperature_that_is_asked_for(served, lines, capsys):
    data = TestData((str(lines[0]),))
    score.run(Score(temperature="2.5", data=data), str(served.run))
    given = [float(row[2]) for row in rows_of(capsys.readouterr().out)]
    trained = restore(str(served.run), "best")
    trained.model.head.temperature = 2.5
    scorer = Scorer(trained.model, trained.geometry)
    sources = load_lines(open_sources(data.test), trained.geometry, keep_bad=True)
    expected = scorer.score(sources, lines[2])
    np.testing.assert_allclose(given[:4], expected[:4], rtol=1e-4)


@pytest.mark.parametrize("served", ["ctc"], indirect=True)
def test_texts_that_do_not_fit_and_wrong_paths_are_refused(served, lines, tmp_path):
    (tmp_path / "few.tsv").write_text("lines/0.png\tabc\n")
    (tmp_path / "strange.tsv").write_text("lines/9.png\tabc\n")
    data = TestData((str(lines[0]),))
    for config, message in [
        (
            Score(texts=str(tmp_path / "few.tsv")),
            "lacks 4 of 5 test lines .* or take the lines out",
        ),
        (Score(texts=str(tmp_path / "strange.tsv")), "'lines/9.png' is no line of --data.test="),
        (Score(output=str(tmp_path / "no" / "scores.tsv")), "there is no folder"),
        (Score(search="beem"), "the searches are"),
        (Score(temperature="0"), "temperature"),
    ]:
        with pytest.raises(InputError, match=message):
            score.run(Score(**{**vars(config), "data": data}), str(served.run))
    with pytest.raises(InputError, match="no such run folder"):
        score.run(Score(data=data), str(tmp_path / "none"))
