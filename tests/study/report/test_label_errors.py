"""Suspect labels: the ranking by itself, and the page and table of runs that read nonsense."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.data.lines import load_lines
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.config.experiment import Data
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.inference.load import build, variables
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder, SeenLine
from ocr_tf.study.analysis.label_errors import Opinion, rank
from ocr_tf.study.config import AnyData, Suspects
from ocr_tf.study.report import label_errors
from tests.experiment import tiny

SOURCE = "synthetic:digits:count=12:split=test"


def opinion(text, margin=0.0, reason=""):
    return Opinion(text, margin, reason)


def ranked(*of_lines):
    """Each line is labeled with its letter: (letter, the text read, margin) as they are ranked."""
    labels = [chr(ord("a") + i) for i in range(len(of_lines))]
    return [(labels[s.position], s.reading, s.margin) for s in rank(labels, of_lines)]


def test_one_run_is_ranked_by_its_margin():
    lines = [[opinion("x", 2.0)], [opinion("b")], [opinion("y", 7.5)], [opinion("z", 0.5)]]
    assert ranked(*lines) == [("c", "y", 7.5), ("a", "x", 2.0), ("d", "z", 0.5)]


def test_a_label_that_cannot_be_written_comes_first():
    lines = [[opinion("x", 99.0)], [opinion("y", math.inf, "not in the alphabet")]]
    assert ranked(*lines) == [("b", "y", math.inf), ("a", "x", 99.0)]
    # Also if another run can write it, whatever that one reads.
    both = [[opinion("x", 9.0)] * 2, [opinion("b"), opinion("y", math.inf, "too long")]]
    assert ranked(*both) == [("b", "y", math.inf), ("a", "x", 9.0)]
    assert rank(["a", "b"], both)[0].reason == "too long"


def test_runs_that_agree_on_another_text_outweigh_a_sure_one():
    lines = [
        [opinion("a"), opinion("x", 90.0)],
        [opinion("y", 1.0), opinion("y", 3.0)],
        [opinion("z", 40.0), opinion("w", 10.0)],
    ]
    assert ranked(*lines) == [("b", "y", 2.0), ("a", "x", 45.0), ("c", "z", 25.0)]


def test_a_label_more_probable_than_the_reading_is_not_doubted():
    assert ranked([opinion("x", -0.5)], [opinion("y", 1.0), opinion("z", -2.0)]) == []


def test_a_run_that_cannot_read_the_image_has_no_voice():
    assert ranked([None, opinion("x", 4.0)], [None, None]) == [("a", "x", 4.0)]
    (suspect,) = rank(["a"], [[None, opinion("x", 4.0)]])
    assert (suspect.votes, suspect.voters) == (1, 1)


# Runs


def make_run(path, experiment, reads: int) -> str:
    """A run that has seen its first five lines, and is sure of one class at every step."""
    alphabet = Alphabet("0123456789")
    folder = RunFolder.create_or_open(path)
    folder.begin(experiment, alphabet, {})
    arrays = {name: v.numpy() for name, v in variables(build(experiment, alphabet)).items()}
    arrays["head/output/bias"][reads] = 9
    folder.checkpoints.save(1, arrays, TrainingState(best_step=1, finished=True, elapsed=1.0))
    lines = load_lines(open_source("synthetic:digits:count=44"), experiment.geometry)
    rows = zip(["train"] * 3 + ["val"] * 2, lines.digests, lines.pixels, lines.ids)
    folder.remember_lines(SeenLine(a, digest.tobytes(), int(c), d) for a, digest, c, d in rows)
    return str(path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One reads 7 in every line and one nothing; they see images in different sizes."""
    folder = tmp_path_factory.mktemp("runs")
    ctc, attention = tiny.experiment("ctc"), tiny.experiment("attention")
    ctc = dataclasses.replace(ctc, data=dataclasses.replace(ctc.data, height=24))
    return [make_run(folder / "ctc", ctc, 7), make_run(folder / "attention", attention, 10)]


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """Labels of every kind of trouble."""
    folder = tmp_path_factory.mktemp("lines")
    source = open_source(SOURCE)
    for i in range(6):
        (folder / f"{i}.png").write_bytes(source.read(i))
    (folder / "broken.png").write_bytes(b"no image")
    texts = [source.samples[0].text, "<script>alert(1)</script>", "1" * 40, "1 2", "", "777"]
    rows = [f"{i}.png\t{text}\n" for i, text in enumerate(texts)]
    (folder / "labels.tsv").write_text("".join([*rows, "broken.png\t12\n"]))
    return folder / "labels.tsv"


def look(run_folders, output, *test, **settings):
    """The page and the rows of the table."""
    config = Suspects(output=str(output), data=AnyData(tuple(map(str, test))), **settings)
    label_errors.run(config, run_folders)
    rows = [row.split("\t") for row in output.with_suffix(".tsv").read_text().splitlines()]
    return output.read_text(), rows


