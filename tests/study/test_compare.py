from __future__ import annotations

import importlib
import json
import os
import re

import jsonschema
import pytest
from markupsafe import Markup

from ocr_tf.atomic import TEMPORARY
from ocr_tf.cli import launch
from ocr_tf.data.dataset import open_source
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.runs.predictions import CheckpointRead
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study import compare, searches
from ocr_tf.study.comparison import inputs
from ocr_tf.study.config import Compare, Study
from ocr_tf.study.report import as_json, svg
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny
from tests.study import told

MORE = told.TEST.replace("12", "20")


def refused(output, *paths, **config):
    """What is said, once nothing has been written."""
    with pytest.raises(InputError) as error:
        compare.run(Compare(output=str(output), **config), [str(path) for path in paths])
    assert not output.exists()
    said = str(error.value)
    assert "\n" not in said
    return said


def evaluated(folder, head="ctc", seed=0, texts=None, test=told.TEST, results=None, **run):
    run = told.run(folder, head, seed, **run)
    results = {"checkpoint": CheckpointRead("last", 12), **(results or {})}
    told.evaluate(folder / "evaluations" / told.NAME, texts, test, **results)
    return run.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    return {
        (head, seed): evaluated(folder / f"{head}{seed}", head, seed)
        for head in ("ctc", "attention")
        for seed in (0, 1)
    }


def test_what_is_no_evaluated_run_is_refused(runs, tmp_path):
    output, good = tmp_path / "out", runs["ctc", 0]
    assert "no such run folder" in refused(output, good, tmp_path / "nowhere")
    assert "holds no run" in refused(output, good, tmp_path)
    bare = told.run(tmp_path / "bare", "attention").path
    assert "no evaluation; measure it first" in refused(output, good, bare)
    said = refused(output, good, runs["attention", 0], name="best")
    assert said.endswith("or compare by --name=test")
    named = refused(output, good / "evaluations" / told.NAME, runs["attention", 0])
    assert f"name the run, {good}, with --name=test" in named


def test_runs_that_are_no_two_conditions_are_refused(runs, tmp_path):
    output, good = tmp_path / "out", runs["ctc", 0]
    assert "all runs are seeds of one condition (tiny_ctc)" in refused(output, good)
    assert "all runs are seeds" in refused(output, good, runs["ctc", 1])
    assert "named twice" in refused(output, good, runs["attention", 0], good)
    again = evaluated(tmp_path / "again")
    said = refused(output, good, again, runs["attention", 0])
    assert f"{again}: " in said and "is condition tiny_ctc under seed 0 too" in said
    # What touches no weight makes no other condition.
    louder = evaluated(tmp_path / "louder", seed=2, flags={"train.log_every": 1})
    assert "all runs are seeds" in refused(output, good, louder)


def test_other_lines_texts_alphabets_and_unfinished_runs_are_refused(runs, tmp_path):
    output, good = tmp_path / "out", runs["ctc", 0]
    more = evaluated(tmp_path / "more", "attention", test=MORE)
    said = refused(output, good, more)
    assert "adds 8 (" in said and said.count("digits-0-test/") == 5 and ", ...)" in said
    assert "--lines=intersection" in said
    other = evaluated(tmp_path / "other", "attention", test="synthetic:digits:count=12:seed=1")
    assert "lacks 12 (" in refused(output, good, other)
    assert "0 test lines in common" in refused(output, good, other, lines="intersection")
    one = evaluated(tmp_path / "one", "attention", test=told.TEST.replace("12", "1"))
    assert "1 test line in common" in refused(output, good, one, lines="intersection")
    letters = evaluated(tmp_path / "letters", "attention", alphabet="abcdefgh89")
    said = refused(output, good, letters)
    assert "lacks '0' '1' '2' '3' '4' and 3 more, adds 'a' 'b' 'c' 'd' 'e' and 3 more" in said
    half = evaluated(tmp_path / "half", "attention", results={"finished": False})
    assert "had not finished training" in refused(output, good, half)


def test_what_a_killed_process_left_of_a_report_is_no_obstacle(tmp_path):
    left = tmp_path / "figures" / f".strip.png.1{TEMPORARY}"
    for files in (
        [left],
        [tmp_path / "tables" / "rates.csv", tmp_path / "figures" / "forest.png", left],
    ):
        for file in files:
            file.parent.mkdir(exist_ok=True)
            file.write_text("x")
        compare._check_output(tmp_path)
        assert [file.exists() for file in files] == [file != left for file in files]


