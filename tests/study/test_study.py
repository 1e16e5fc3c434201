"""A study as a whole: killed at any moment it ends in the same report; what is added trains only itself."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_tf.atomic import TEMPORARY
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.runs import predictions
from ocr_tf.study import command, compare, scheduler
from ocr_tf.study.comparison import tuning
from ocr_tf.study.comparison.tuning import Range, Trial, Tuned
from ocr_tf.study.config import RATE
from tests.study import tiny

ROOT = Path(__file__).parents[2]
BOTH = "ctc,attention"


# Killed


def start(folder, *argv):
    """The command, in a folder of its own and under a path that is the same in each."""
    folder.mkdir(exist_ok=True)
    with open(folder / "said", "ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.study.tiny", BOTH, "--workdir=study", *argv],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


TIMED = "timing", "when", "sha256"


def untimed(value):
    """A JSON value without what is measured, dates and the hash of the plan, which is dated."""
    if isinstance(value, dict):
        return {key: untimed(of) for key, of in value.items() if key not in TIMED}
    return [untimed(of) for of in value] if isinstance(value, list) else value


def report(folder):
    return untimed(json.loads((folder / "study" / "report" / "report.json").read_bytes()))


def finish(folder):
    assert start(folder).wait() == 0, (folder / "said").read_text()


LAST = "attention/seed-1/evaluations/last/results.json"

# Within how many seconds of the appearance of what the process is killed. Comparing takes long, and
# begins anew each time: there it is a share of what the unbroken study took.
MOMENTS = (
    ("", 12),  # before the first training
    ("ctc/seed-0/run.json", 8),
    ("ctc/seed-0/metrics.jsonl", 2),
    ("ctc/seed-0/checkpoints/step-00000024.npz", 5),  # evaluating
    ("attention/seed-0/metrics.jsonl", 2),
    ("attention/seed-0/evaluations/best/results.json", 1),
    ("attention/seed-1/checkpoints/step-00000024.npz", 5),
    (LAST, None),
    ("report/tables", 0.5),
)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_report(tmp_path):
    finish(tmp_path / "unbroken")
    study = tmp_path / "unbroken" / "study"
    comparing = (study / "report" / "report.html").stat().st_mtime - (study / LAST).stat().st_mtime
    draw, codes = random.Random(0), []
    for sign, within in MOMENTS:
        child = start(tmp_path / "killed")
        while child.poll() is None and not (tmp_path / "killed" / "study" / sign).exists():
            time.sleep(0.01)
        time.sleep(draw.uniform(0, comparing if within is None else within))
        child.kill()
        codes.append(child.wait())
    # It may have been done with the report first.
    assert codes[:-2] == [-signal.SIGKILL] * (len(MOMENTS) - 2)
    finish(tmp_path / "killed")
    assert report(tmp_path / "killed") == report(tmp_path / "unbroken")
    assert not list((tmp_path / "killed").rglob(f"*{TEMPORARY}"))


# Grown


class Quick:
    """A study whose runs take no time and whose comparison is only noted."""

    def __init__(self, workdir, monkeypatch):
        self.workdir, self.compared = workdir, []
        monkeypatch.setattr(scheduler, "WORKER", "tests.study.quick_worker")
        monkeypatch.setattr(compare, "study", self._compare)

    def run(self, conditions, *argv):
        study = tiny.study(conditions)
        given = flags.parse(study, argv, program="p", description="d").config
        command.run(study, given, self.workdir)

    def _compare(self, folder, given, conditions):
        self.compared.append((list(conditions), given.study.seeds))
        folder.report_path.mkdir(exist_ok=True)
        (folder.report_path / "report.html").write_text("x")
        return [f"the answer of {given.study.seeds} seeds"]

    def started(self, condition):
        """Its runs, one for each start; those that train side by side start in either order."""
        rows = (self.workdir / condition / "starts").read_text().splitlines()
        return sorted(row.split()[0] for row in rows)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    return Quick(tmp_path / "study", monkeypatch)


def test_a_seed_and_a_condition_that_are_added_train_only_themselves(quick):
    quick.run(BOTH)
    pinned = (quick.workdir / "lines.txt").read_bytes()
    quick.run(BOTH, "--study.seeds=3")
    assert quick.started("ctc") == quick.started("attention") == ["seed-0", "seed-1", "seed-2"]
    quick.run("ctc,attention,slower", "--study.seeds=3")
    quick.run("attention,slower", "--study.seeds=2")
    for condition in ("ctc", "attention", "slower"):
        assert quick.started(condition) == ["seed-0", "seed-1", "seed-2"]
    assert (quick.workdir / "lines.txt").read_bytes() == pinned
    assert quick.compared == [
        (["ctc", "attention"], 2),
        (["ctc", "attention"], 3),
        (["ctc", "attention", "slower"], 3),
        (["attention", "slower"], 2),
    ]


def test_a_finished_study_keeps_its_report(quick, capsys, monkeypatch):
    for seeds in (2, 2, 3, 3):
        quick.run(BOTH, f"--study.seeds={seeds}")
    assert [seeds for _, seeds in quick.compared] == [2, 3]
    kept = "nothing has changed: the report is up to date"
    said = capsys.readouterr().out.splitlines()
    assert said == ["the answer of 2 seeds", kept, "the answer of 3 seeds", kept]


def test_a_report_that_was_not_finished_is_made_anew(quick, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    quick.run(BOTH)
    with monkeypatch.context() as patch:
        patch.setattr(compare, "study", killed)
        with pytest.raises(KeyboardInterrupt):
            quick.run(BOTH, "--study.seeds=3")
    quick.run(BOTH)  # what the other one has overwritten is not looked at
    assert [seeds for _, seeds in quick.compared] == [2, 2]


def test_a_study_that_was_killed_before_it_was_one_pins_anew(quick, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(command.StudyFolder, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            quick.run(BOTH, "--data.train=synthetic:words:count=30")
    (quick.workdir / f".study.json.1{TEMPORARY}").write_text("half")
    quick.run(BOTH)
    assert (quick.workdir / "alphabet.txt").read_text().split() == list("0123456789")
    assert not list(quick.workdir.rglob(f".*{TEMPORARY}"))


def test_runs_with_and_without_a_searched_rate_are_not_mixed(quick):
    quick.run(BOTH)
    quick.workdir.joinpath("ctc", "seed-0", "run.json").write_text("{}")
    with pytest.raises(InputError, match="started with --study.tune=0, not 3: give the same, or"):
        quick.run(BOTH, "--study.tune=3")
    (quick.workdir / "tune").mkdir()
    trial = Trial({RATE: 0.1}, 0.5)
    one = Tuned(1, 1, {RATE: Range(0.01, 1, True)}, trial, (trial,) * 3)
    tuned = {c: one for c in ("ctc", "attention")}
    (quick.workdir / "tune" / "tuned.json").write_text(tuning.dump(tuned))
    with pytest.raises(InputError, match="started with --study.tune=3, not 0"):
        quick.run(BOTH, "--study.seeds=3")
    assert len(quick.compared) == 1


def test_with_another_search_every_run_is_evaluated_again(quick):
    quick.run(BOTH)
    quick.run(BOTH, "--study.search=beam:4")
    assert quick.started("ctc") == ["seed-0", "seed-0", "seed-1", "seed-1"]
    results = predictions.results(quick.workdir / "ctc" / "seed-1" / "evaluations" / "best")
    assert results.search == "beam:width=4"
    quick.run(BOTH, "--study.search=beam:width=4,best=1")
    assert quick.started("ctc") == ["seed-0", "seed-0", "seed-1", "seed-1"]
    with pytest.raises(InputError, match="--study.search=bean: the searches are"):
        quick.run(BOTH, "--study.search=bean")


def test_one_training_is_trained_once_and_read_by_every_search(quick):
    quick.run("ctc", "--study.search=greedy;beam:4")
    assert quick.started("ctc") == ["seed-0", "seed-1"] and len(quick.compared) == 1
    with pytest.raises(InputError, match="needs two conditions"):
        quick.run("ctc")


def test_a_search_that_is_added_only_reads_again(quick):
    quick.run(BOTH)
    quick.run(BOTH, "--study.search=greedy;beam:4")
    evaluations = quick.workdir / "ctc" / "seed-1" / "evaluations"
    found = {path.name: predictions.results(path).search for path in evaluations.iterdir()}
    beam = "beam:width=4"
    assert found == {"best": "greedy", "last": "greedy", "best-2": beam, "last-2": beam}
    assert quick.started("ctc") == ["seed-0", "seed-0", "seed-1", "seed-1"]
    quick.run(BOTH, "--study.search=greedy; beam:width=4")
    assert quick.started("ctc") == ["seed-0", "seed-0", "seed-1", "seed-1"]
