from __future__ import annotations

import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import load_lines
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import evaluate, tune_search
from ocr_tf.experiment.inference.config import Evaluate, TuneSearch
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.experiment.inference.validation_lines import load_validation_lines
from ocr_tf.experiment.runs.predictions import results
from ocr_tf.experiment.runs.run_folder import SeenLine
from ocr_tf.language import arpa, kneser_ney
from tests.experiment import untrained

EVERY = 4  # so many lines of which one is a validation line


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    """A run that was trained on some lines and selected on others, as its record says."""
    path = tmp_path_factory.mktemp("tune") / "run"
    trained = untrained.write(path, "ctc", Alphabet("0123456789"))
    lines = load_lines(open_sources(trained.experiment.data.train), trained.geometry)
    trained.folder.remember_lines(
        SeenLine("train" if i % EVERY else "val", bytes([1] * 32), int(lines.pixels[i]), name)
        for i, name in enumerate(lines.ids)
    )
    return trained


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("model") / "model.arpa"
    arpa.write(kneser_ney.estimate([list("0123"), list("456789"), list("98")] * 3, 2), path)
    return str(path)


def test_bars_part_the_values_of_an_option():
    names, found = tune_search.alternatives("lm:a.arpa,width=4,lm_weight=0.2|1,bonus=0|1")
    assert names == ["lm_weight", "bonus"]
    assert found["1", "0"] == "lm:a.arpa,width=4,lm_weight=1,bonus=0" and len(found) == 4
    names, found = tune_search.alternatives("beam:2|4")
    assert names == ["option 1"] and list(found.values()) == ["beam:2", "beam:4"]


def test_a_model_alone_is_tried_with_usual_weights():
    names, found = tune_search.alternatives("lm:a.arpa")
    assert names == ["lm_weight", "bonus"] and len(found) == 20
    names, found = tune_search.alternatives("beam:8,lm=a.arpa,bonus=1")
    assert names == ["lm_weight"] and found["0.2",] == "beam:8,lm=a.arpa,bonus=1,lm_weight=0.2"


@pytest.mark.parametrize(
    "text, said",
    [
        ("beam:8", "one search, nothing to choose"),
        ("greedy", "one search, nothing to choose"),
        ("beam:" + "|".join(map(str, range(1, 300))), "299 searches; at most 200"),
        ("beam:2|x", "width is a whole number, not 'x'"),
        ("beem:2|3", "did you mean beam"),
    ],
)
def test_a_wrong_choice_is_told_in_a_line(trained, text, said):
    with pytest.raises(InputError, match=said):
        tune_search.run(TuneSearch(), str(trained.folder.path), text)


def test_the_best_on_the_validation_lines_is_named(trained, model, capsys):
    text = f"lm:{model},width=3,lm_weight=0|0.5|3,bonus=0|9"
    best = tune_search.run(TuneSearch(), str(trained.folder.path), text)
    said = capsys.readouterr()
    table = [line.split() for line in said.out.splitlines()[2:-1]]
    assert len(table) == 6 and f"best: --search={best}" in said.out
    rates = [float(row[2].rstrip("%")) for row in table]
    assert rates == sorted(rates) and len(set(rates)) > 1
    if table[0][0] in ("0", "3"):
        assert "is at the edge of what was tried" in said.err


def test_the_lines_are_those_that_the_run_was_selected_on(trained):
    lines = load_validation_lines(trained, "choosing", 1000)
    roles = {line.id: line.role for line in trained.folder.lines()}
    ids = list(lines.ids)
    assert {roles[name] for name in ids} == {"val"}
    assert len(ids) == sum(role == "val" for role in roles.values()) == 11
    some = load_validation_lines(trained, "choosing", 3)
    assert [ids.index(name) for name in some.ids] == [0, 5, 10]


def test_a_search_reads_here_what_evaluation_reads(trained, model, tmp_path, capsys):
    """The same lines, from a file of their own, give the same rate."""
    lines = load_validation_lines(trained, "choosing", 1000)
    rows = []
    for i, text in enumerate(lines.texts):
        (tmp_path / f"{i}.png").write_bytes(lines.read(i))
        rows.append(f"{i}.png\t{text}\n")
    (tmp_path / "labels.tsv").write_text("".join(rows))
    path = trained.folder.path
    seen = (path / "lines.tsv").read_bytes()
    best = tune_search.run(TuneSearch(), str(path), f"lm:{model},width=2,lm_weight=0.3|1")
    said = capsys.readouterr().out.splitlines()
    (path / "lines.tsv").write_bytes(seen.splitlines(keepends=True)[1])  # or they would be refused
    try:
        data = type(Evaluate().data)((str(tmp_path / "labels.tsv"),))
        evaluate.run(Evaluate(search=best, data=data), str(path), quiet=True)
    finally:
        (path / "lines.tsv").write_bytes(seen)
    found = results(path / "evaluations" / "test")
    assert f"{100 * found.rates.cer:.2f}%" == said[2].split()[1]


def test_changed_validation_lines_are_refused(trained):
    path = trained.folder.path / "lines.tsv"
    before = path.read_bytes()
    try:
        rows = before.decode().splitlines(keepends=True)
        cells = rows[0].split("\t")  # of a validation line
        changed = [c[::-1] if len(c) == 16 else c for c in cells]
        path.write_text("".join(["\t".join(changed), *rows[1:]]))
        with pytest.raises(InputError, match="is not the one that"):
            load_validation_lines(trained, "choosing", 1000)
    finally:
        path.write_bytes(before)