def test_an_output_that_is_something_else_is_refused_before_the_work(runs, tmp_path):
    both = [str(runs["ctc", 0]), str(runs["attention", 0])]
    (tmp_path / "full").mkdir()
    photo = tmp_path / "full" / "photo.jpg"
    photo.write_text("x")
    for output, said in (
        (tmp_path / "full", "not empty and holds no report"),
        (photo, "is not a folder"),
        (photo / "deep", "Not a directory; choose another"),
    ):
        with pytest.raises(InputError, match=f"{output}.*{said}"):
            compare.run(Compare(output=str(output)), both)
    assert os.listdir(tmp_path / "full") == ["photo.jpg"]


def test_misspelt_flags_end_in_one_line(capsys):
    for flag, near in (("metric=cre", "cer"), ("normalize=alphanum", "alphanumeric")):
        with pytest.raises(SystemExit) as ended:
            launch.tool("compare", ["a", "b", f"--{flag}"])
        said = capsys.readouterr().err
        assert ended.value.code == 2 and said.count("\n") == 1
        assert said.startswith("error: --") and f"did you mean {near}?" in said


def compared(output, *paths, **config):
    compare.run(Compare(output=str(output), **config), [str(path) for path in paths])
    page = (output / "report.html").read_text()
    report = json.loads((output / "report.json").read_text())
    jsonschema.validate(report, json.loads(as_json.SCHEMA.read_text("utf-8")))
    return report, page


def wrong(share, test=told.TEST):
    """Readings of a source whose first symbol is wrong in some lines."""
    texts = [sample.text for sample in told.open_source(test).samples]
    return ["x" + t[1:] if i % share == 0 else t for i, t in enumerate(texts)]


def test_unequal_seeds_other_systems_and_lines_that_not_all_have(runs, tmp_path):
    third = evaluated(tmp_path / "c2", seed=2, texts=wrong(3))
    # Systems go by their names, and share no condition with a run of that name.
    system = told.evaluate(tmp_path / "x" / "tiny_ctc", wrong(4))
    more = told.evaluate(tmp_path / "y", wrong(2, MORE), MORE, system="reader")
    paths = [*runs.values(), third, system, more]
    report, page = compared(tmp_path / "out", *paths, lines="intersection")
    seeds = {of["name"]: of["seeds"] for of in report["conditions"]}
    assert seeds == {
        "tiny_ctc": [0, 1, 2],
        "tiny_attention": [0, 1],
        "tiny_ctc-2": [0],
        "reader": [0],
    }
    pairs = {(p["a"], p["b"]): p for p in report["comparisons"]["last"]}
    assert len(pairs) == 6
    uneven = pairs["tiny_ctc", "tiny_attention"]
    assert uneven["mcnemar"] == [] and uneven["recipes"]["seed_counts"] == [3, 2]
    assert report["test_set"]["lines"] == 12 and report["test_set"]["left_out"] == 8
    assert "8 lines left out" in " ".join(page.split())
    assert [said for said in report["controls"]["differs"] if "is no run" in said] == [
        f"{name} is no run: how it was trained is not known." for name in ("tiny_ctc-2", "reader")
    ]
    assert set(report["curves"]) == {"tiny_ctc", "tiny_attention"}


def test_runs_that_failed_are_named_and_count_as_they_read(runs, tmp_path, capsys):
    stuck = evaluated(tmp_path / "a2", "attention", 2, texts=["9"] * 12)
    record = {"step": 12, "val/cer": 0.9, "val/alignment_entropy": 0.95, "formed": False}
    metrics = RunFolder.open(stuck).metrics
    metrics.truncate(0)
    metrics.append(record)
    report, _ = compared(tmp_path / "out", *runs.values(), stuck)
    ((pair,),) = report["comparisons"].values()
    assert pair["verdict"]["outcome"] == "tied at this size" and pair["recipes"]["rate_b"] > 0.1
    (one,) = pair["verdict"]["failures"]
    assert one["condition"] == "tiny_attention" and one["runs"] == 3
    (run,) = one["failed"]
    assert (run["seed"], run["kind"], run["cer"]) == (2, "not aligned", 0.9)
    (apart,) = report["among_trained"]
    assert apart["value"] == 0 and apart["failures"] == []
    assert report["aligned_at"] == {
        "tiny_ctc": {"0": None, "1": None},
        "tiny_attention": {"0": None, "1": None, "2": None},
    }
    said = capsys.readouterr().out
    assert "tiny_attention did not align under 1 of 3 seeds: " in said.splitlines()[0]
    assert "\nfailed: tiny_attention did not align under 1 of 3 seeds: seed 2 (" in said
    assert "at 95 % confidence 2 % to 86 % of its trainings fail" in said and "better" not in said


