from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction, RateFigures
from ocr_tf.metrics.error_rates import measure
from ocr_tf.study.comparison import statistics
from ocr_tf.study.comparison.results import grouped, join
from ocr_tf.study.report import verdict_text
from tests.study import fake

REFERENCES = {"x/1": "haus", "x/2": "maus", "x/3": "", "x/4": "aal"}
READ = {
    ("ctc", 0): ["haus", "mau", "", "al"],
    ("ctc", 1): ["hau", "maus", "e", "aal"],
    ("attention", 0): ["haus", "maus", "", "aaal"],
    ("attention", 1): ["Haus", "maus", "", ""],
}


def write(folder, texts, ids=tuple(REFERENCES), finished=True, references=REFERENCES):
    read = [Prediction(i, t, references[i], -0.5) for i, t in zip(ids, texts)]
    rates = RateFigures.from_rates(measure((p.reference, p.text) for p in read))
    results = EvaluationResults(folder.name, ("lines.tsv",), "f", rates, finished=finished)
    predictions.write(folder, results, read)
    return folder


@pytest.fixture
def folders(tmp_path):
    made: dict = {}
    for (condition, seed), texts in READ.items():
        ids = list(REFERENCES)
        if seed:  # the order of lines in a file means nothing
            ids, texts = ids[::-1], texts[::-1]
        folder = write(tmp_path / f"{condition}{seed}", texts, ids)
        made.setdefault(condition, {})[seed] = folder
    return made


def test_lines_are_joined_by_id(folders):
    grid = join(folders)
    assert grid.ids == list(REFERENCES) and grid.references == list(REFERENCES.values())
    for condition in ("ctc", "attention"):
        assert grid.texts(condition) == [READ[condition, 0], READ[condition, 1]]
        assert grid.seeds(condition) == [0, 1]


def test_lines_that_are_not_long_enough_are_not_compared(folders):
    grid = join(folders, longer_than=3)
    assert grid.ids == ["x/1", "x/2"] and grid.longer_than == 3
    assert grid.texts("ctc") == [["haus", "mau"], ["hau", "maus"]]
    others = {join(folders, longer_than=n).fingerprint for n in (0, 2, 3)}
    assert len(others) == 3  # and 2 has another than none, which leaves out the empty line
    with pytest.raises(InputError, match="--study.longer_than=4: no test line has more symbols"):
        join(folders, longer_than=4)
    report = fake.answer(grid)
    assert report.test_set.longer_than == 3
    assert verdict_text.size(report) == "2 lines of more than 3 symbols and 2 seeds of each"


def test_errors_of_each_metric(folders):
    grid = join(folders)
    np.testing.assert_array_equal(grid.errors("ctc", "cer"), [[0, 1, 0, 1], [1, 0, 1, 0]])
    np.testing.assert_array_equal(grid.errors("attention", "cer"), [[0, 0, 0, 1], [1, 0, 0, 3]])
    np.testing.assert_array_equal(grid.errors("attention", "exact"), [[0, 0, 0, 1], [1, 0, 0, 1]])
    expected = [[0, 0, 0, 1 / 4], [1 / 4, 0, 0, 1]]
    np.testing.assert_allclose(grid.errors("attention", "one_minus_ned"), expected)
    assert grid.lengths("cer").tolist() == [4, 4, 0, 3]
    assert grid.lengths("exact").tolist() == [1, 1, 1, 1]


def test_normalization_applies_to_both_sides(folders):
    grid = join(folders, normalization="alphanumeric")
    assert grid.errors("attention", "cer")[1].tolist() == [0, 0, 0, 3]


def test_missing_and_extra_lines_are_refused_by_name(folders, tmp_path):
    ids = ["x/1", "x/2", "x/4", "x/9"]
    references = {**REFERENCES, "x/9": "neu"}
    folders["attention"][1] = write(tmp_path / "other", ["a"] * 4, ids, references=references)
    with pytest.raises(InputError) as refused:
        join(folders)
    assert "lacks 1 (x/3) and adds 1 (x/9)" in str(refused.value)
    assert "--lines=intersection" in str(refused.value)
    grid = join(folders, accept_intersection=True)
    assert grid.ids == ["x/1", "x/2", "x/4"] and grid.left_out == 2


