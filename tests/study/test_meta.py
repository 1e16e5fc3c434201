"""A meta-study of studies that nobody trained: what it says, shows and writes, and what it refuses."""

from __future__ import annotations

import csv
import dataclasses
import json

import numpy as np
import pytest

from ocr_tf.errors import InputError
from ocr_tf.metrics.paired.meta_analysis import random_effects
from ocr_tf.study import compare
from ocr_tf.study.config import Compare
from ocr_tf.study.report import as_json, read_json
from tests.study import fake


def study(folder, key, steps=0.4, seeds=3, conditions=("ctc", "attention"), lines=60, **answer):
    """A study's folder as far as a meta-study reads it."""
    grid = fake.grid(lines=lines, seeds=seeds, conditions=conditions, step=steps, key=key)
    grid = dataclasses.replace(grid, fingerprint=f"{key:064x}")
    report = fake.answer(grid, **answer)
    (folder / "report").mkdir(parents=True)
    (folder / "study.json").write_text("{}")
    (folder / "report" / "report.json").write_text(as_json.dump(report))
    return report


@pytest.fixture
def studies(tmp_path):
    """Three of them, by folder."""
    names = ("plates", "books", "letters")
    return {str(tmp_path / name): study(tmp_path / name, key) for key, name in enumerate(names)}


def run(tmp_path, *paths, **config):
    output = tmp_path / "meta"
    compare.run(Compare(output=str(output), **config), [str(path) for path in paths])
    return json.loads((output / "report.json").read_bytes())


def refused(tmp_path, *paths, **config):
    with pytest.raises(InputError) as error:
        run(tmp_path, *paths, **config)
    assert not (tmp_path / "meta").exists() and "\n" not in str(error.value)
    return str(error.value)


def test_a_report_is_read_as_it_was_computed(studies):
    for path, report in studies.items():
        said = read_json.read(fake.Path(path) / "report" / "report.json")
        assert said.recipes == report.headline.recipes
        assert said.conditions == ("ctc", "attention") and said.failures == ()


def test_the_summary_is_of_the_studies_differences(tmp_path, studies, capsys):
    told = run(tmp_path, *studies)
    recipes = [report.headline.recipes for report in studies.values()]
    expected = random_effects([r.value for r in recipes], [r.variance for r in recipes])
    assert told["across"]["summary"] == pytest.approx(dataclasses.asdict(expected))
    said = capsys.readouterr().out
    assert f"{100 * expected.low:+.2f} to {100 * expected.high:+.2f} pp" in said
    assert "3 data sets say little about others" in said
    page = (tmp_path / "meta" / "report.html").read_text()
    for name in ("plates", "books", "letters", "a new set", "mean of such sets"):
        assert name in page
    with open(tmp_path / "meta" / "tables" / "studies.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["difference"]) for row in rows] == [r.value for r in recipes]
    assert (tmp_path / "meta" / "figures" / "studies.png").stat().st_size > 5000


def test_a_study_of_failed_trainings_is_named_and_shows_nothing(tmp_path, studies, capsys):
    study(tmp_path / "stuck", 9, steps=3.0, failed={"attention": (0, 1, 2)})
    with_it = run(tmp_path, *studies, tmp_path / "stuck")["across"]
    assert (
        "stuck is left out of the summary: attention did not align under 3 of 3 seeds"
        in capsys.readouterr().out
    )
    without = run(tmp_path, *studies)["across"]
    assert with_it["summary"] == without["summary"]
    assert (with_it["a_better"]["sets"], without["a_better"]["sets"]) == (4, 3)
    assert with_it["a_better"]["which"] == without["a_better"]["which"]
    assert "flatters the head that failed" not in (tmp_path / "meta" / "report.html").read_text()


def test_studies_of_one_seed_have_no_summary_yet(tmp_path, capsys):
    for key in (1, 2):
        study(tmp_path / f"s{key}", key, seeds=1)
    told = run(tmp_path, tmp_path / "s1", tmp_path / "s2")["across"]
    assert told["summary"] is None and told["a_better"]["independent"] == 0
    said = capsys.readouterr().out
    assert "No summary: A summary takes two data sets with an interval; there is none." in said
    assert "s1 is left out of the summary: ctc has one seed" in said


def test_a_difference_on_every_set_is_counted_on_every_set(tmp_path, capsys):
    paths = [tmp_path / f"s{key}" for key in range(3)]
    for key, path in enumerate(paths):
        study(path, key, steps=2.5, lines=150)
    told = run(tmp_path, *paths)["across"]
    assert told["a_better"]["dependent"] == 3 and told["b_better"]["independent"] == 0
    said = capsys.readouterr().out
    assert "ctc makes fewer errors on at least 3 of 3 data sets (Fisher)" in said
    assert np.isfinite(told["summary"]["new_low"])


def test_what_is_no_meta_study_is_refused(tmp_path, studies):
    first, second, _ = studies
    study(tmp_path / "other", 5, conditions=("ctc", "transformer"))
    said = refused(tmp_path, first, tmp_path / "other")
    assert "compares ctc, transformer" in said and "studies of the same conditions" in said
    assert "one study" in refused(tmp_path, first)
    assert "was tested on the lines of" in refused(tmp_path, first, first)
    assert "by --study.metric=cer, not exact; give --metric=cer" in refused(
        tmp_path, first, second, metric="exact"
    )
    assert "--groups: for runs" in refused(tmp_path, first, second, groups="x")
    assert "is none; name studies alone" in refused(tmp_path, first, tmp_path / "run")


@pytest.mark.parametrize(
    "text, said",
    [
        (None, "cannot be read; give the study's command again"),
        ("{", "damaged"),
        ('{"schema_version": 1, "comparisons": {"best": [{}]}}', "its schema is version 1"),
        ('{"schema_version": 3, "comparisons": {}}', "compares nothing"),
    ],
)
def test_a_report_that_cannot_be_used_is_named(tmp_path, studies, text, said):
    first, second, _ = studies
    path = fake.Path(second) / "report" / "report.json"
    path.unlink() if text is None else path.write_text(text)
    assert refused(tmp_path, first, second).startswith(str(path)) and said
    assert said in refused(tmp_path, first, second)