def test_runs_at_different_checkpoints_are_told(tmp_path):
    folders = [
        evaluated(tmp_path / head, head, results={"checkpoint": CheckpointRead(which, 12)})
        for head, which in (("ctc", "best"), ("attention", "last"))
    ]
    compare.run(Compare(output=str(tmp_path / "out"), name=told.NAME), [str(f) for f in folders])
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    said = "Runs were evaluated at different checkpoints: tiny_ctc best; tiny_attention last."
    assert said in report["controls"]["differs"] and list(report["rates"]) == ["mixed"]
    (code,) = report["reproduce"]["trained"]
    assert code == {"versions": {"ocr_tf": "1"}, "commit": "c", "dirty": False}


def test_another_system_is_compared_with_the_models_as_they_are(runs, tmp_path, capsys):
    system = told.evaluate(tmp_path / "tesseract", wrong(1))
    report, page = compared(tmp_path / "out", runs["ctc", 0], runs["ctc", 1], system)
    ((pair,),) = report["comparisons"].values()
    assert pair["verdict"]["target"] == "models" and pair["recipes"]["low"] is None
    said = capsys.readouterr().out
    assert said.startswith("Of these trained models tiny_ctc makes fewer errors")
    for text in (said, page):
        assert "tesseract has one set of readings" in text and "train another" not in text


def test_seeds_are_paired_where_that_is_asked_for(runs, tmp_path):
    third = evaluated(tmp_path / "c2", seed=2)
    said = refused(tmp_path / "out", *runs.values(), third, paired=True)
    assert "--paired: the seeds of tiny_ctc 0, 1, 2 and of tiny_attention 0, 1 cannot" in said
    read = [evaluated(tmp_path / f"a{s}", "attention", s, wrong(2 + s)) for s in (0, 1)]
    both = [runs["ctc", 0], runs["ctc", 1], *read]
    report, page = compared(tmp_path / "out", *both, paired=True)
    ((pair,),) = report["comparisons"].values()
    assert report["signature"]["paired"] and pair["recipes"]["paired"]
    assert "paired by seed" in page and "--paired" in page
    assert "The interval rests on few lines: 12 lines, fewer than 30." in page


def test_one_seed_of_lines_that_are_empty_unread_or_of_other_symbols(tmp_path, capsys):
    labels = tmp_path / "lines" / "labels.tsv"
    labels.parent.mkdir()
    source = told.open_source(told.TEST)
    for i in range(4):
        (labels.parent / f"{i}.png").write_bytes(b"junk" if i == 3 else source.read(i))
    labels.write_text("0.png\t\n1.png\t77é\n2.png\t日本\n3.png\t12\n")
    found = {"unreadable": 1, "unknown_symbol": 2, "unreachable": 0, "empty": 1, "not_ended": 3}
    told_of = [{"troubled_lines": {**found, "unreachable": n}} for n in (2, 0)]
    texts = ["1", "77", "", ""], ["", "77e", "8", "12"]
    a, b = (
        evaluated(tmp_path / head, head, texts=read, test=str(labels), results=results)
        for head, read, results in zip(("ctc", "attention"), texts, told_of)
    )
    report, page = compared(tmp_path / "out", a, b)
    assert [line["reference"] for line in report["lines"]] == ["", "77é", "日本", "12"]
    assert [line["width"] is None for line in report["lines"]] == [False, False, False, True]
    assert "日本" in page
    for said in (
        "1 of 4 test lines: no usable image",
        "2 of 4 test lines: the reference holds a symbol outside the alphabet",
        "2 (tiny_ctc), 0 (tiny_attention) of 4 test lines: the reference needs more steps",
    ):
        assert said in page
    (pair,) = report["comparisons"]["last"]
    assert pair["recipes"]["value"] == pytest.approx((6 - 3) / 7)
    # Nothing says how far another seed would be.
    assert pair["recipes"]["low"] is None and pair["models"]["low"] is not None
    assert pair["detectable"] is None and pair["bootstrap"] is None
    said = capsys.readouterr().out
    assert said.startswith("No verdict") and "has one seed" in said and "has one seed" in page