def test_other_references_an_unfinished_run_and_no_evaluation_are_refused(folders, tmp_path):
    wrong = {**REFERENCES, "x/2": "laus"}
    kept = folders["ctc"][1]
    folders["ctc"][1] = write(tmp_path / "wrong", ["a"] * 4, references=wrong)
    with pytest.raises(InputError, match="line x/2 has reference 'laus' here and 'maus'"):
        join(folders)
    folders["ctc"][1] = write(tmp_path / "unfinished", ["a"] * 4, finished=False)
    with pytest.raises(InputError, match="unfinished.*had not finished"):
        join(folders)
    folders["ctc"][1] = tmp_path / "nothing"
    with pytest.raises(InputError, match="nothing: no evaluation"):
        join(folders)
    folders["ctc"][1] = kept
    assert len(join(folders).ids) == 4


def test_groups_are_what_a_pattern_finds_in_ids(folders):
    assert join(folders).groups is None
    ids = ["book/p1_a.png", "book/p1_b.png", "book/p2_a.png"]
    assert grouped(ids, r"p\d") == ("p1", "p1", "p2")
    assert grouped(ids, r"_(.)\.png") == ("a", "b", "a")
    for pattern, said in (("(", "no regular"), ("p2", "line book/p1_a"), ("book", "one group")):
        with pytest.raises(InputError, match=f"--groups=.*{said}"):
            grouped(ids, pattern)


def test_a_line_told_twice_in_one_group_says_nothing_more():
    once = fake.grid(lines=30, seeds=2)
    twice = dataclasses.replace(
        once,
        ids=[*once.ids, *(f"{name}/again" for name in once.ids)],
        references=once.references * 2,
        cells={
            name: [cell._replace(predictions=cell.predictions * 2) for cell in row]
            for name, row in once.cells.items()
        },
        groups=tuple(once.ids * 2),
    )
    (expected,), (found,) = (statistics.comparisons(grid, "cer") for grid in (once, twice))
    for key in ("value", "low", "high", "p", "df", "units"):
        for target in ("recipes", "models"):
            one, other = (getattr(getattr(of, target), key) for of in (expected, found))
            assert other == pytest.approx(one, rel=1e-9)
    assert expected.mcnemar and not found.mcnemar
    assert found.more.lines.units == expected.more.lines.units
    said = verdict_text.verdict(fake.answer(twice))
    assert "60 lines in 30 groups" in said.lead and "N = 30 groups" in said.targets[0].meaning


def test_one_line_is_no_test_set(tmp_path):
    folder = write(tmp_path / "one", ["haus"], ["x/1"])
    with pytest.raises(InputError, match="1 test line in common; a comparison needs two or more"):
        join({"ctc": {0: folder}, "attention": {0: folder}})


def damaged(folder, name, how):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(how(content))


@pytest.mark.parametrize(
    "name, how, said",
    [
        ("results.json", lambda c: c[:20], "results.json: damaged; delete it and evaluate again"),
        ("predictions.jsonl", lambda c: c[:-20], "predictions.jsonl:4: not JSON .*evaluate again"),
        ("predictions.jsonl", lambda c: c[: c.rfind(b"{")], "holds 3 of the 4 lines"),
        ("predictions.jsonl", lambda c: b"", "holds no predictions.*evaluate again"),
    ],
)
def test_a_damaged_evaluation_is_no_smaller_one(folders, name, how, said):
    damaged(folders["ctc"][1], name, how)
    with pytest.raises(InputError, match=said):
        join(folders, accept_intersection=True)


def test_where_there_is_no_evaluation_those_that_there_are_are_named(tmp_path):
    write(tmp_path / "evaluations" / "last", ["a"] * 4)
    with pytest.raises(
        InputError, match="no evaluation; measure it first.*or compare by --name=last"
    ):
        join({"ctc": {0: tmp_path / "evaluations" / "test"}})


def test_other_images_under_the_same_ids_are_refused(folders):
    damaged(folders["attention"][0], "results.json", lambda c: c.replace(b'"f"', b'"g"'))
    with pytest.raises(
        InputError, match="attention0: was measured on other images of the lines of"
    ):
        join(folders)


def test_what_an_intersection_leaves_has_a_fingerprint_of_its_own(folders, tmp_path):
    whole = join(folders).fingerprint
    found = {whole}
    for left in (["x/1", "x/2", "x/4"], ["x/1", "x/2"]):
        folders["attention"][1] = write(tmp_path / str(len(left)), ["a"] * len(left), left)
        found.add(join(folders, accept_intersection=True).fingerprint)
    assert len(found) == 3