def predictions(run_folder, labels):
    config = Evaluate(data=TestData((str(labels),)), name="suspects")
    evaluate.run(config, run_folder, quiet=True)
    file = RunFolder(run_folder).path / "evaluations" / "suspects" / "predictions.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.slow
def test_margins_are_differences_of_what_evaluate_measures(runs, labels, tmp_path, capsys):
    content, rows = look(runs, tmp_path / "s.html", labels)
    shown = capsys.readouterr()
    measured = list(zip(*(predictions(run, labels) for run in runs)))
    assert [{p["text"] for p in of_line} for of_line in measured[:-1]] == [{"7", ""}] * 6
    margins = {}
    for of_line in measured[:-1]:
        gaps = [
            math.inf if p["reference_log_prob"] is None else p["log_prob"] - p["reference_log_prob"]
            for p in of_line
        ]
        margins[of_line[0]["id"]] = sum(gaps) / len(gaps)
    assert {row[1] for row in rows} == {name for name, margin in margins.items() if margin > 0}
    for place, name, margin, label, reading in rows:
        assert float(margin) == pytest.approx(margins[name], rel=1e-3, abs=2e-3)
        of_line = measured[int(place.removeprefix(f"{labels}:")) - 1]
        assert label == of_line[0]["reference"]
        assert reading in {p["text"] for p in of_line} - {label}
    # The alphabet lacks symbols of two lines, and CTC has too few steps for a third.
    assert [row[0].rpartition(":")[2] for row in rows[:3]] == ["2", "3", "4"]
    assert [row[2] for row in rows[:3]] == ["inf"] * 3
    finite = [float(row[2]) for row in rows[3:]]
    assert finite == sorted(finite, reverse=True) and len(finite) == 3
    assert "the label needs 79 steps, the image has " in content
    assert "not in the alphabet: &#39;&lt;&#39;" in content
    assert "<script" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in re.sub("</?mark[^>]*>", "", content)
    assert content.count("data:image/png") == content.count("<li>") == len(rows)
    assert "6 of 7 labels are doubted, 3 of them cannot be written" in shown.out
    assert f"left out 1 lines without a usable image: {labels}:7" in shown.err


def test_its_own_lines_are_the_default_and_show_their_roles(runs, tmp_path):
    content, rows = look(runs[:1], tmp_path / "s.html")
    entries = content.split("<li>")[1:]
    assert len(entries) == len(rows) == 44
    for row, entry in zip(rows, entries):
        number = int(row[1].removeprefix("synthetic/digits-0-train/"))
        expected = ["trained on"] * (number < 3) + ["selected on"] * (number in (3, 4))
        assert [role for role in ("trained on", "selected on") if role in entry] == expected


def test_its_own_output_is_written_again_and_others_are_not(runs, labels, tmp_path):
    page, table = tmp_path / "s.html", tmp_path / "s.tsv"
    first, rows = look(runs[:1], page, labels)
    second, again = look(runs[:1], page, labels, top=2)
    assert again == rows and len(rows) > 2
    assert first.count("<li>") == len(rows) and second.count("<li>") == 2
    assert first.split("<li>")[1:3] == [
        entry.split("</ol>")[0] for entry in second.split("<li>")[1:]
    ]
    table.write_text("mine")
    page.unlink()
    with pytest.raises(InputError, match=f"{table} exists and was not made by tools/suspects"):
        look(runs[:1], page, labels)
    page.write_text("<p>mine")
    with pytest.raises(InputError, match=f"{page} exists and was not made by tools/suspects"):
        look(runs[:1], page, labels)
    assert (page.read_text(), table.read_text()) == ("<p>mine", "mine")


def test_bad_input_is_told_in_a_line(runs, tmp_path):
    def refusal(run_folders, output="s.html", *test):
        with pytest.raises(InputError) as raised:
            look(run_folders, tmp_path / output, *test)
        assert list(tmp_path.glob("*.tsv")) == []
        return str(raised.value)

    assert "name a file that ends in .html" in refusal(runs, "s.tsv")
    assert "make it first" in refusal(runs, "none/s.html")
    assert "no such run folder" in refusal([str(tmp_path / "none")])
    assert "is given twice" in refusal([runs[0], runs[1], f"{runs[0]}/../ctc"])
    assert "cannot read the labels" in refusal(runs, "s.html", tmp_path / "none.tsv")


def test_a_run_whose_lines_are_gone_says_what_to_name(tmp_path):
    data = Data(train=(str(tmp_path / "gone.tsv"),), height=16)
    run = make_run(tmp_path / "run", dataclasses.replace(tiny.experiment("ctc"), data=data), 7)
    with pytest.raises(InputError, match="gone.tsv: cannot read .*name other lines with --data.te"):
        look([run], tmp_path / "s.html")