def test_lines_without_a_symbol_have_no_rate(tmp_path):
    both = [evaluated(tmp_path / head, head, texts=["x"] * 12) for head in ("ctc", "attention")]
    for path in both:
        read = path / "evaluations" / told.NAME / "predictions.jsonl"
        read.write_text(re.sub(r'"reference": "\d*"', '"reference": ""', read.read_text()))
    assert "every reference is empty" in refused(tmp_path / "out", *both)


def test_a_study_that_asks_whether_a_gain_changes_is_told_so_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(inputs, "open_inputs", lambda grid: inputs.Inputs())
    monkeypatch.setattr(compare.event_file, "refresh", lambda run: None)
    folder, conditions = StudyFolder(tmp_path), {}
    right = [sample.text for sample in open_source(told.TEST).samples]
    for i, name in enumerate(("ctc-1", "attention-1", "ctc-2", "attention-2")):
        conditions[name] = tiny.experiment(name.partition("-")[0])
        for seed in (0, 1):
            run = told.run(folder.run(name, seed), name.partition("-")[0], seed)
            wrong = ["", *right[1:]] if name == "ctc-1" else right[:-1] + ["9" * seed]
            for checkpoint in CHECKPOINTS:
                told.evaluate(run.path / "evaluations" / checkpoint, wrong if i < 3 else right)
    pairs = (("ctc-1", "attention-1"), ("ctc-2", "attention-2"))
    study = Study.of("gains", conditions, contrasts={"gain, from one to two": pairs}, seeds=2)
    compare.study(folder, study, conditions)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Gain, from one to two: ")
    report = json.loads((folder.report_path / "report.json").read_text())
    assert set(report["contrasts"]) == set(CHECKPOINTS)
    (found,) = report["contrasts"]["best"]
    assert found["contrast"]["pairs"] == [list(pair) for pair in pairs]
    rates = {
        c: sum(r["figures"]["cer"] for r in rows) / 2 for c, rows in report["rates"]["best"].items()
    }
    expected = [rates[a] - rates[b] for a, b in pairs]
    assert found["contrast"]["differences"] == pytest.approx(expected)
    value = found["contrast"]["value"]
    assert value == pytest.approx(expected[0] - expected[1]) and value != 0


