"""Studies of several data sets in rounds: balanced, resumed, and none stopped by another's failure."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.study import compare, rounds, scheduler
from ocr_tf.study.rounds import DataSet, Rounds
from tests.study import tiny

SETS = {
    name: DataSet(
        {head: tiny.EXPERIMENTS[head] for head in ("ctc", "attention")},
        (f"{name}/train.tsv",),
        (f"{name}/test.tsv",),
    )
    for name in ("plates", "books")
}


@pytest.fixture
def root(tmp_path):
    generator = np.random.default_rng(0)
    for name in SETS:
        folder = tmp_path / "lines" / name
        folder.mkdir(parents=True)
        for part, count in (("train", 20), ("test", 3)):
            rows = []
            for i in range(count):
                pixels = generator.integers(0, 256, (24, 60), np.uint8)
                (folder / f"{part}{i}.png").write_bytes(encode_png(pixels))
                rows.append(f"{part}{i}.png\t{i}{i + 1}\n")
            (folder / f"{part}.tsv").write_text("".join(rows))
    return tmp_path


@pytest.fixture
def compared(root, monkeypatch):
    """The study and the seeds of every report that is made, in their order; runs take no time."""
    made = []

    def compare_study(folder, given, conditions):
        made.append((given.name, given.study.seeds))
        folder.report_path.mkdir(exist_ok=True)
        (folder.report_path / "report.html").write_text("x")
        return ["the answer"]

    monkeypatch.setattr(scheduler, "WORKER", "tests.study.quick_worker")
    monkeypatch.setattr(compare, "study", compare_study)
    return made


def run(root, *argv, sets=SETS):
    given = flags.parse(
        Rounds("everywhere"),
        [f"--workdir={root / 'runs'}", f"--data.root={root / 'lines'}", *argv],
        program="p",
        description="d",
    ).config
    rounds.run(sets, given)


def test_every_set_gets_a_seed_before_any_gets_the_next(root, compared):
    run(root, "--study.seeds=2")
    assert compared == [("plates", 1), ("books", 1), ("plates", 2), ("books", 2)]


def test_after_each_round_the_reports_are_summarized(root, compared, monkeypatch):
    real, made = compare.study, []

    def with_numbers(folder, given, conditions):
        lines = real(folder, given, conditions)
        if given.name == "books" or given.study.seeds > 1:  # the first has none in the first round
            (folder.report_path / "report.json").write_text("{}")
        return lines

    monkeypatch.setattr(compare, "study", with_numbers)
    monkeypatch.setattr(rounds.meta, "run", lambda _, paths, output: made.append((paths, output)))
    run(root, "--study.seeds=2")
    runs = root / "runs"
    assert made == [([str(runs / "plates"), str(runs / "books")], runs / "report")]


def test_given_again_it_goes_on_and_takes_no_seed_away(root, compared):
    run(root, "--study.seeds=1")
    run(root, "--study.seeds=3", sets={"plates": SETS["plates"]})
    run(root, "--study.seeds=2")
    assert compared == [("plates", 1), ("books", 1), ("plates", 2), ("plates", 3), ("books", 2)]
    starts = (root / "runs" / "plates" / "ctc" / "starts").read_text().splitlines()
    assert sorted(row.split()[0] for row in starts) == ["seed-0", "seed-1", "seed-2"]


def test_a_study_that_fails_does_not_stop_the_others(root, compared, monkeypatch):
    real = compare.study

    def fails(folder, given, conditions):
        if given.name == "plates":
            raise InputError("the disk is gone")
        return real(folder, given, conditions)

    monkeypatch.setattr(compare, "study", fails)
    with pytest.raises(InputError, match="1 of 2 studies failed; plates: the disk is gone"):
        run(root, "--study.seeds=2")
    assert compared == [("books", 1), ("books", 2)]


def test_bad_data_of_the_last_set_is_said_before_the_first_is_trained(root, compared):
    (root / "lines" / "books" / "test.tsv").unlink()
    with pytest.raises(InputError, match="books/test.tsv: cannot read"):
        run(root)
    assert compared == [] and not (root / "runs").exists()


@pytest.mark.parametrize(
    "argv, said",
    [
        ([], "--workdir is missing: .*--workdir=runs/everywhere"),
        (["--workdir=r"], "--data.root is missing"),
        (["--workdir=r", "--data.root=l", "--sets=book"], "no data set book .did you mean books"),
    ],
)
def test_wrong_flags_are_one_line(argv, said, capsys):
    with pytest.raises(SystemExit) as ended:
        rounds.main("everywhere", SETS, "", argv)
    error = capsys.readouterr().err
    assert ended.value.code == 2 and re.search(said, error) and error.count("\n") == 1