def test_each_search_of_a_study_is_a_condition_of_the_same_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(inputs, "open_inputs", lambda grid: inputs.Inputs())
    monkeypatch.setattr(compare.event_file, "refresh", lambda run: None)
    monkeypatch.setattr(svg, "_svg", lambda figure, name: Markup(" "))  # takes less time
    monkeypatch.setattr(svg, "_png", lambda figure: b"")
    folder, conditions = StudyFolder(tmp_path), {h: tiny.experiment(h) for h in tiny.HEADS}
    right = [sample.text for sample in open_source(told.TEST).samples]
    for head, least in (("ctc", 1), ("attention", 2)):
        for seed in (0, 1, 2):
            run = told.run(folder.run(head, seed), head, seed)
            for checkpoint, step in zip(CHECKPOINTS, (8, 12)):
                at = {"run": str(run.path), "checkpoint": CheckpointRead(checkpoint, step)}
                for name, search, wrong in (("", "greedy", least + seed), ("-2", "beam", seed)):
                    read = ["9"] * wrong + right[wrong:]
                    evaluation = run.path / "evaluations" / f"{checkpoint}{name}"
                    told.evaluate(evaluation, read, search=search, **at)
    gain = (("ctc", "attention"), ("ctc, beam", "attention, beam"))
    study = Study.of("s", conditions, contrasts={"gain": gain}, search="greedy;beam", seeds=3)
    compare.study(folder, study, conditions)
    report = json.loads((folder.report_path / "report.json").read_text())
    jsonschema.validate(report, json.loads(as_json.SCHEMA.read_text("utf-8")))
    of = {c["name"]: (c["training"], c["searches"]) for c in report["conditions"]}
    assert of == {
        "ctc, greedy": ("ctc", ["greedy"]),
        "attention, greedy": ("attention", ["greedy"]),
        "ctc, beam": ("ctc", ["beam"]),
        "attention, beam": ("attention", ["beam"]),
    }
    for by_training in (report["curves"], report["controls"]["lines"], report["controls"]["steps"]):
        assert list(by_training) == ["ctc", "attention"]
    assert "Every run took 12 steps; none stopped early." in report["controls"]["same"]
    pairs = {(p["a"], p["b"]): p for p in report["comparisons"]["best"]}
    assert next(iter(pairs)) == ("ctc, greedy", "attention, greedy")
    alike = {names for names, pair in pairs.items() if pair["same_networks"]}
    assert alike == {(f"{head}, greedy", f"{head}, beam") for head in ("ctc", "attention")}
    assert all(pair["recipes"]["paired"] == (names in alike) for names, pair in pairs.items())
    (found,) = report["contrasts"]["last"]
    asked = [["ctc, greedy", "attention, greedy"], ["ctc, beam", "attention, beam"]]
    assert found["contrast"]["pairs"] == asked and found["contrast"]["seed_counts"] == [3, 3]
    page = " ".join((folder.report_path / "report.html").read_text().split())
    assert "Each network was trained once and reads with several searches" in page
    assert "Not all runs read with the same search" not in page

    capsys.readouterr()
    metrics = RunFolder.open(folder.run("attention", 1)).metrics
    metrics.truncate(0)
    metrics.append({"step": 12, "val/cer": 0.9, "val/alignment_entropy": 0.95, "formed": False})
    compare.study(folder, study, conditions)
    said = capsys.readouterr().out
    assert said.count("failed: attention did not align under 1 of 3 seeds") == 1
    report = json.loads((folder.report_path / "report.json").read_text())
    touched = {(p["a"], p["b"]) for p in report["comparisons"]["best"] if p["verdict"]["failures"]}
    assert touched == set(pairs) - {("ctc, greedy", "ctc, beam")}
    assert {(p["a"], p["b"]) for p in report["among_trained"]} == touched


def test_another_normalization_reaches_what_the_runs_themselves_show(tmp_path, monkeypatch):
    refreshed = []
    monkeypatch.setattr(
        compare.event_file, "refresh", lambda run: refreshed.append(rates(run.path))
    )
    monkeypatch.setattr(compare, "_report", lambda *_: None)

    def rates(run):
        results = json.loads((run / "evaluations" / "best" / "results.json").read_text())
        return results["rates"]["normalization"], results["rates"]["cer"]

    folder, conditions = StudyFolder(tmp_path), {h: tiny.experiment(h) for h in tiny.HEADS}
    read = [f" {sample.text}." for sample in open_source(told.TEST).samples]
    for head in conditions:
        run = told.run(folder.run(head, 0), head)
        for checkpoint in CHECKPOINTS:
            told.evaluate(run.path / "evaluations" / checkpoint, read)
    for normalization, wrong in (("none", True), ("alphanumeric", False), ("none", True)):
        refreshed.clear()
        study = Study.of("again", conditions, seeds=1, normalize=normalization)
        compare.study(folder, study, conditions)
        assert [(name, cer > 0) for name, cer in refreshed] == [(normalization, wrong)] * 2
    told_before = told.evaluate(tmp_path / "same", read)
    for name in ("results.json", "predictions.jsonl"):
        now = (folder.run("ctc", 0) / "evaluations" / "best" / name).read_text()
        assert now.replace('"best"', '"same"') == (told_before / name).read_text()


@pytest.mark.parametrize(
    "name", ["encoder_by_head", "data_efficiency", "length_extrapolation", "searches"]
)
def test_studies_that_ask_it_declare_it(name):
    study = importlib.import_module(f"experiments.{name}").STUDY
    conditions = study.resolved(study)
    read = searches.conditions(study.study.search, conditions)
    trained = {one.name: conditions[one.training] for one in read}
    for (a, b), (c, d) in study.contrasts.values():
        heads = [trained[condition].head_name for condition in (a, b, c, d)]
        assert heads == ["ctc", "attention"] * 2
    assert study.contrasts


def test_longer_texts_are_compared_on_lines_longer_than_any_that_was_trained_on():
    study = importlib.import_module("experiments.length_extrapolation").STUDY
    trained = {one.data.max_length for one in study.resolved(study).values()}
    assert trained == {0, study.study.longer_than}
